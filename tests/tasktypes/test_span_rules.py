"""Rules of spans that hold for requests, files and reviews alike."""

import uuid
from typing import Any

import pytest
from django.urls import reverse

from annotator.flow.annotation import adjudicate
from annotator.flow.datasets import export
from annotator.flow.projects import settings
from annotator.flow.quality import report
from annotator.models import Annotation, Disagreement, Item, Membership, Project, Role
from annotator.tasktypes.marks import Mark
from annotator.views.charts.agreement import AGREEMENT
from tests import loop
from tests.tasktypes.test_spans import (
    ANA,
    LI,
    LYON,
    TEXT,
    answer,
    bring_in,
    call,
    lease_of,
    project,
    save,
    spans,
)

pytestmark = pytest.mark.django_db

__all__ = ["project"]

FAMILY = "👨‍👩‍👧"
# Each with the stretch that is asked for, and what it becomes.
HALVES = {
    "half an emoji": (f"a {FAMILY} b", (2, 4), FAMILY),
    "its second half": (f"a {FAMILY} b", (4, 7), FAMILY),
    "half a flag": ("in 🇫🇷 now", (3, 4), "🇫🇷"),
    "skin tone": ("👩🏽‍🚒 x", (0, 1), "👩🏽‍🚒"),
    "letter without its accent": ("Rene\u0301 flew", (0, 4), "Rene\u0301"),
    "accent alone": ("Rene\u0301 flew", (4, 5), "e\u0301"),
    "half a conjunct": ("क्षत्रिय x", (0, 2), "क्ष"),
    "half a line end": ("one\r\ntwo", (0, 4), "one\r\n"),
}


@pytest.mark.parametrize("name", HALVES)
def test_border_within_a_character_takes_all_of_it(
    client: Any, project: Project, ana: Any, name: str
) -> None:
    text, (start, end), whole = HALVES[name]
    bring_in(project, {"text": text})
    lease, one = lease_of(client, project, ana), str(uuid.uuid4())
    given = {"start": start, "end": end, "label": "person", "text": text[start:end]}
    body = {"lease": lease, "client_id": one, "spans": [given]}
    path = f"{project.pk}/annotations?next=0"
    saved = call(client, ana, "post", path, body)
    assert saved.status_code == 201, saved.json()
    (span,) = loop.exported(project)[0]["spans"]
    assert span["text"] == whole
    assert text[span["start"] : span["end"]] == whole
    # The same again is the same, and a wrong quote is no half.
    assert call(client, ana, "post", path, body).status_code == 200
    assert Annotation.objects.count() == 1


def test_file_with_half_a_character_is_widened_aloud(project: Project) -> None:
    text, (start, end), whole = HALVES["half an emoji"]
    given = [{"start": start, "end": end, "label": "person", "confidence": 0.5}]
    work = bring_in(project, {"text": text, "spans": given})
    assert (work.created, work.rejected) == (1, 0)
    assert loop.exported(project)[0]["spans"][0]["text"] == whole
    assert [each["code"] for each in work.errors] == ["span_widened"]
    other = bring_in(project, {"text": f"{text}!", "spans": given}, labels_are="suggestion")
    assert other.created == 1
    suggested = Item.objects.latest("pk").suggested
    assert suggested["labels"][0][:2] == [2, 7]
    assert suggested["each"] == [0.5]


def test_two_halves_of_one_character_are_the_same_span(
    client: Any, project: Project, ana: Any
) -> None:
    bring_in(project, {"text": f"a {FAMILY} b"})
    twice = save(client, project, ana, spans((2, 4, "person"), (4, 7, "person")))
    assert (twice.status_code, twice.json()["code"]) == (422, "span_twice")


# Review -------------------------------------------------------------------------------------------


def test_review_merges_what_is_the_same_and_asks_about_the_rest(
    client: Any, project: Project, ana: Any, ben: Any, lea: Any
) -> None:
    settings.change_settings(project, overlap=2, overlapping_spans="any")
    both = (*ANA[:2], "place")
    bring_in(project, {"text": TEXT}, {"text": "Only Ana saw this."})
    for user, given in ((ana, [ANA, both, LI]), (ben, [both, ANA, LYON])):
        lease = lease_of(client, project, user)
        assert save(client, project, user, spans(*given), lease).status_code == 201
    item = Item.objects.get(text=TEXT)
    if not Disagreement.objects.filter(item=item).exists():
        pytest.skip("the two were served different texts first")
    shown = adjudicate.shown(project, adjudicate.find(project, item.pk))
    by = {each["annotator"]: each["labels"] for each in shown["opinions"]}
    # Two labels of one stretch are two spans, and their order does not matter.
    assert set(by["ana"]) & set(by["ben"]) == {Mark(*ANA), Mark(*both)}
    client.force_login(lea)
    page = client.get(reverse("disagreements", args=[project.pk])).content.decode()
    assert page.count("all agree") == 2
    assert page.count('name="marks"') == 4
    assert page.count("checked") >= 2
    # What differs stands with its neighbourhood and its author.
    assert "<mark>Lyon</mark>" in page
    assert "<mark>Li Wei</mark>" in page
    for name in ("ana", "ben"):
        assert f'<span class="quiet" dir="auto">{name}</span>' in page


