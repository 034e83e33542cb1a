"""Every row of a file is counted once, and the report names those that are no new items."""

import csv
import json
from collections import Counter
from typing import Any

import pytest

from annotator.flow.datasets import upload
from annotator.flow.datasets.rows.report import Fate
from annotator.flow.operations import verify_counts
from annotator.flow.projects.label_set import MAX_LABELS
from annotator.flow.projects.settings import create_project
from annotator.models import (
    Annotation,
    Disagreement,
    FeatureShard,
    FormerContent,
    Import,
    Item,
    Membership,
    Project,
    Revision,
    Source,
    User,
)
from tests import loop

pytestmark = pytest.mark.django_db

ROWS = [fate for fate in Fate if fate != Fate.SKIPPED_FILE]


def report(work: Import) -> list[dict[str, str]]:
    path = upload.report_path(work)
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def bring_in(project: Project, content: Any, name: str = "a.csv", **options: Any) -> Import:
    """Import a file and check what holds of every import."""
    work = loop.bring_in(project, name, content, **options)
    assert work.state == Import.State.DONE, work.error
    fates = {fate: getattr(work, fate.value) for fate in Fate}
    assert work.done == work.total == sum(fates[fate] for fate in ROWS)
    lines = Counter(line["fate"] for line in report(work))
    assert work.report_lines == sum(lines.values())
    for fate in set(ROWS) - {Fate.CREATED, Fate.REJECTED, Fate.CONFLICT}:
        assert lines[fate] == fates[fate], fate
    for fate in (Fate.REJECTED, Fate.CONFLICT):
        assert bool(lines[fate]) == bool(fates[fate]), fate
    assert verify_counts.recount(loop.refreshed(project)) == []
    return work


def fates(work: Import) -> dict[str, int]:
    """Return the counters that are not zero."""
    counted = {fate.value: getattr(work, fate.value) for fate in Fate}
    return {name: number for name, number in counted.items() if number}


def codes(work: Import) -> list[str]:
    return [line["code"] for line in report(work)]


def labels_of(project: Project) -> dict[str, list[str]]:
    """Return the standing labels by item key, in the order in which they were given."""
    found: dict[str, list[str]] = {}
    rows = Annotation.objects.filter(project=project, withdrawn_at=None).order_by("pk")
    for each in rows.select_related("item"):
        found.setdefault(each.item.key, []).extend(label.name for label in each.labels.all())
    return found


PLAIN = "id,text\n1,first\n2,second\n3,third\n"
LABELLED = "id,text,label\n1,first,spam\n2,second,ham\n4,fourth,ham\n"


# Items that are there ----------------------------------------------------------------------------


@pytest.mark.parametrize("use", ["seed", "gold", "suggestion"])
def test_labels_for_items_that_are_there_are_told_by_default(project: Project, use: str) -> None:
    bring_in(project, PLAIN)
    work = bring_in(project, LABELLED, labels_are=use)
    assert fates(work) == {"created": 1, "conflicts": 2}
    assert codes(work) == ["labels_not_taken", "labels_not_taken"]
    assert [each["fate"] for each in work.errors] == ["conflicts", "conflicts"]


@pytest.mark.parametrize("existing", ["add", "replace"])
def test_labels_are_added_where_there_are_none(project: Project, ana: User, existing: str) -> None:
    bring_in(project, PLAIN)
    work = bring_in(project, LABELLED, existing=existing)
    assert fates(work) == {"created": 1, "labels_added": 2}
    assert labels_of(project) == {"1": ["spam"], "2": ["ham"], "4": ["ham"]}
    # A labelled item is not asked again.
    assert [a.item.key for a in loop.label(project, ana, 5)] == ["3"]


@pytest.mark.parametrize("use", ["gold", "suggestion"])
def test_gold_answers_and_suggestions_are_added_as_well(project: Project, use: str) -> None:
    bring_in(project, PLAIN)
    work = bring_in(project, LABELLED, labels_are=use, existing="add")
    assert fates(work) == {"created": 1, "labels_added": 2}
    (spam,) = loop.ids(project, "spam")
    item = Item.objects.get(key="1")
    given = item.gold if use == "gold" else (item.suggested or {})["labels"]
    assert given == [spam]


