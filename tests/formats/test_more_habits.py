"""More tables and JSON files as people and programs write them."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from annotator.formats import Columns, Row, UnreadableFile
from annotator.formats.registry import for_content
from tests.formats.reading import codes, labels_of, looked_at, read, texts

LABELS = ("spam", "ham")
TEXTS = ("csv", "jsonl", "xlsx", "parquet", "text", "archive")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def notes(looked: Any) -> list[str]:
    return [note.code for note in looked.notes]


# Tables ------------------------------------------------------------------------------------------


def test_utf_8_with_a_character_cut_in_two_is_no_other_encoding(path: Path) -> None:
    data = "id,text\n1,gut\n2,Grüß".encode()[:-1]
    assert looked_at(path, data).encoding == "utf-8"
    assert codes(read(path, data)) == ["", "invalid_utf8"]


def test_euro_sign_of_latin_9_is_read(path: Path) -> None:
    data = "id,text\n1,Preis 5 €\n2,schöner Tag\n".encode("iso-8859-15")
    assert texts(read(path, data)) == ["Preis 5 €", "schöner Tag"]


def test_unicode_text_of_excel_is_a_table(path: Path) -> None:
    path.write_bytes("id\ttext\tlabel\r\n1\tGrüße\tspam\r\n".encode("utf-16"))
    reader = for_content(path, "mails.txt", allowed=TEXTS)
    assert reader is not None
    looked = reader.look(path, Columns())
    (row,) = reader.read(path, Columns(), looked, set(LABELS))
    assert isinstance(row, Row)
    assert (row.content, row.labels, row.key) == ("Grüße", ["spam"], "1")


def test_header_within_joined_files_is_no_item(path: Path) -> None:
    found = read(path, "id,text\n1,a\n\ufeffID,Text\n2,b\n")
    assert codes(found) == ["", "header_again", ""]


@pytest.mark.parametrize("content", ["text\na\ntext\n", "id,text\n1,text\n"])
def test_text_called_like_its_column_stays(path: Path, content: str) -> None:
    assert "text" in texts(read(path, content))


def test_column_without_a_name_keeps_its_content_and_is_told(path: Path) -> None:
    looked = looked_at(path, ",text,\n0,a,\n1,b,\n")
    assert notes(looked) == ["columns_named", "unnamed_columns"]
    assert [row.meta for row in read(path, ",text,\n0,a,\n")] == [{"column 1": "0"}]


def test_table_that_begins_with_a_label_has_no_header(path: Path) -> None:
    with pytest.raises(UnreadableFile) as refused:
        looked_at(path, "order is late,spam\nthanks,ham\n", label_names=frozenset(LABELS))
    assert refused.value.code == "no_header"


def test_column_of_labels_that_nobody_named_is_told(path: Path) -> None:
    known = frozenset(LABELS)
    content = "Nr;Text;Kategorie\n1;a;spam\n2;b;ham\n"
    assert notes(looked_at(path, content, label_names=known)) == ["labels_beside"]
    other = content.replace("ham", "hat")
    assert notes(looked_at(path, other, label_names=known)) == []
    named = looked_at(path, content, label="Kategorie", label_names=known)
    assert notes(named) == []


def test_value_that_is_a_label_is_not_told_as_none(path: Path) -> None:
    content = "text,label\na,N/A\n"
    assert notes(looked_at(path, content, label_names=frozenset(("N/A", "x")))) == []
    assert notes(looked_at(path, content, label_names=frozenset(LABELS))) == ["no_labels"]


def test_missing_ids_of_pandas_are_none(path: Path) -> None:
    content = "id,text\nnan,a\nnan,b\n7,c\n"
    assert [row.key for row in read(path, content)] == ["", "", "7"]
    assert notes(looked_at(path, content)) == ["no_ids"]


# JSON --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ('{"text": "a"},\n{"text": "b"},\n', ["a", "b"]),
        ('["a", "b"]', ["a", "b"]),
        ('{"text": "a", "n": NaN}\n{"text": "b", "n": -Infinity}\n', ["a", "b"]),
        ('{"results": {"items": [{"text": "a"}, {"text": "b"}]}}', ["a", "b"]),
        (
            '{"features": [{"name": "text"}], "rows": [{"row_idx": 0, "row": {"text": "a"}}]}',
            ["a"],
        ),
        ('{"id": 1, "data": {"text": "a"}, "annotations": [{"result": []}]}', ["a"]),
        ('{"fields": {"text": "a"}, "responses": {"label": [{"value": "spam"}]}}', ["a"]),
    ],
)
def test_records_are_found(path: Path, content: str, found: list[str]) -> None:
    assert texts(read(path, content, "jsonl", LABELS)) == found


def test_splits_of_a_data_set_stay_told_apart(path: Path) -> None:
    content = json.dumps({"train": [{"text": "a"}], "test": [{"text": "b"}]})
    rows = read(path, content, "jsonl")
    assert [(row.content, row.meta) for row in rows] == [
        ("a", {"split": "train"}),
        ("b", {"split": "test"}),
    ]


def test_missing_label_in_json_is_told(path: Path) -> None:
    content = '{"text": "a", "label": NaN}\n{"text": "b", "label": "ham"}\n'
    assert labels_of(read(path, content, "jsonl", LABELS)) == [None, ["ham"]]
    assert notes(looked_at(path, content, "jsonl")) == ["no_labels"]


@pytest.mark.parametrize("content", ["{}", "{}\n{}\n", "[{}, {}]"])
def test_records_without_fields_are_an_empty_file(path: Path, content: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        looked_at(path, content, "jsonl")
    assert refused.value.code == "empty_file"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", '[{"text": "a", "label": "spam"}]', "jsonl"),
        ("a.csv", '{"text": "a"}\n{"text": "b"}\n', "jsonl"),
        ("a.json", "id,text,label\n1,a,spam\n", "csv"),
        ("a.csv", "text\n{curly} brackets\n", "csv"),
        ("a.csv", "[draft] text,label\na,spam\n", "csv"),
    ],
)
def test_text_is_read_by_what_it_is(path: Path, name: str, content: str, kind: str) -> None:
    path.write_text(content)
    reader = for_content(path, name, allowed=TEXTS)
    assert reader is not None
    assert reader.kind == kind


def test_label_that_cannot_be_read_does_not_cost_the_text(path: Path) -> None:
    (row,) = read(path, '{"text": "a", "label": {"x": 1}}', "jsonl")
    assert row.content == "a"
    assert [answer.problem.code for answer in row.answers] == ["label_type"]


def test_two_long_names_of_fields_stay_two(path: Path) -> None:
    record = {"text": "a", "k" * 300 + "1": "x", "k" * 300 + "2": "y"}
    (row,) = read(path, json.dumps(record), "jsonl")
    assert sorted(row.meta.values()) == ["x", "y"]


# Workbooks ---------------------------------------------------------------------------------------


def workbook(*sheets: tuple[str, list[list[Any]]], merged: str = "") -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
            if merged:
                sheet.merge_range(merged, "spam")
    return out.getvalue()


def test_sheet_with_known_columns_is_read(path: Path) -> None:
    data = workbook(("Info", [["Read me"], ["by us"]]), ("Data", [["id", "text"], [1, "a"]]))
    assert texts(read(path, data, "xlsx")) == ["a"]
    (note,) = looked_at(path, data, "xlsx").notes
    assert (note.code, note.values) == ("other_sheets", {"sheet": "Data", "others": "Info"})


def test_first_sheet_is_read_if_no_sheet_has_known_columns(path: Path) -> None:
    data = workbook(("One", [["review"], ["fine so far"]]), ("Two", [["other"], ["b c d"]]))
    assert texts(read(path, data, "xlsx")) == ["fine so far"]


def test_merged_cell_counts_for_each_of_its_rows(path: Path) -> None:
    rows = [["id", "text", "label"], [1, "a", ""], [2, "b", ""], ["", "", ""], [3, "c", ""]]
    data = workbook(("Data", rows), merged="C2:C4")
    assert labels_of(read(path, data, "xlsx", LABELS)) == [["spam"], ["spam"], None]
    assert notes(looked_at(path, data, "xlsx")) == ["merged_cells"]


def test_large_number_in_a_cell_has_all_its_digits(path: Path) -> None:
    data = workbook(("Data", [["id", "text"], [1234567890123456, "a"]]))
    assert [row.key for row in read(path, data, "xlsx")] == ["1234567890123456"]
