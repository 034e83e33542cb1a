"""Files with spans: each format holds what it was given, and says what it cannot take."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest

from annotator.errors import Invalid
from annotator.flow.datasets import export
from annotator.flow.projects import settings
from annotator.models import Item, Project
from tests import loop

pytestmark = pytest.mark.django_db
LABELS = ["person", "place", "creative work"]


@pytest.fixture
def project(olga: Any) -> Project:
    return made(olga)


def made(user: Any, name: str = "A") -> Project:
    found = settings.create_project(user, name=name, task="text-spans", labels=LABELS)
    settings.change_settings(found, overlapping_spans="nested")
    return loop.refreshed(found)


def packed(files: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def sent(project: Project, format: str, **given: Any) -> bytes:
    writer, wanted = export.checked(project, format, given)
    return b"".join(export.stream(project, writer.kind, wanted=wanted))


def quotes(project: Project) -> dict[str, list[tuple[int, str, str]]]:
    return {
        each["text"]: [(one["start"], one["text"], one["label"]) for one in each["spans"]]
        for each in loop.exported(project)
    }


# brat ---------------------------------------------------------------------------------------------


def test_standoff_is_read_with_its_key_and_its_line_ends(project: Project) -> None:
    files = {
        "b/one.txt": "Ana 👩🏽‍🚒 wrote Dune\r\nin New\r\nYork.",
        "b/one.ann": "T1\tperson 0 3\tAna\nT2\tcreative_work 15 19\tDune\n"
        "T3\tplace 24 27;29 33\tNew York\n",
        "b/two.txt": "Nobody.",
        "b/two.ann": "",
        "b/open.txt": "Not read yet.",
        "annotation.conf": "[entities]\nperson\n",
    }
    work = loop.bring_in(project, "texts.zip", packed(files))
    assert (work.created, work.rejected) == (3, 0), work.errors
    assert quotes(project) == {
        files["b/one.txt"]: [
            (0, "Ana", "person"),
            (15, "Dune", "creative work"),
            (24, "New\r\nYork", "place"),
        ],
        "Nobody.": [],
    }
    assert set(Item.objects.filter(project=project).values_list("key", flat=True)) == {
        "b/one",
        "b/two",
        "b/open",
    }


def test_relations_and_attributes_are_told_and_the_spans_taken(project: Project) -> None:
    lines = (
        "T1\tperson 0 3\tAna\nT2\tplace 7 11\tLyon\nR1\tIn Arg1:T1 Arg2:T2\n"
        "A1\tNegated T1\n#1\tAnnotatorNotes T1\tsure\n"
    )
    work = loop.bring_in(project, "texts.zip", packed({"a.txt": "Ana in Lyon", "a.ann": lines}))
    assert work.created == 1
    assert [(each["code"], each["fate"]) for each in work.errors] == [("not_spans", "created")]
    assert "1 attributes, 1 notes, 1 relations" in work.errors[0]["detail"]
    assert len(quotes(project)["Ana in Lyon"]) == 2


def test_discontinuous_span_rejects_its_text_by_name(project: Project) -> None:
    files = {
        "a.txt": "left and right lung",
        "a.ann": "T1\tplace 0 4;15 19\tleft lung\n",
        "b.txt": "Ana ran",
        "b.ann": "T1\tperson 0 3\tAna\n",
    }
    work = loop.bring_in(project, "texts.zip", packed(files))
    assert (work.created, work.rejected) == (1, 1)
    assert work.errors[0]["code"] == "span_pieces"
    assert "T1 (“place”) has 2 pieces" in work.errors[0]["detail"]


def test_annotations_without_a_text_are_told(project: Project) -> None:
    files = {"a.txt": "Ana", "a.ann": "T1\tperson 0 3\tAna\n", "b.ann": "T1\tperson 0 3\tBob\n"}
    work = loop.bring_in(project, "texts.zip", packed(files))
    assert work.created == 1
    assert [(each["code"], each["file"]) for each in work.errors] == [("no_text", "b.ann")]


def test_zip_without_annotations_is_an_archive_of_texts(project: Project) -> None:
    work = loop.bring_in(project, "texts.zip", packed({"a.txt": "Ana", "b.txt": "Bob"}))
    assert (work.created, work.rejected) == (2, 0)
    assert quotes(project) == {}


def test_brat_asked_for_without_annotations_says_so(project: Project) -> None:
    with pytest.raises(Invalid, match=r"\.ann"):
        loop.bring_in(project, "texts.zip", packed({"a.txt": "Ana"}), format="brat")


def test_brat_export_has_configuration_and_leaves_open_texts_without_annotations(
    project: Project,
) -> None:
    rows = [
        {"id": "a/1", "text": "Ana\nRoth", "spans": [{"start": 0, "end": 8, "label": "person"}]},
        {"id": "a:1", "text": "Nobody", "spans": []},
        {"id": "open", "text": "Open"},
    ]
    loop.bring_in(project, "in.jsonl", "\n".join(map(json.dumps, rows)))
    with zipfile.ZipFile(io.BytesIO(sent(project, "brat", include=["unlabelled"]))) as archive:
        found = {name: archive.read(name).decode() for name in archive.namelist()}
    (doubled,) = [name for name in found if name.startswith("a_1-") and name.endswith(".ann")]
    assert found["annotation.conf"].startswith("[entities]\ncreative_work\nperson\nplace\n")
    assert found["a_1.ann"] == "T1\tperson 0 3;4 8\tAna Roth\n"
    assert found[doubled] == ""
    assert "open.txt" in found
    assert "open.ann" not in found


# Tokens with tags ---------------------------------------------------------------------------------


def lines(*rows: Any) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def test_lists_of_tokens_are_read_with_and_without_a_text(project: Project) -> None:
    rows = lines(
        {"id": "7", "tokens": ["Ana", "Roth", "ran"], "ner_tags": ["B-person", "I-person", "O"]},
        {
            "text": "Ana  (ran)",
            "tokens": ["Ana", "(", "ran", ")"],
            "ner_tags": ["B-person", "O", "O", "O"],
        },
    )
    work = loop.bring_in(project, "in.jsonl", rows)
    assert (work.created, work.rejected) == (2, 0), work.errors
    assert quotes(project) == {
        "Ana Roth ran": [(0, "Ana Roth", "person")],
        "Ana  (ran)": [(0, "Ana", "person")],
    }


def test_tokeniser_that_cut_otherwise_is_told_not_shifted(project: Project) -> None:
    good = {"text": "Bo ran", "tokens": ["Bo", "ran"], "ner_tags": ["B-person", "O"]}
    rows = lines(
        good,
        {"text": "Ana's bag", "tokens": ["Ana", "is", "bag"], "ner_tags": ["B-person", "O", "O"]},
        {"text": "Eva ran", "tokens": ["Eva", "ran"], "ner_tags": ["B-person"]},
        {"text": "Ida ran", "tokens": ["Ida", "ran"], "ner_tags": [1, 0]},
    )
    work = loop.bring_in(project, "in.jsonl", rows)
    assert (work.created, work.rejected) == (1, 3)
    assert [(each["row"], each["code"]) for each in work.errors] == [
        (2, "tokens_differ"),
        (3, "uneven_columns"),
        (4, "tag_numbers"),
    ]


WITHIN = {"text": "Ana-Roth ran", "spans": [{"start": 1, "end": 8, "label": "person"}]}


@pytest.mark.parametrize(
    ("way", "tags"),
    [
        ("widen", ["B-person", "I-person", "I-person", "O"]),
        ("shrink", ["O", "B-person", "I-person", "O"]),
        ("leave-out", ["O", "O", "O", "O"]),
    ],
)
def test_span_within_a_token_goes_out_as_chosen(
    project: Project, way: str, tags: list[str]
) -> None:
    loop.bring_in(project, "in.jsonl", lines(WITHIN))
    (told,) = map(json.loads, sent(project, "hf-tokens", unaligned=way).splitlines())
    assert told["tokens"] == ["Ana", "-", "Roth", "ran"]
    assert told["ner_tags"] == tags


def test_spans_that_do_not_fit_are_listed_before_the_export(project: Project) -> None:
    nested = [{"start": 0, "end": 8, "label": "person"}, {"start": 0, "end": 3, "label": "place"}]
    loop.bring_in(project, "in.jsonl", lines(WITHIN, {"text": "Ana Roth!", "spans": nested}))
    writer, wanted = export.checked(project, "hf-tokens", {"unaligned": "shrink"})
    found = export.unaligned_spans(project, writer, wanted)
    assert found is not None
    assert (found.records, found.spans, found.overlapping, found.is_all) == (2, 1, 1, True)
    (told,) = found.listed
    assert (told["text"], told["becomes"]) == ("na-Roth", {"start": 3, "end": 8, "text": "-Roth"})
    whole = export.checked(project, "jsonl", {})
    assert export.unaligned_spans(project, *whole) is None


# Bad rows -----------------------------------------------------------------------------------------

TEXT = "Ana met 👩🏽‍🚒 Bob in Lyon."
AT = TEXT.index("Bob")


def plain(*spans: tuple[int, int, str]) -> tuple[str, bytes]:
    told = [{"start": a, "end": b, "label": label} for a, b, label in spans]
    return "in.jsonl", lines({"text": TEXT, "spans": told}, GOOD).encode()


def doccano(*spans: tuple[int, int, str]) -> tuple[str, bytes]:
    good = {"id": 2, "text": GOOD["text"], "label": [[0, 2, "person"]], "Comments": []}
    row = {"id": 1, "text": TEXT, "label": [list(each) for each in spans], "Comments": []}
    return "in.jsonl", lines(row, good).encode()


def prodigy(*spans: tuple[int, int, str]) -> tuple[str, bytes]:
    told = [{"start": a, "end": b, "label": label} for a, b, label in spans]
    about = {"_input_hash": 1, "_task_hash": 2, "answer": "accept"}
    return "in.jsonl", lines({"text": TEXT, "spans": told, **about}, {**GOOD, **about}).encode()


def label_studio(*spans: tuple[int, int, str]) -> tuple[str, bytes]:
    def task(text: str, marks: Any) -> dict[str, Any]:
        regions = [
            {"type": "labels", "from_name": "label", "value": {"start": a, "end": b, "labels": [c]}}
            for a, b, c in marks
        ]
        return {"data": {"text": text}, "annotations": [{"result": regions}]}

    tasks = [task(TEXT, spans), task(GOOD["text"], [(0, 2, "person")])]
    return "in.json", json.dumps(tasks).encode()


def argilla(*spans: tuple[int, int, str]) -> tuple[str, bytes]:
    def record(text: str, marks: Any) -> dict[str, Any]:
        value = [{"start": a, "end": b, "label": c} for a, b, c in marks]
        answer = {"user_id": "u", "value": value, "status": "submitted"}
        return {"fields": {"text": text}, "responses": {"spans": [answer]}, "metadata": {}}

    found = [record(TEXT, spans), record(GOOD["text"], [(0, 2, "person")])]
    return "in.json", json.dumps(found).encode()


def brat(*spans: tuple[int, int, str]) -> tuple[str, bytes]:
    told = "".join(f"T{n}\t{c} {a} {b}\n" for n, (a, b, c) in enumerate(spans, start=1))
    files = {"a.txt": TEXT, "a.ann": told, "b.txt": GOOD["text"], "b.ann": "T1\tperson 0 2\tBo\n"}
    return "in.zip", packed(files)


GOOD = {"text": "Bo ran", "spans": [{"start": 0, "end": 2, "label": "person"}]}
MAKERS = [plain, doccano, prodigy, label_studio, argilla, brat]


@pytest.mark.parametrize(
    ("code", "spans"),
    [
        ("span_range", [(0, 99, "person")]),
        ("span_range", [(-1, 3, "person")]),
        ("span_reversed", [(3, 0, "person")]),
        ("span_empty", [(3, 3, "person")]),
        ("spans_cross", [(0, 7, "person"), (4, AT + 3, "place")]),
        ("unknown_label", [(0, 3, "ship")]),
        ("span_twice", [(0, 3, "person"), (0, 3, "person")]),
    ],
)
@pytest.mark.parametrize("make", MAKERS)
def test_bad_span_is_refused_by_its_row_and_good_rows_come_in(
    project: Project, make: Any, code: str, spans: list[tuple[int, int, str]]
) -> None:
    work = loop.bring_in(project, *make(*spans))
    assert (work.created, work.rejected) == (1, 1), work.errors
    assert [(each["row"], each["code"]) for each in work.errors] == [(1, code)]
    assert quotes(project) == {"Bo ran": [(0, "Bo", "person")]}


def utf_16(offset: int) -> int:
    return len(TEXT[:offset].encode("utf-16-le")) // 2


def in_bytes(offset: int) -> int:
    return len(TEXT[:offset].encode())


@pytest.mark.parametrize("count", [utf_16, in_bytes])
@pytest.mark.parametrize("make", MAKERS)
def test_offsets_in_other_units_are_converted_and_told(
    project: Project, make: Any, count: Any
) -> None:
    lyon = TEXT.index("Lyon")
    spans = [(AT, AT + 3, "person"), (lyon, lyon + 4, "place")]
    if make is brat:
        told = [f"place {count(a)} {count(b)}\t{TEXT[a:b]}" for a, b, _ in spans]
        notes = "".join(f"T{n}\t{each}\n" for n, each in enumerate(told))
        name, content = "in.zip", packed({"a.txt": TEXT, "a.ann": notes})
        spans = [(a, b, "place") for a, b, _ in spans]
    else:
        name, content = make(*((count(a), count(b), c) for a, b, c in spans))
    work = loop.bring_in(project, name, content)
    assert work.rejected == 0, work.errors
    assert quotes(project)[TEXT] == [(a, TEXT[a:b], c) for a, b, c in spans]
    assert any(note["code"] == "offsets_converted" for note in work.notes)


@pytest.mark.parametrize(
    "format", ["jsonl", "doccano", "label-studio", "prodigy", "argilla", "brat", "hf-tokens"]
)
def test_line_ends_of_windows_keep_their_offsets(project: Project, olga: Any, format: str) -> None:
    text = "One\r\n\r\nAna  in\r\nLyon\r\n"
    place = text.index("in\r\n")
    spans = [
        {"start": 7, "end": 10, "label": "person"},
        {"start": place, "end": text.index("Lyon") + 4, "label": "place"},
    ]
    loop.bring_in(project, "in.jsonl", lines({"text": text, "spans": spans}))
    other = made(olga, "B")
    work = loop.bring_in(other, f"out.{export.writer_of(format).suffix}", sent(project, format))
    assert work.rejected == 0, work.errors
    assert quotes(other) == quotes(project)
    assert quotes(other)[text][1] == (place, "in\r\nLyon", "place")