def test_labels_of_earlier_imports_are_replaced_with_their_history(project: Project) -> None:
    bring_in(project, LABELLED)
    corrected = "id,text,label\n1,first,ham\n2,second,ham\n"
    work = bring_in(project, corrected)
    assert (fates(work), codes(work)) == (
        {"conflicts": 1, "duplicates": 1},
        ["label_conflict", "duplicate"],
    )
    work = bring_in(project, corrected, existing="replace")
    assert fates(work) == {"labels_changed": 1, "duplicates": 1}
    assert labels_of(project)["1"] == ["ham"]
    (before,) = Revision.objects.all()
    assert before.labels == loop.ids(project, "spam")


@pytest.mark.parametrize("existing", ["keep", "add", "replace"])
def test_label_of_a_person_is_never_replaced(project: Project, ana: User, existing: str) -> None:
    bring_in(project, "id,text\n1,first\n")
    (said,) = loop.label(project, ana, 1)
    given = said.labels.get().name
    other = "ham" if given == "spam" else "spam"
    work = bring_in(project, f"id,text,label\n1,first,{other}\n", existing=existing)
    assert (fates(work), codes(work)) == ({"conflicts": 1}, ["label_conflict"])
    assert labels_of(project) == {"1": [given]}


def test_same_file_again_has_no_conflict(project: Project) -> None:
    for use in ("seed", "gold", "suggestion"):
        bring_in(project, LABELLED, labels_are=use, existing="add")
        assert fates(bring_in(project, LABELLED, labels_are=use)) == {"duplicates": 3}


def test_same_text_with_another_label_is_a_conflict(project: Project) -> None:
    work = bring_in(project, "text,label\nsame,spam\nsame,spam\nsame,ham\n")
    assert fates(work) == {"created": 1, "duplicates": 1, "conflicts": 1}
    assert codes(work) == ["duplicate", "label_conflict"]


# Contents and ids --------------------------------------------------------------------------------


def test_corrected_texts_replace_those_of_their_ids_if_that_is_chosen(project: Project) -> None:
    bring_in(project, "id,text,label,year\n1,frist,spam,1999\n2,second,ham,2000\n")
    loop.make_features(project)
    corrected = "id,text,label,year\n1,first,spam,1999\n2,second,ham,2001\n"
    work = bring_in(project, corrected)
    assert fates(work) == {"rejected": 1, "duplicates": 1}
    assert codes(work) == ["duplicate_id", "metadata_not_taken"]
    work = bring_in(project, corrected, same_id="update")
    assert fates(work) == {"updated": 2}
    first, second = Item.objects.order_by("position")
    assert (first.text, second.meta) == ("first", {"year": "2001"})
    # The text that earlier answers were given on stays known, and the answers stay.
    (former,) = FormerContent.objects.all()
    assert (former.item, former.text, labels_of(project)["1"]) == (first, "frist", ["spam"])
    assert bytes(former.content_hash) != bytes(first.content_hash)
    # The features are computed again, from the new text.
    assert set(FeatureShard.objects.values_list("state", flat=True)) == {"queued"}


def test_updated_features_become_ready_again(project: Project) -> None:
    from annotator.flow.features import encode

    bring_in(project, PLAIN)
    loop.make_features(project)
    assert encode.current_space(project) is not None
    bring_in(project, "id,text\n1,another text\n", same_id="update")
    assert encode.current_space(project) is None
    for shard in FeatureShard.objects.filter(state="queued"):
        encode.transform(shard.pk)
    assert encode.current_space(project) is not None


def test_row_numbers_are_left_aside_as_ids(project: Project) -> None:
    bring_in(project, "id,text\n1,january one\n2,january two\n")
    february = "id,text\n1,february one\n2,february two\n"
    assert fates(bring_in(project, february)) == {"rejected": 2}
    assert fates(bring_in(project, february, ignore_ids=True)) == {"created": 2}
    assert project.items == 4


def test_id_that_was_not_taken_is_told(project: Project) -> None:
    work = bring_in(project, "id,text\n1,same\n2,same\n")
    (line,) = report(work)
    assert (line["code"], "“2” was not taken" in line["detail"]) == ("duplicate_text", True)


