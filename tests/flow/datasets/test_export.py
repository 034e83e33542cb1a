"""Exported labels have their provenance, and no spreadsheet runs them as formulas."""

import csv
import io
import json
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from annotator.errors import Invalid
from annotator.flow.annotation import payload, revise
from annotator.flow.datasets import export
from annotator.flow.datasets.outgoing import records
from annotator.flow.operations import cleanup
from annotator.flow.projects import settings
from annotator.flow.queue import leasing, releasing
from annotator.formats import csv as csv_format
from annotator.models import Annotation, ModelVersion, Project, Round, User
from annotator.pool import model_files
from tests import loop
from tests.given import Fill, PutState

pytestmark = pytest.mark.django_db


def as_jsonl(project: Project) -> Any:
    return [json.loads(line) for line in b"".join(export.stream(project, "jsonl")).splitlines()]


def as_csv(project: Project) -> Any:
    text = b"".join(export.stream(project, "csv")).decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


@pytest.fixture
def labelled(put_state: PutState) -> Any:
    """The project with seeds, answers of two people, and a round in between."""
    return put_state(_labelled)


def _labelled() -> Project:
    project = loop.mail_project()
    loop.bring_in(project, "seeds.csv", "text,label,year\nfree prize,spam,1999\n")
    loop.fill(project, 50)
    loop.make_features(project)
    loop.label(project, loop.person("ana"), 8)
    loop.go_round(project)
    loop.label(project, loop.person("ana"), 8)
    loop.label(project, loop.person("ben"), 8)
    return project


def test_every_label_knows_how_it_came_about(labelled: Any) -> None:
    records = as_jsonl(labelled)
    assert [record["id"] for record in records] == list(
        Annotation.objects.order_by("pk").values_list("pk", flat=True)
    )
    assert len(records) == 25
    seed = records[0]
    assert (seed["source"], seed["annotator"], seed["labels"]) == ("seed", "olga", ["spam"])
    assert seed["meta"] == {"year": "1999"}
    assert {record["source"] for record in records} == {"seed", "random", "audit", "active"}
    version = ModelVersion.objects.get()
    for record in records:
        assert record["audit"] is (record["source"] == "audit")
        if record["source"] == "active":
            assert (record["round"], record["model"]) == (1, version.number)
            assert record["score"] is not None
            assert record["why"]
            assert (record["suggestion"] is None) is record["blind"]
        if record["source"] != "seed":
            assert record["seconds"] == 2.0
            assert record["strategy"]
    assert {record["annotator"] for record in records} == {"olga", "ana", "ben"}


def test_both_formats_say_the_same(labelled: Any) -> None:
    rows, records = as_csv(labelled), as_jsonl(labelled)
    assert list(rows[0]) == list(records[0])
    for row, record in zip(rows, records, strict=True):
        assert (row["id"], row["text"]) == (str(record["id"]), record["text"])
        assert row["labels"] == "|".join(record["labels"])
        assert json.loads(row["meta"]) == record["meta"]


def test_withdrawn_answers_stay_and_corrected_ones_go_out_as_they_are_now(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 3)
    first, second, third = loop.label(project, ana, 3)
    revise.withdraw(first, ana)
    (other,) = {"spam", "ham"} - set(payload.label_names(second))
    revise.correct(second, ana, [other])
    records = {record["id"]: record for record in as_jsonl(project)}
    assert set(records) == {second.pk, third.pk}
    assert records[second.pk]["labels"] == [other]
    assert (records[second.pk]["corrections"], records[third.pk]["corrections"]) == (1, 0)


def test_extra_opinions_go_out_marked(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 1)
    loop.label(project, ana, 1)
    Annotation.objects.update(counted=False)
    assert as_jsonl(project)[0]["counted"] is False


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\n=1",
        " =1+1",
        "'=1+1",
        '"=1+1',
        "=cmd|' /C calc'!A0",
    ],
)
def test_spreadsheet_runs_no_cell(project: Project, ana: User, text: str) -> None:
    loop.bring_in(project, "a.jsonl", json.dumps({"text": text, "id": text.strip()}))
    loop.label(project, ana, 1)
    Annotation.objects.update(seconds=2.5, score=-0.5)
    (row,) = as_csv(project)
    assert row["text"] == "'" + text
    assert (row["seconds"], row["score"]) == ("2.5", "-0.5")
    assert as_jsonl(project)[0]["text"] == text


@pytest.mark.parametrize("text", ["plain", "a = b", "don't", "“=1”", "1-2", ""])
def test_harmless_cells_are_left_alone(
    project: Project, filled: Fill, ana: User, text: str
) -> None:
    assert csv_format.guarded(text) == text


