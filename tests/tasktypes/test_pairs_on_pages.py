"""Pages of a project that compares texts: words in place of values, and the columns of a file."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from annotator.errors import Invalid
from annotator.flow.labels import naming
from annotator.flow.operations import background_reports
from annotator.flow.projects import settings
from annotator.flow.queue import leasing
from annotator.messages import labelling
from annotator.models import Import, Item, Membership, Project, Role, User
from annotator.views.items_table import items_table
from tests import loop
from tests.tasktypes.test_pairs import fill, label

pytestmark = pytest.mark.django_db

# A value by itself, as an element of a page or an attribute that is read out.
BARE = re.compile(r">\s*(?:a|b|tie)\s*<|\btie\b|(?:Predicted|Saved|label): (?:a|b|tie)\b")
IN_WORDS = ("A is better", "B is better", "Equal")
IN_GERMAN = ("A ist besser", "B ist besser", "Gleich gut")


@pytest.fixture
def project(olga: User, ana: User, ben: User, lea: User) -> Project:
    made = settings.create_project(
        olga, name="Replies", task="text-pairs", seed=3, batch_size=8, overlap=2
    )
    for user, role in ((ana, Role.ANNOTATOR), (ben, Role.ANNOTATOR), (lea, Role.LEAD)):
        Membership.objects.create(project=made, user=user, role=role)
    return made


@pytest.fixture
def learnt(project: Project, ana: User, ben: User) -> Project:
    """A project in which two people answered differently, with a model."""
    fill(project, 60)
    loop.make_features(project)
    label(project, ana, 40)
    for number in range(40):
        loop.answer(leasing.lease_next(project, ben), [("a", "b", "tie")[number % 3]])
    loop.go_round(project)
    background_reports.make_all(project.pk)
    return project


def page(user: User, name: str, project: Project, **more: Any) -> str:
    client = Client()
    client.force_login(user)
    found = client.get(reverse(name, args=[project.pk]), more.pop("query", None), **more)
    assert found.status_code == 200
    return found.content.decode()


def test_pages_show_words_in_the_readers_language_and_no_bare_values(
    learnt: Project, olga: User
) -> None:
    names = ["dashboard", "items", "quality", "disagreements", "map", "summary", "settings"]
    english = {name: page(olga, name, learnt) for name in [*names, "label:desk"]}
    bare = {name: BARE.findall(readable(english[name])) for name in names}
    assert not any(bare.values()), bare
    for name in ("items", "quality", "disagreements", "map", "label:desk"):
        assert any(words in english[name] for words in IN_WORDS), name
        german = page(olga, name, learnt, headers={"Accept-Language": "de"})
        assert any(words in german for words in IN_GERMAN), name


def test_lists_tell_one_text_from_the_other(project: Project, olga: User) -> None:
    loop.bring_in(project, "pairs.csv", "a,b\nhello there,bye there\n")
    item = Item.objects.get(project=project)
    shown = page(olga, "items", project, query={"q": "bye"})
    assert "<b>A</b> hello there" in shown
    assert "<b>B</b> <mark>bye</mark> there" in shown
    assert items_table([], [{"item": item.pk}], lambda _row: [])["rows"][0]["text"] == [
        ("A: hello there · B: bye there", False)
    ]


def test_settings_offer_nothing_that_needs_a_rare_label(project: Project, olga: User) -> None:
    shown = page(olga, "settings", project)
    assert 'value="margin"' in shown
    assert 'value="macro_f1"' in shown
    assert 'value="rare"' not in shown
    assert 'value="recall"' not in shown


@pytest.mark.parametrize("tail", ["bulk", "simulations"])
def test_missing_page_says_why_and_no_more(project: Project, lea: User, tail: str) -> None:
    client = Client()
    client.force_login(lea)
    shown = client.get(f"/projects/{project.pk}/{tail}").content.decode()
    assert "available for this task type." in shown
    assert "ask them to add you" not in shown
    elsewhere = client.get("/projects/99/").content.decode()
    assert "ask them to add you" in elsewhere


def test_reason_is_told_in_words_with_numbers_as_people_write_them(project: Project) -> None:
    one, _other, tie = project.labels.all()
    stored = (
        f"The model hesitates between {naming.mark(one)} (54\u202f%) and {naming.mark(tie)} (42 %)."
    )
    assert naming.words(project, stored) == (
        "The model hesitates between A is better (54%) and Equal (42%)."
    )
    assert "between a (54" in naming.untranslated(project, stored)


def readable(shown: str) -> str:
    """Return a page without its scripts, and without the values of its forms."""
    return re.sub(r"<script.*?</script>|value=\"[^\"]*\"", "", shown, flags=re.DOTALL)


def test_gold_answer_is_told_in_words(project: Project) -> None:
    told = {"labels": ["a"], "source": "gold", "known": ["tie"]}
    assert labelling.saved_words(project, told) == (
        "Saved: A is better. That was a gold item. The correct answer is Equal."
    )


# Columns of a file -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names", ["response_1,response_2", "Answer A,Answer B", "sentence1,sentence2", "TextA,TextB"]
)
def test_usual_names_of_columns_are_found(project: Project, names: str) -> None:
    loop.bring_in(project, "pairs.csv", f"id,{names}\n1,hello,bye\n")
    assert Item.objects.get(project=project).content == {"a": "hello", "b": "bye"}


def test_columns_with_other_names_are_named(project: Project) -> None:
    named = {"a": "mine", "b": "theirs"}
    work = loop.bring_in(project, "p.csv", "theirs,mine\nbye,hello\n", part_columns=named)
    assert (work.created, work.part_columns) == (1, named)
    assert Item.objects.get(project=project).content == {"a": "hello", "b": "bye"}


def test_one_column_is_not_both_texts(project: Project) -> None:
    both = {"a": "a", "b": "a"}
    with pytest.raises(Invalid, match="same column"):
        loop.bring_in(project, "p.csv", "a,b\nx,y\n", part_columns=both)


def test_column_of_a_text_is_refused_where_items_have_none(olga: User) -> None:
    texts = settings.create_project(olga, name="Mail", labels=["spam", "ham"])
    with pytest.raises(Invalid, match="“a” isn't a text") as refused:
        loop.bring_in(texts, "t.csv", "text\nx\n", part_columns={"a": "text"})
    assert refused.value.errors[0]["field"] == "a_column"


def test_api_takes_the_names_of_the_columns(project: Project, olga: User, api: Any) -> None:
    file = SimpleUploadedFile("p.csv", b"mine,theirs\nhello,bye\n")
    sent = {"file": file, "a_column": "theirs", "b_column": "mine"}
    answer = api(olga).post(f"/api/v1/projects/{project.pk}/imports", sent, format="multipart")
    assert answer.status_code == 202, answer.content
    assert Import.objects.get().part_columns == {"a": "theirs", "b": "mine"}


def test_form_asks_for_the_two_columns(project: Project, olga: User) -> None:
    shown = page(olga, "imports", project)
    assert [f'name="{name}"' in shown for name in ("a_column", "b_column")] == [True, True]
    assert "text_column" not in shown


def post(user: User, name: str, project: Project, content: bytes, **more: str) -> Any:
    client = Client()
    client.force_login(user)
    file = SimpleUploadedFile("p.csv", content)
    fields = {"file": file, "labels_are": "seed", **more}
    return client.post(reverse(name, args=[project.pk]), fields)


def test_form_stores_the_columns(project: Project, olga: User) -> None:
    content = b"mine,theirs\nhello,bye\n"
    post(olga, "imports", project, content, a_column="mine", b_column="theirs")
    assert Import.objects.get().part_columns == {"a": "mine", "b": "theirs"}


def test_preview_shows_what_becomes_of_the_columns(project: Project, olga: User) -> None:
    rows = "".join(f"{number},first {number},<b>{number}\n" for number in range(25))
    answer = post(olga, "preview_import", project, f"id,text_a,text_b\n{rows}".encode())
    shown = answer.content.decode()
    titles = [shown.index(words) for words in ("Text A column", "Text B column", "ID column")]
    assert titles == sorted(titles)
    assert "first 19" in shown
    assert "first 20" not in shown
    assert "&lt;b&gt;1" in shown
    assert not Import.objects.exists()


def test_preview_tells_a_missing_column_and_which_there_are(project: Project, olga: User) -> None:
    answer = post(olga, "preview_import", project, b"mine,theirs\nhello,bye\n")
    assert "No column found for text A" in answer.content.decode()
    assert "“theirs”" in answer.content.decode()


def test_preview_names_a_row_that_would_be_rejected(project: Project, olga: User) -> None:
    answer = post(olga, "preview_import", project, b"a,b\nhello,\n")
    assert "The text is empty." in answer.content.decode()


def test_preview_of_a_long_file_ends_at_a_whole_row(project: Project, olga: User) -> None:
    cut = b"a,b\n" + b"x" * (256 << 10)
    assert post(olga, "preview_import", project, cut).status_code == 200
    rows = b"a,b\n" + b"hello,bye\n" * 40_000
    shown = post(olga, "preview_import", project, rows[: 256 << 10]).content.decode()
    assert shown.count("hello") == 20