# Labels ------------------------------------------------------------------------------------------


def test_unknown_label_costs_its_text_only_by_default(project: Project) -> None:
    content = "text,label\na,spam\nb,Spam \nc,bogus\n"
    work = bring_in(project, content)
    assert fates(work) == {"created": 1, "rejected": 2}
    assert "Did you mean “spam”?" in report(work)[0]["detail"]
    work = bring_in(project, content, unknown_labels="unlabelled")
    assert (fates(work), work.unlabelled) == ({"created": 2, "duplicates": 1}, 2)
    assert {line["code"] for line in report(work)} == {"duplicate", "unknown_label"}


def test_unknown_labels_are_created_once(project: Project) -> None:
    content = "text,label\na,spam\nb,SPAM\nc,phish\nd,phish\ne,Phish\n"
    work = bring_in(project, content, unknown_labels="create")
    assert fates(work) == {"created": 5}
    assert [label.name for label in project.labels.all()] == ["spam", "ham", "phish"]
    assert {note["code"] for note in work.notes} == {"label_read_as"}


def test_many_unknown_labels_are_created_in_one_step(
    project: Project, django_assert_max_num_queries: Any
) -> None:
    content = "text,label\n" + "".join(f"text {n},label {n}\n" for n in range(100))
    with django_assert_max_num_queries(1500):
        assert fates(bring_in(project, content, unknown_labels="create")) == {"created": 100}
    assert project.labels.count() == 102


def test_labels_beyond_the_limit_are_told(project: Project) -> None:
    content = "text,label\n" + "".join(f"text {n},label {n}\n" for n in range(MAX_LABELS))
    work = bring_in(project, content, unknown_labels="create")
    assert fates(work) == {"created": MAX_LABELS - 2, "rejected": 2}
    assert {line["code"] for line in report(work)} == {"unknown_label"}
    assert "a project has at most 500 labels" in report(work)[0]["detail"]


def test_labels_of_whole_texts_are_told_where_each_has_its_place(olga: User) -> None:
    spans = create_project(olga, name="Names", task="text-spans", labels=["spam", "ham"])
    work = bring_in(spans, "text,label\nAnna,spam\nBen,\n")
    assert (fates(work), codes(work)) == ({"created": 2}, ["labels_without_places"])


def test_labels_are_mapped_as_it_was_chosen(project: Project) -> None:
    content = "text,label\na,Werbung\nb,neu\nc,egal\n"
    chosen = {"Werbung": "spam", "neu": "new", "egal": ""}
    work = bring_in(project, content, label_map=chosen, unknown_labels="unlabelled")
    assert (fates(work), work.unlabelled) == ({"created": 3}, 1)
    assert sorted(name for names in labels_of(project).values() for name in names) == [
        "new",
        "spam",
    ]


@pytest.mark.parametrize("name", ["spam\u200b", " spam ", "\ufeffspam"])
def test_names_that_look_the_same_are_the_same(project: Project, name: str) -> None:
    work = bring_in(project, json.dumps({"text": "a", "labels": [name]}), "a.jsonl")
    assert (fates(work), [*labels_of(project).values()]) == ({"created": 1}, [["spam"]])


def test_confidence_out_of_range_is_told(project: Project) -> None:
    content = "text,label,confidence\na,spam,95\nb,ham,0.7\n"
    work = bring_in(project, content, labels_are="suggestion")
    assert (fates(work), codes(work)) == ({"created": 2}, ["confidence_range"])
    assert "95" in report(work)[0]["detail"]
    found = {item.text: (item.suggested or {})["confidence"] for item in Item.objects.all()}
    assert found == {"a": None, "b": 0.7}
    assert all("confidence" not in item.meta for item in Item.objects.all())


def test_confidence_is_read_as_people_write_it_or_told(project: Project) -> None:
    content = 'text,label,confidence\na,spam,95%\nb,ham,"0,7"\nc,ham,high\nd,ham,\n'
    work = bring_in(project, content, labels_are="suggestion")
    assert codes(work) == ["confidence_range"]
    found = {item.text: (item.suggested or {})["confidence"] for item in Item.objects.all()}
    assert found == {"a": 0.95, "b": 0.7, "c": None, "d": None}


