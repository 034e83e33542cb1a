"""Tables and exports of other tools that are not quite as their standard has them."""

import json
from pathlib import Path
from typing import Any

import pytest

from annotator.formats import Columns, Part, Row, UnreadableFile
from annotator.formats.registry import for_content
from tests.formats.reading import codes, labels_of, looked_at, read, texts
from tests.formats.workbooks import COVERED, Tall, ods

SPAM = {"spam", "ham"}
TEXTS = ("csv", "jsonl", "text")


def noted(path: Path, content: str, kind: str = "csv") -> list[str]:
    """Return the codes of the notes of the first look."""
    looked = looked_at(path, content, kind, label_names=frozenset(SPAM))
    return [note.code for note in looked.notes]


# Quotation marks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ['"id,text,label"', "id,text,label"])
def test_rows_in_quotation_marks_are_parted(tmp_path: Path, header: str) -> None:
    content = f'{header}\n"1,""aa, bb"",spam"\n"2,cc dd,ham"\n'
    entries = read(tmp_path / "a.csv", content, labels=SPAM)
    assert texts(entries) == ["aa, bb", "cc dd"]
    assert labels_of(entries) == [["spam"], ["ham"]]
    assert noted(tmp_path / "a.csv", content) == ["whole_rows_quoted"]


def test_only_column_keeps_its_commas(tmp_path: Path) -> None:
    entries = read(tmp_path / "a.csv", 'text\n"hello, world"\n"a, b"\n')
    assert texts(entries) == ["hello, world", "a, b"]


def test_quotation_marks_of_texts_between_tabs_are_letters(tmp_path: Path) -> None:
    content = 'text\tlabel\n"open only\tspam\n"Great" film\tham\nall "well"\tham\n'
    entries = read(tmp_path / "a.tsv", content, labels=SPAM)
    assert texts(entries) == ['"open only', '"Great" film', 'all "well"']
    assert noted(tmp_path / "a.tsv", content) == ["quotes_are_letters"]


def test_quoted_cells_between_tabs_stay_quoted(tmp_path: Path) -> None:
    content = 'text\tlabel\n"a\tb"\tspam\n"two\nlines"\tham\n'
    assert texts(read(tmp_path / "a.tsv", content)) == ["a\tb", "two\nlines"]


def test_blanks_in_front_of_a_text_are_kept_whatever_other_texts_have(tmp_path: Path) -> None:
    content = 'id,text\n1,"said, ""yes"""\n2,  padded\n3,"more, ""no"""\n'
    assert texts(read(tmp_path / "a.csv", content)) == ['said, "yes"', "  padded", 'more, "no"']


def test_merged_cells_of_open_document_count_for_each_of_their_rows(tmp_path: Path) -> None:
    rows = [["text", "label"], ["aa", Tall("spam", 2)], ["bb", COVERED], ["cc", None]]
    entries = read(tmp_path / "a.ods", ods(rows), "xlsx", labels=SPAM)
    assert labels_of(entries) == [["spam"], ["spam"], None]
    notes = looked_at(tmp_path / "a.ods", ods(rows), "xlsx").notes
    assert [note.code for note in notes] == ["merged_cells"]


def test_names_of_columns_are_no_values_though_labels_are_called_so(tmp_path: Path) -> None:
    parts = (Part("a", "", ("a",), "no_text_column"), Part("b", "", ("b",), "no_text_column"))
    columns = {"parts": parts, "label_names": frozenset(("a", "b", "tie"))}
    with pytest.raises(UnreadableFile, match="missing_column"):
        looked_at(tmp_path / "a.csv", "a,c\none,two\n", **columns)


# Labels -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("marks", [("x", ""), ("yes", "no"), ("✓", "-")])
def test_columns_of_marks_are_labels(tmp_path: Path, marks: tuple[str, str]) -> None:
    so, not_so = marks
    content = f"text,spam,ham\naa,{so},{not_so}\nbb,{not_so},{so}\n"
    assert labels_of(read(tmp_path / "a.csv", content, labels=SPAM)) == [["spam"], ["ham"]]


def test_columns_of_other_numbers_are_no_labels_but_told(tmp_path: Path) -> None:
    content = "text,spam,ham\naa,0.9,0.1\n"
    assert labels_of(read(tmp_path / "a.csv", content, labels=SPAM)) == [None]
    assert noted(tmp_path / "a.csv", content) == ["columns_of_labels"]


def test_column_called_category_is_the_label_whatever_the_case_of_its_values(
    tmp_path: Path,
) -> None:
    entries = read(tmp_path / "a.csv", "text,category\naa,Spam\nbb,HAM\n", labels=SPAM)
    assert labels_of(entries) == [["Spam"], ["HAM"]]


def test_names_beside_numbers_of_labels_are_told(tmp_path: Path) -> None:
    content = "text,label,label_text\naa,0,spam\nbb,1,ham\n"
    assert noted(tmp_path / "a.csv", content) == ["labels_beside"]
    assert noted(tmp_path / "a.csv", "text,label,other\naa,spam,spam\nbb,ham,ham\n") == []


def test_text_of_nothing_that_can_be_seen_is_empty(tmp_path: Path) -> None:
    assert codes(read(tmp_path / "a.csv", "text\n\u200b \u2060\nbb\n")) == ["empty_text", ""]


# Other tools --------------------------------------------------------------------------------------


def test_argilla_export_in_a_csv_has_its_answers(tmp_path: Path) -> None:
    content = (
        "id,status,text,label.responses,label.responses.users,label.responses.status,"
        "label.suggestion\n"
        "r1,completed,aa,\"['ham']\",\"['u1']\",\"['submitted']\",spam\n"
        "r2,pending,bb,,,,\n"
    )
    entries = read(tmp_path / "a.csv", content, labels=SPAM)
    assert labels_of(entries) == [["ham"], None]
    assert [each.kind for each in entries[0].answers] == ["answer", "suggestion"]


