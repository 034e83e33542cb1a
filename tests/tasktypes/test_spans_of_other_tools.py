"""Files of other tools and data sets: what they say of spans is taken, or told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annotator.flow.datasets import export
from annotator.flow.projects import settings
from annotator.messages.datasets.imports import notes
from annotator.models import Import, Item, Project
from tests import loop

pytestmark = pytest.mark.django_db

LABELS = ["person", "place"]
TEXT = "Ana Roth met Li in Lyon."


@pytest.fixture
def project(olga: Any) -> Project:
    found = settings.create_project(olga, name="A", task="text-spans", labels=LABELS)
    settings.change_settings(found, overlapping_spans="any")
    return loop.refreshed(found)


def lines(*records: Any) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in records)


def span(start: Any, end: Any, label: Any, **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label, **more}


def quotes(project: Project) -> dict[str, list[tuple[str, str]] | None]:
    """Return what is said of each text; None where nothing is."""
    said: dict[str, Any] = dict.fromkeys(
        Item.objects.filter(project=project).order_by("position").values_list("text", flat=True)
    )
    for each in loop.exported(project):
        said[each["text"]] = [(one["text"], one["label"]) for one in each["spans"]]
    return said


def codes(work: Import) -> list[str]:
    return [each["code"] for each in work.notes]


# Units --------------------------------------------------------------------------------------------


def in_units(text: str, place: int, unit: str) -> int:
    before = text[:place]
    return len(before.encode()) if unit == "bytes" else len(before.encode("utf-16-le")) // 2


@pytest.mark.parametrize("unit", ["bytes", "UTF-16 units"])
@pytest.mark.parametrize("has_quotes", [True, False])
def test_a_wrong_row_does_not_hide_the_unit_of_all_others(
    project: Project, unit: str, has_quotes: bool
) -> None:
    records = []
    for number in range(8):
        text = f"😀 Zoë {number} and Ana"
        start, end = (in_units(text, place, unit) for place in (text.index("Ana"), len(text)))
        more = {"text": "Ana"} if has_quotes else {}
        records.append({"text": text, "spans": [span(start, end, "person", **more)]})
    wrong = {"text": "😀 Zoë is out", "spans": [span(3, 400, "person")]}
    work = loop.bring_in(project, "a.jsonl", lines(*records, wrong))
    assert (work.created, work.rejected) == (8, 1)
    assert "offsets_converted" in codes(work)
    assert all(said == [("Ana", "person")] for said in quotes(project).values())


def test_words_without_blanks_between_do_not_hide_the_unit(project: Project) -> None:
    text = "สวัสดีกรุงเทพน้ำ"
    start, end = (in_units(text, place, "bytes") for place in (6, 13))
    work = loop.bring_in(
        project, "a.jsonl", lines({"text": text, "spans": [span(start, end, "place")]})
    )
    assert "offsets_converted" in codes(work)
    assert quotes(project) == {text: [("กรุงเทพ", "place")]}


def test_ends_that_seem_to_be_the_last_character_are_told(project: Project) -> None:
    given = {"text": TEXT, "spans": [span(0, 7, "person"), span(19, 22, "place")]}
    work = loop.bring_in(project, "a.jsonl", lines(given, {"text": "In Rome.", "spans": []}))
    assert "ends_inclusive" in codes(work)
    assert "add 1 to each" in " ".join(notes(work.notes))
    # They are not changed.
    assert quotes(project)[TEXT] == [("Ana Rot", "person"), ("Lyo", "place")]


@pytest.mark.parametrize(
    "spans", [[span(0, 8, "person")], [span(0, 5, "person")], [span(0, 3, "person")], []]
)
def test_other_ends_are_not_told(project: Project, spans: list[Any]) -> None:
    work = loop.bring_in(project, "a.jsonl", lines({"text": TEXT, "spans": spans}))
    assert "ends_inclusive" not in codes(work)


# Plain records ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["spans", "entities", "ents"])
def test_nothing_in_any_text_is_an_answer_for_each(project: Project, name: str) -> None:
    work = loop.bring_in(project, "a.jsonl", lines({"text": "One.", name: []}))
    assert (work.created, work.rejected) == (1, 0)
    assert quotes(project) == {"One.": []}


@pytest.mark.parametrize(
    "spans",
    [
        [span("0", "8", "person")],
        [{"s": 0, "e": 8, "label": "person"}],
        [span(0, 8, None)],
        [span(0.5, 8, "person")],
        [["0", 8, "person"]],
    ],
)
@pytest.mark.parametrize("name", ["spans", "labels"])
def test_file_without_a_readable_span_is_refused_by_row(
    project: Project, name: str, spans: Any
) -> None:
    work = loop.bring_in(project, "a.jsonl", lines({"text": TEXT, name: spans}, {"text": "B"}))
    assert (work.created, work.rejected) == (1, 1)
    assert [(each["row"], each["code"]) for each in work.errors] == [(1, "span_form")]


@pytest.mark.parametrize(
    "cell", ["[(0, 8, 'person')]", "[{'start': 0, 'end': 8, 'label': 'person'}]"]
)
def test_spans_as_python_shows_them_are_read_from_a_table(project: Project, cell: str) -> None:
    work = loop.bring_in(project, "a.csv", f'text,spans\n{TEXT},"{cell}"\nNobody,[]\nOpen,\n')
    assert (work.created, work.rejected) == (3, 0)
    assert quotes(project) == {TEXT: [("Ana Roth", "person")], "Nobody": [], "Open": None}


def test_cell_that_begins_like_spans_and_is_none_is_refused(project: Project) -> None:
    work = loop.bring_in(project, "a.csv", f'text,spans\n{TEXT},"[(0, 8, person)"\n')
    assert (work.created, [each["code"] for each in work.errors]) == (0, ["span_form"])


# Label Studio -------------------------------------------------------------------------------------


def region(start: int, end: int, quote: str, *labels: str) -> dict[str, Any]:
    value = {"start": start, "end": end, "text": quote, "labels": list(labels)}
    return {
        "id": "r",
        "type": "labels",
        "from_name": "label",
        "to_name": "text",
        "value": value,
    }


def test_line_ends_in_quotes_of_label_studio_are_read(project: Project) -> None:
    text = "Signed in New\nYork by Ana\r\nRoth."
    regions = [region(10, 18, r"New\nYork", "place"), region(22, 31, r"Ana\n\nRoth", "person")]
    task = {"id": 1, "data": {"text": text}, "annotations": [{"id": 1, "result": regions}]}
    work = loop.bring_in(project, "a.json", json.dumps([task]))
    assert work.rejected == 0, work.errors
    assert quotes(project) == {text: [("New\nYork", "place"), ("Ana\r\nRoth", "person")]}


def test_what_is_no_span_in_label_studio_is_told(project: Project) -> None:
    results = [
        region(0, 8, "Ana Roth", "person"),
        region(13, 15, "Li"),
        {"type": "relation", "from_id": "a", "to_id": "b"},
        {"type": "choices", "from_name": "topic", "value": {"choices": ["news"]}},
    ]
    task = {"id": 1, "data": {"text": TEXT}, "annotations": [{"id": 1, "result": results}]}
    work = loop.bring_in(project, "a.json", json.dumps([task]))
    assert quotes(project) == {TEXT: [("Ana Roth", "person")]}
    (told,) = work.errors
    assert told["code"] == "not_spans"
    assert "1 choices, 1 relation, 1 without a label" in told["detail"]


def test_flat_annotations_of_label_studio_say_who_and_that_nothing_is_there(
    project: Project,
) -> None:
    about = {"annotation_id": 7, "created_at": "2026-01-05T09:30:00Z", "lead_time": 2.5}
    found = {"start": 0, "end": 8, "text": "Ana Roth", "labels": ["person", "place"]}
    records = [
        {"id": 1, "text": TEXT, "label": [found], "annotator": "ana@example.org", **about},
        {"id": 1, "text": TEXT, "annotator": "ben@example.org", **about},
        {"id": 2, "text": "Nobody.", "annotator": "ben@example.org", **about},
    ]
    work = loop.bring_in(project, "a.json", json.dumps(records))
    assert (work.created, work.rejected) == (2, 0), work.errors
    said = {
        (each["annotator"], each["text"]): [one["label"] for one in each["spans"]]
        for each in loop.exported(project)
    }
    assert said == {
        ("ana@example.org", TEXT): ["person", "place"],
        ("ben@example.org", TEXT): [],
        ("ben@example.org", "Nobody."): [],
    }


# Argilla ------------------------------------------------------------------------------------------


def test_argilla_records_as_a_table_are_read(project: Project) -> None:
    record = {
        "id": "r1",
        "text": TEXT,
        "entities.responses": [[span(0, 8, "person")], []],
        "entities.responses.users": ["u1", "u2"],
        "entities.responses.status": ["submitted", "submitted"],
        "entities.suggestion": None,
    }
    work = loop.bring_in(project, "a.jsonl", lines(record, {**record, "id": "r2", "text": "B C"}))
    assert work.rejected == 1, work.errors
    said = [(each["annotator"], len(each["spans"])) for each in loop.exported(project)]
    assert sorted(said) == [("u1", 1), ("u2", 0)]


# Tokens -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Ana B-person\nvan M-person\nRoth E-person\nLyon S-place\n", ["Ana van Roth", "Lyon"]),
        ("Ana B-person\nvan M-person\nRoth E-person\nLyon W-place\n", ["Ana van Roth", "Lyon"]),
        # No-break spaces and line separators are within tokens.
        ("Ana\u00a0Roth B-person\nA\u2028B B-place\n", ["Ana\u00a0Roth", "A\u2028B"]),
        # Numbers of the tokens, a comment with a tab, and an inner layer.
        ("#\tweb [1]\n1\tLi\tB-person\tB-place\n2\tRoth\tI-person\tO\n", ["Li Roth", "Li"]),
        (
            "# text = Ana's bag\n1\tAna\tPROPN\tB-person\n2\t's\tPART\tO\n3\tbag\tNOUN\tO\n",
            ["Ana"],
        ),
        # A number that is a token, among others that are none.
        ("1 CD B-person\n\nAna NNP B-place\nran VBD O\n", ["1", "Ana"]),
    ],
)
def test_tokens_of_other_data_sets_are_read(
    project: Project, content: str, expected: list[str]
) -> None:
    work = loop.bring_in(project, "a.conll", content)
    assert work.rejected == 0, work.errors
    assert [quote for said in quotes(project).values() for quote, _ in said or ()] == expected


def test_lists_of_words_are_read_whatever_is_empty(project: Project) -> None:
    records = [
        {"words": ["Ana", "ran"], "labels": ["B-person", "O"]},
        {"words": [], "labels": []},
        {"words": [], "labels": []},
    ]
    work = loop.bring_in(project, "a.jsonl", lines(*records))
    assert (work.created, work.rejected) == (1, 2)
    assert quotes(project) == {"Ana ran": [("Ana", "person")]}


def test_text_that_repeats_itself_comes_back_from_an_archive(project: Project, olga: Any) -> None:
    text = f"{'word ' * 20_000}Ana"
    given = {"text": text, "spans": [span(100_000, 100_003, "person")]}
    loop.bring_in(project, "a.jsonl", lines(given))
    other = settings.create_project(olga, name="B", task="text-spans", labels=LABELS)
    work = loop.bring_in(other, "a.zip", b"".join(export.stream(project, "brat")))
    assert (work.created, work.skipped_files) == (1, 0), work.errors
    assert quotes(other) == {text: [("Ana", "person")]}


def test_people_come_back_from_each_format(project: Project, olga: Any) -> None:
    """Files that name who marked a text bring the names back, and nothing else."""
    records = [{"text": TEXT, "spans": [span(0, 8, "person")]}]
    loop.bring_in(project, "a.jsonl", lines(*records))
    for format in ("label-studio", "prodigy", "argilla", "jsonl", "csv"):
        writer = export.writer_of(format)
        content = b"".join(export.stream(project, writer.kind))
        other = settings.create_project(olga, name=format, task="text-spans", labels=LABELS)
        loop.bring_in(other, f"a.{writer.suffix}", content)
        (found,) = loop.exported(other)
        assert found["annotator"] == "olga", format
        assert Item.objects.get(project=other).meta == {}, format


# What is there already ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["seed", "gold", "suggestion"])
@pytest.mark.parametrize(
    ("there", "given", "told"),
    [
        (
            [span(0, 8, "person")],
            [span(0, 3, "person")],
            "“person” (0–8); “person” (0–3) was not taken.",
        ),
        ([], [span(0, 3, "person")], "the label “no label”; “person” (0–3) was not taken."),
        ([span(0, 3, "person")], [], "“person” (0–3); “no label” was not taken."),
        (
            [span(at, at + 1, "place") for at in range(7)],
            [span(0, 3, "person", attribute="negated")],
            "“place” (4–5), … (7); “person”, negated (0–3) was not taken.",
        ),
    ],
)
def test_spans_that_differ_from_those_there_are_told_with_their_places(
    project: Project, kind: str, there: Any, given: Any, told: str
) -> None:
    settings.change_settings(project, span_attributes="negated")
    loop.bring_in(project, "a.jsonl", lines({"text": TEXT, "spans": there}), labels_are=kind)
    again = lines({"text": TEXT, "spans": given})
    work = loop.bring_in(loop.refreshed(project), "b.jsonl", again, labels_are=kind)
    assert work.conflicts == 1
    assert told in work.errors[0]["detail"]


# Shapes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sentence", "content", "document"])
@pytest.mark.parametrize("field", ["spans", "ents", "entities"])
def test_only_record_of_a_file_is_no_list_of_its_spans(
    project: Project, name: str, field: str
) -> None:
    record = {"id": "x", name: TEXT, field: [span(0, 8, "person")]}
    work = loop.bring_in(project, "a.jsonl", lines(record))
    assert (work.created, work.rejected) == (1, 0), work.errors
    assert quotes(project) == {TEXT: [("Ana Roth", "person")]}


@pytest.mark.parametrize("classes", [["person"], ["person", "place"], ["a", "b", "c"]])
def test_pairs_within_an_object_are_texts_with_spans(project: Project, classes: list[str]) -> None:
    pairs = [[TEXT, {"entities": [[0, 8, "person"]]}], ["Nobody.", {"entities": []}], None]
    work = loop.bring_in(project, "a.json", json.dumps({"classes": classes, "annotations": pairs}))
    assert (work.created, work.rejected) == (2, 0), work.errors
    assert quotes(project) == {TEXT: [("Ana Roth", "person")], "Nobody.": []}


@pytest.mark.parametrize(
    "given",
    [
        {"start_char": 0, "end_char": 8, "type": "person"},
        {"offset": 0, "length": 8, "category": "person"},
        {"start": 0, "length": 8, "label": "person"},
        {"entity_group": "person", "score": 0.9, "word": "ana roth", "start": 0, "end": 8},
    ],
)
def test_spans_are_read_by_the_names_that_programs_give_them(project: Project, given: Any) -> None:
    records = [{"text": TEXT, "entities": [given]}, {"text": "Nobody.", "entities": []}]
    work = loop.bring_in(project, "a.jsonl", lines(*records))
    assert work.rejected == 0, work.errors
    assert quotes(project) == {TEXT: [("Ana Roth", "person")], "Nobody.": []}


def test_rows_with_a_span_each_become_one_answer(project: Project) -> None:
    rows = [
        "id,text,start,end,label",
        f"1,{TEXT},0,8,person",
        f"2,{TEXT},19.0,23.0,place",
        "3,Open,,,",
        "4,Bob slept,0,99,person",
        f"5,Huge,0,{'9' * 5000},person",
    ]
    work = loop.bring_in(project, "a.csv", "\n".join(rows))
    assert (work.created, work.rejected) == (2, 2)
    assert [each["code"] for each in work.errors] == ["span_range", "span_form"]
    assert quotes(project) == {TEXT: [("Ana Roth", "person"), ("Lyon", "place")], "Open": None}


def test_wrong_quote_of_a_row_is_told(project: Project) -> None:
    row = {"text": TEXT, "start": 0, "end": 3, "label": "person", "quote": "Li"}
    work = loop.bring_in(project, "a.jsonl", lines(row, {**row, "text": "Ana", "quote": "Ana"}))
    assert (work.created, [each["code"] for each in work.errors]) == (1, ["span_quote"])


def test_token_that_is_a_very_long_number_is_a_token(project: Project) -> None:
    work = loop.bring_in(project, "a.conll", f"{'9' * 5000} CD B-person\n{'8' * 5000} CD O\n")
    assert (work.created, work.rejected) == (1, 0), work.errors


@pytest.mark.parametrize("format", ["jsonl", "doccano", "prodigy", "hf-tokens"])
def test_each_record_is_one_line_to_every_reader(project: Project, format: str) -> None:
    text = "Ana\u2028Li\u2029in\u0085Lyon\x1c."
    loop.bring_in(project, "a.jsonl", lines({"text": text, "spans": [span(4, 6, "person")]}))
    writer, wanted = export.checked(project, format, {})
    out = b"".join(export.stream(project, writer.kind, wanted=wanted)).decode()
    # Python ends a line at each of these.
    (line,) = out.splitlines()
    assert json.loads(line)["text"] == text


def test_pieces_with_texts_of_their_own_are_records(olga: Any) -> None:
    talk = {
        "title": "Talk",
        "segments": [
            {"start": 0, "end": 4, "text": "First piece.", "label": "a"},
            {"start": 4, "end": 9, "text": "Second piece.", "label": "b"},
        ],
    }
    other = settings.create_project(olga, name="B", task="text", labels=["a", "b"])
    work = loop.bring_in(other, "a.json", json.dumps(talk))
    assert (work.created, work.rejected) == (2, 0)
    assert {each["text"] for each in loop.exported(other)} == {"First piece.", "Second piece."}