# Several people ----------------------------------------------------------------------------------


def exported(project: Project) -> list[dict[str, Any]]:
    return list(loop.exported(project))


def test_answers_of_several_people_come_in_with_their_names(
    project: Project, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from annotator.flow.datasets import importing
    from annotator.formats import GivenAnswer, Row

    Membership.objects.get_or_create(project=project, user=ana, defaults={"role": "annotator"})
    rows = [
        Row(
            1,
            "first",
            "1",
            answers=(
                GivenAnswer(("spam",), annotator="ana", seconds=3.5, note="sure"),
                GivenAnswer(("ham",), annotator="dr who"),
                GivenAnswer((), kind="skip", annotator="ben"),
            ),
        ),
        Row(2, "second", "2", answers=(GivenAnswer(("ham",), annotator="dr who"),)),
        # One line for each answer, as an export has them.
        Row(3, "second", "2", answers=(GivenAnswer(("spam",), annotator="rose"),)),
        Row(4, "second", "2", answers=(GivenAnswer(("spam",), annotator="rose"),)),
    ]
    monkeypatch.setattr(importing, "_entries", lambda *_given: iter(rows))
    work = bring_in(project, "text\nx\n")
    assert fates(work) == {"created": 2, "labels_added": 1, "duplicates": 1}
    assert codes(work) == ["skip_left_out", "labels_added", "duplicate"]
    said = {(each["key"], each["annotator"]): each["labels"] for each in exported(project)}
    assert said == {
        ("1", "ana"): ["spam"],
        ("1", "dr who"): ["ham"],
        ("2", "dr who"): ["ham"],
        ("2", "rose"): ["spam"],
    }
    first = Annotation.objects.get(user=ana)
    assert (first.seconds, first.note, first.source) == (3.5, "sure", Source.SEED)
    assert Disagreement.objects.count() == 2


# Nothing fails the whole -------------------------------------------------------------------------


def test_row_that_no_database_can_store_is_rejected_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from annotator.flow.datasets import importing
    from annotator.formats import Row

    rows = [Row(n, f"text {n}" if n != 3 else "\ud800", str(n)) for n in range(1, 8)]
    monkeypatch.setattr(importing, "_entries", lambda *_given: iter(rows))
    work = bring_in(project, "text\nx\n")
    assert (fates(work), codes(work)) == ({"created": 6, "rejected": 1}, ["not_stored"])
    assert report(work)[0]["row"] == "3"


def test_rows_lost_with_another_and_skipped_files_are_counted(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from annotator.flow.datasets import importing
    from annotator.formats import RejectedRow, Row, SkippedFile, because

    rows = [
        Row(1, "first"),
        SkippedFile("Thumbs.db", because("unreadable", problem="a \x00")),
        RejectedRow(2, because("unclosed_quote", line=3), rows=993),
    ]
    monkeypatch.setattr(importing, "_entries", lambda *_given: iter(rows))
    work = bring_in(project, "text\nx\n")
    assert fates(work) == {"created": 1, "rejected": 993, "skipped_files": 1}
    assert work.errors[0]["file"] == "Thumbs.db"
    assert "\x00" not in work.errors[0]["detail"]


def test_error_with_a_nul_byte_is_stored(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from annotator.flow.datasets import importing
    from annotator.formats import UnreadableFile

    def broken(*_given: Any) -> Any:
        raise UnreadableFile("bad_labels", name="labels.csv", problem="a \x00")

    monkeypatch.setattr(importing, "_entries", broken)
    work = loop.bring_in(project, "a.csv", "text\nx\n")
    assert (work.state, work.error) == ("failed", "labels.csv can't be read: a \ufffd")


def test_row_is_told_all_that_is_wrong_with_its_suggestion(project: Project) -> None:
    work = loop.bring_in(
        project, "a.csv", "text,label,confidence\na,other,95\n", labels_are="suggestion"
    )
    assert codes(work) == ["unknown_label"]
    detail = work.errors[0]["detail"]
    assert "other" in detail
    assert "95" in detail