@pytest.mark.parametrize(
    "responses",
    [
        [{"user_id": "u1", "value": "spam", "status": "submitted"}],
        {"user_id": ["u1"], "value": ["spam"], "status": ["submitted"]},
    ],
)
def test_argilla_data_set_of_the_hub_has_its_answers(tmp_path: Path, responses: Any) -> None:
    record = {
        "text": "aa",
        "label": responses,
        "label-suggestion": "ham",
        "label-suggestion-metadata": {"type": None, "score": 0.75, "agent": "m"},
        "external_id": "e1",
        "metadata": '{"source": "mail"}',
    }
    [row] = read(tmp_path / "a.jsonl", json.dumps(record) + "\n", "jsonl", labels=SPAM)
    assert (row.key, row.labels, row.meta) == ("e1", ["spam"], {"source": "mail"})
    assert [(each.kind, each.confidence) for each in row.answers] == [
        ("answer", None),
        ("suggestion", 0.75),
    ]


def test_only_field_that_a_tool_asks_about_is_the_text(tmp_path: Path) -> None:
    responses = {"sentiment": [{"value": "ham", "user_id": "u1"}]}
    record = {"id": "r", "fields": {"review": "aa"}, "responses": responses, "suggestions": {}}
    [row] = read(tmp_path / "a.json", json.dumps([record]), "jsonl", labels=SPAM)
    assert (row.content, row.labels) == ("aa", ["ham"])


def test_field_of_a_task_is_named_with_data_in_front_or_without(tmp_path: Path) -> None:
    tasks = json.dumps([{"id": 1, "data": {"body_text": "aa", "ref": "x"}, "annotations": []}])
    for name in ("body_text", "data.body_text"):
        assert texts(read(tmp_path / "a.json", tasks, "jsonl", text=name)) == ["aa"]


# JSON ---------------------------------------------------------------------------------------------


def test_label_and_id_are_found_beside_a_nested_text(tmp_path: Path) -> None:
    hit = {"_id": "1", "_source": {"id": "k7", "text": "aa", "label": "spam"}}
    found = json.dumps({"took": 3, "hits": {"total": 1, "hits": [hit]}})
    [row] = read(tmp_path / "a.json", found, "jsonl", labels=SPAM)
    assert (row.key, row.content, row.labels) == ("k7", "aa", ["spam"])


def test_list_with_texts_is_the_one_of_records(tmp_path: Path) -> None:
    whole = json.dumps({"users": [{"name": "a"}], "items": [{"text": "aa"}, {"text": "bb"}]})
    assert texts(read(tmp_path / "a.json", whole, "jsonl")) == ["aa", "bb"]


@pytest.mark.parametrize(
    "content",
    [
        '["Text","label"]\n["aa","spam"]\n["bb","ham"]\n',
        '[["text","label"],["aa","spam"],["bb","ham"]]',
    ],
)
def test_rows_under_a_row_of_names_are_records(tmp_path: Path, content: str) -> None:
    entries = read(tmp_path / "a.jsonl", content, "jsonl", labels=SPAM)
    assert [(row.number, row.content, row.labels) for row in entries] == [
        (1, "aa", ["spam"]),
        (2, "bb", ["ham"]),
    ]


def test_json_lines_under_the_name_of_a_text_are_records(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text('{"text": "aa", "label": "spam"}\n{"text": "bb", "label": "ham"}\n')
    reader = for_content(path, "a.txt", allowed=TEXTS)
    assert reader is not None
    entries = list(reader.read(path, Columns(), reader.look(path, Columns()), SPAM))
    assert [row.labels for row in entries if isinstance(row, Row)] == [["spam"], ["ham"]]


# Winnow's own exports -----------------------------------------------------------------------------


def test_notes_come_back_from_a_label_studio_export(tmp_path: Path) -> None:
    remarks = [
        {"from_name": "label", "type": "choices", "value": {"choices": ["spam"]}},
        {"from_name": "note", "type": "textarea", "value": {"text": ["a reply"]}},
        {"from_name": "unsure", "type": "rating", "value": {"rating": 1}},
    ]
    annotation = {"completed_by": "ana", "result": remarks}
    task = {"id": 1, "data": {"text": "aa", "winnow_id": "k"}, "annotations": [annotation]}
    [row] = read(tmp_path / "a.json", json.dumps([task]), "jsonl", labels=SPAM)
    [answer] = row.answers
    assert (answer.annotator, answer.note, answer.unsure) == ("ana", "a reply", True)
    assert row.meta == {}


def test_csv_export_that_a_spreadsheet_saved_again_has_everybodys_answers(tmp_path: Path) -> None:
    header = "id;item;key;text;meta;state;gold;audit_key;labels;annotator;unsure;note;source;"
    content = (
        f"{header}created_at;skip_reason\r\n"
        '1;9;k;grün;"{""c"":1}";labelled;;71896;spam;ana;FALSCH;so;random;29.11.2026 15:30;\r\n'
        '2;9;k;grün;"{""c"":1}";labelled;;71896;ham;bob;WAHR;;random;29.11.2026 15:31;\r\n'
    )
    [row] = read(tmp_path / "a.csv", content.encode("cp1252"), labels=SPAM)
    assert (row.key, row.content, row.meta) == ("k", "grün", {"c": 1})
    assert [(each.annotator, each.labels, each.note) for each in row.answers] == [
        ("ana", ("spam",), "so"),
        ("bob", ("ham",), ""),
    ]