def test_labels_with_odd_names_go_out_and_come_back(olga: User) -> None:
    odd = ["a, b", "c; d", 'e "f"', "<g> & h", "ü 猫"]
    made = settings.create_project(olga, name="Odd", labels=odd)
    rows = "\n".join(json.dumps({"text": f"t{i}", "label": name}) for i, name in enumerate(odd))
    loop.bring_in(made, "a.jsonl", rows)
    again = settings.create_project(olga, name="Again", labels=odd)
    work = loop.bring_in(again, "b.csv", b"".join(export.stream(made, "csv")))
    assert (work.created, work.rejected) == (5, 0), work.errors
    for project in (made, again):
        assert [record["labels"] for record in as_jsonl(project)] == [[name] for name in odd]


def test_export_is_streamed_in_chunks(
    project: Project,
    filled: Fill,
    ana: User,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    filled(project, 12)
    loop.label(project, ana, 12)
    monkeypatch.setattr(records, "CHUNK", 5)
    assert len(as_jsonl(project)) == 12
    monkeypatch.setattr(records, "CHUNK", 1000)
    with django_assert_max_num_queries(7):
        as_jsonl(project)


def test_empty_project_gives_an_empty_file(project: Project) -> None:
    assert as_jsonl(project) == []
    assert as_csv(project) == []


def test_unknown_format_is_refused_before_anything_is_sent(project: Project) -> None:
    with pytest.raises(Invalid, match="Choose one of: jsonl, csv"):
        export.stream(project, "nonsense")


def test_other_projects_stay_out(labelled: Any, olga: User, filled: Fill) -> None:
    other = settings.create_project(olga, name="Other", labels=["spam", "ham"])
    filled(other, 3)
    loop.label(other, olga, 3)
    assert len(as_jsonl(other)) == 3
    assert len(as_jsonl(labelled)) == 25


def test_what_is_not_asked_for_stays_out_and_what_is_unknown_is_refused(
    project: Project, filled: Fill, ana: User
) -> None:
    items = filled(project, 30)
    kept, gone = loop.label(project, ana, 2)
    revise.withdraw(gone, ana)
    releasing.skip(leasing.lease_next(project, ana), "hard")

    def kinds(*include: Any) -> Any:
        lines = b"".join(export.stream(project, "jsonl", include)).splitlines()
        return [json.loads(line) for line in lines]

    assert [each["id"] for each in kinds()] == [kept.pk]
    assert [each["id"] for each in kinds("withdrawn")] == [kept.pk, gone.pk]
    (skipped,) = kinds("skipped")[1:]
    assert (skipped["annotator"], skipped["skip_reason"], skipped["id"]) == ("ana", "hard", None)
    unlabelled = kinds("unlabelled")[1:]
    assert len(unlabelled) == len(items) - 1
    assert {each["state"] for each in unlabelled} == {"pool", "queued"}
    with pytest.raises(Invalid, match="It can include: withdrawn, skipped, unlabelled, pred"):
        export.stream(project, "csv", ["everything"])
    everything = b"".join(
        export.stream(project, "csv", ["withdrawn", "skipped", "unlabelled"])
    ).decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(everything[1:], newline="")))
    assert len(rows) == len(items) + 2


def test_damaged_judgements_are_left_out_of_the_export(labelled: Any) -> None:
    version = ModelVersion.objects.get()
    path = model_files.audits_path(labelled.pk, labelled.rounds.first().number)
    judged = [each for each in as_jsonl(labelled) if each["judged"]]
    assert len({each["item"] for each in judged}) == version.accuracy["n"]
    path.write_bytes(path.read_bytes()[:-9])
    assert not any(each["judged"] for each in as_jsonl(labelled))


def test_judgements_outlive_the_rounds_that_are_tidied_away(labelled: Any) -> None:
    measured = labelled.rounds.first()
    for number in range(5):
        Round.objects.create(
            project=labelled,
            number=measured.number + 1 + number,
            state="failed",
            space=measured.space,
            seq=0,
            trigger="by hand",
            strategy="random",
        )
    cleanup.tidy()
    assert any(each["judged"] for each in as_jsonl(labelled))


def test_export_has_author_and_corrector_with_what_each_said(labelled: Any, lea: User) -> None:
    first = Annotation.objects.filter(user__username="ana").order_by("pk").first()
    assert first is not None
    (said,) = first.given.values_list("label__name", flat=True)
    other = "ham" if said == "spam" else "spam"
    revise.correct(first, lea, [other])
    record = next(each for each in as_jsonl(labelled) if each["id"] == first.pk)
    assert (record["annotator"], record["labels"]) == ("ana", [other])
    assert (record["corrected_by"], record["author_labels"]) == ("lea", [said])
    row = next(each for each in as_csv(labelled) if each["id"] == str(first.pk))
    assert (row["corrected_by"], row["author_labels"]) == ("lea", said)
    wanted = export.Choices(unit="item")
    lines = b"".join(export.stream(labelled, "jsonl", wanted=wanted)).splitlines()
    (item,) = [one for one in map(json.loads, lines) if one["item"] == first.item_id]
    assert [each["corrected_by"] for each in item["answers"]] == ["lea"]