def test_each_exported_answer_names_its_author_and_single_ones_stay(
    project: Project, ana: Any, ben: Any
) -> None:
    settings.change_settings(project, overlap=2)
    bring_in(project, {"text": TEXT}, {"text": f"{TEXT} 2"})
    answer(project, ana, ANA)
    answer(project, ana, LI)
    answer(project, ben, ANA)
    found = [(each["annotator"], len(each["spans"])) for each in loop.exported(project)]
    assert sorted(found) == [("ana", 1), ("ana", 1), ("ben", 1)]


def test_files_of_two_people_join_by_text(project: Project, olga: Any, ana: Any, ben: Any) -> None:
    files = []
    for user, given, own in ((ana, ANA, "Only Ana saw this."), (ben, LI, "Only Ben saw this.")):
        alone = settings.create_project(
            olga, name=user.username, task="text-spans", labels=["person", "place"]
        )
        settings.change_settings(alone, audit_share=0.0)
        Membership.objects.create(project=alone, user=user, role=Role.ANNOTATOR)
        bring_in(alone, {"text": TEXT})
        answer(alone, user, given)
        bring_in(alone, {"text": own})
        answer(alone, user)
        files.append(b"".join(export.stream(alone, "jsonl")))
    first, second = (
        loop.bring_in(project, f"{n}.jsonl", each, ignore_ids=True, existing="add")
        for n, each in enumerate(files)
    )
    assert (first.created, second.created) == (2, 1), second.errors
    found = {(each["annotator"], each["text"]): each["spans"] for each in loop.exported(project)}
    assert set(found) == {
        ("ana", TEXT),
        ("ben", TEXT),
        ("ana", "Only Ana saw this."),
        ("ben", "Only Ben saw this."),
    }
    assert [each["text"] for each in found["ana", TEXT]] == ["Ana Roth"]
    assert [each["text"] for each in found["ben", TEXT]] == ["Li Wei"]


# Many at once -------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [[], ["person"]])
def test_many_texts_get_no_spans_at_once(
    client: Any, project: Project, lea: Any, labels: list[str]
) -> None:
    bring_in(project, {"text": TEXT}, {"text": f"{TEXT} 2"})
    given = {"filter": {}, "action": "label", "labels": labels}
    refused = call(client, lea, "post", f"{project.pk}/items/bulk", given)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_for_task")
    assert not Annotation.objects.exists()
    page = client.get(reverse("items", args=[project.pk])).content.decode()
    assert 'value="redo"' in page
    assert "Give a label" not in page


def test_answers_agree_where_all_spans_do_not_only_their_labels(
    client: Any, project: Project, ana: Any, ben: Any, lea: Any
) -> None:
    settings.change_settings(project, overlap=2)
    texts = [f"{TEXT} {n}" for n in range(4)]
    bring_in(project, *({"text": text} for text in texts))
    same, other_border = [ANA, LI], [(ANA[0], ANA[1] - 5, "person")]
    for user, fourth in ((ana, [ANA]), (ben, other_border)):
        said = dict(zip(texts, (same, [ANA], [], fourth), strict=True))
        if user == ben:
            said[texts[0]] = [LI, ANA]
            said[texts[1]] = []
        for _text in texts:
            served = call(client, user, "post", f"{project.pk}/next", {}).json()
            given = spans(*said[served["item"]["text"]])
            assert save(client, project, user, given, served["lease"]).status_code == 201
    share = report.build_report(project)["overlap"]["share"]
    # The same two in another order, and nothing twice: two of four.
    assert (share["value"], share["n"]) == (0.5, 4)
    assert Disagreement.objects.count() == 2
    others = report.build_report(project)["others"]
    assert [each["value"] for each in others] == [0.5, 0.5]
    first = Annotation.objects.get(item__text=texts[3], user=ben)
    path = f"{project.pk}/annotations/{first.pk}"
    changed = call(client, lea, "patch", path, {"spans": spans(ANA)})
    assert changed.status_code == 200, changed.json()
    # What a lead makes of an answer is not what its author said.
    assert report.build_report(project)["overlap"]["share"]["value"] == 0.5


def test_agreement_over_time_is_named_as_what_it_is(
    client: Any, project: Project, ana: Any, ben: Any
) -> None:
    settings.change_settings(project, overlap=2)
    bring_in(project, {"text": TEXT})
    answer(project, ana, ANA)
    answer(project, ben, LI)
    weeks = report.build_report(project)["weeks"]
    assert AGREEMENT.words(weeks).endswith("full agreement on 0% (0% to 98%) of 1 items.")
    alpha = [{**weeks[0], "method": "bootstrap"}]
    assert "alpha 0.00" in AGREEMENT.words(alpha)
