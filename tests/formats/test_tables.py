"""CSV and JSON Lines as people have them: what gets in, what is refused, and in which words."""

import json
from pathlib import Path
from typing import Any

import pytest

from annotator.formats import Columns, RejectedRow, UnreadableFile
from annotator.formats.registry import READERS
from annotator.formats.tables import json_shape
from annotator.formats.tables import lines as table_lines
from annotator.i18n.reasons import worded


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Return a function that reads bytes as the import does: looked at first, then row by row."""

    def of(content: Any, kind: str = "csv", **columns: Any) -> Any:
        path = tmp_path / "file"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        wanted = Columns(**columns)
        reader = READERS[kind]
        return list(reader.read(path, wanted, reader.look(path, wanted), set()))

    return of


def codes(rows: Any) -> Any:
    return [row.code if isinstance(row, RejectedRow) else "" for row in rows]


def texts(rows: Any) -> Any:
    return [row.content for row in rows if not isinstance(row, RejectedRow)]


def refusal(read: Any, *args: Any, **options: Any) -> Any:
    with pytest.raises(UnreadableFile) as caught:
        read(*args, **options)
    return caught.value


# The file as a whole -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n  \n", b"\xff\xfe"])
def test_file_without_anything_is_empty(read: Any, content: bytes, kind: str) -> None:
    assert refusal(read, content, kind).code == "empty_file"


@pytest.mark.parametrize("content", ["text,label", "text,label\n", "text\n\n \n"])
def test_file_with_only_a_header_is_empty(read: Any, content: str) -> None:
    assert refusal(read, content).code == "empty_file"


@pytest.mark.parametrize(
    ("content", "kind"), [("titre,corps\na,b\n", "csv"), ('{"titre": "a", "corps": 1}', "jsonl")]
)
def test_missing_text_column_names_the_columns_that_are_there(
    read: Any, content: str, kind: str
) -> None:
    problem = refusal(read, content, kind)
    assert problem.code == "missing_column"
    assert "“titre”, “corps”" in worded(problem.reason)


@pytest.mark.parametrize("column", ["text", "label", "id"])
def test_column_that_was_asked_for_and_is_not_there_is_named(read: Any, column: str) -> None:
    problem = refusal(read, "text,x\na,b\n", **{column: "Nope"})
    assert problem.code == "missing_column"
    assert "“Nope”" in worded(problem.reason)
    assert "“text”, “x”" in worded(problem.reason)


def test_duplicate_header_is_refused_by_name(read: Any) -> None:
    problem = refusal(read, "text,x,x\na,b,c\n")
    assert problem.code == "duplicate_column"
    assert "“x”" in worded(problem.reason)


@pytest.mark.parametrize(
    ("encoding", "word"),
    [
        ("utf-8", "Zürich 雨 🌧"),
        ("utf-8-sig", "Zürich 雨 🌧"),
        ("utf-16", "Zürich 雨 🌧"),
        ("utf-32", "Zürich 雨 🌧"),
        ("cp1252", "Zürich – “so”"),
    ],
)
def test_encoding_is_found(read: Any, encoding: str, word: str) -> None:
    rows = read(f"text,label\n{word},a\nplain,b\n".encode(encoding))
    assert texts(rows) == [word, "plain"]
    assert rows[0].labels == ["a"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_encoding_of_json_lines_is_found(read: Any, encoding: str) -> None:
    assert texts(read('{"text": "Zürich"}\n{"text": "雨"}\n'.encode(encoding), "jsonl")) == [
        "Zürich",
        "雨",
    ]


def test_utf_16_that_is_cut_off_loses_only_its_end(read: Any) -> None:
    rows = read("text\none\ntwo\nthree\n".encode("utf-16")[:-3])
    assert texts(rows)[:2] == ["one", "two"]


def test_bytes_that_are_no_utf_8_cost_only_their_row(read: Any) -> None:
    rows = read("text\nZürich\n".encode() + b"broken \xff\xfe\n" + "Genève\n".encode())
    assert texts(rows) == ["Zürich", "Genève"]
    assert codes(rows) == ["", "invalid_utf8", ""]
    assert rows[1].number == 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_and_line_ends_are_found(read: Any, delimiter: str, end: str) -> None:
    content = end.join([f"id{delimiter}text", f'1{delimiter}"a{end}b"', f"2{delimiter}c", ""])
    rows = read(content)
    assert [(row.key, row.content) for row in rows] == [("1", f"a{end}b"), ("2", "c")]


def test_line_of_more_than_ten_megabytes_costs_only_its_row(
    read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_lines, "LONGEST_LINE", 1000)
    assert codes(read("text,x\n" + "a" * 2000 + ",1\nb,2")) == ["line_too_long", ""]
    assert refusal(read, "a" * 2000 + "\nb").code == "line_too_long"
    assert refusal(read, "{}\n" + "a" * 2000, kind="jsonl").code == "line_too_long"


def test_total_is_right_without_a_line_end_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("text\na\nb")
    assert READERS["csv"].look(path, Columns()).rows == 2


# Rows --------------------------------------------------------------------------------------------


def test_columns_are_found_by_their_usual_names_whatever_the_case(read: Any) -> None:
    (row,) = read("ID, Category ,Message,Price\n7,a,hello,3.5\n")
    assert (row.key, row.labels, row.content, row.meta) == ("7", ["a"], "hello", {"Price": "3.5"})


def test_ragged_row_says_how_many_columns_it_has(read: Any) -> None:
    rows = read("text,label\na,b\nc\nd,e,f\ng,h\n")
    assert codes(rows) == ["", "column_count", "column_count", ""]
    assert [row.number for row in rows] == [1, 2, 3, 4]
    assert worded(rows[2].reason) == "Expected 2 columns, found 3."


def test_blank_lines_are_no_rows(read: Any) -> None:
    rows = read("text,label\n\na,b\n\n,\nc,d\n")
    assert [(row.number, row.content) for row in rows] == [(1, "a"), (2, "c")]


def test_unclosed_quote_names_its_line_and_rows_before_it_get_in(read: Any) -> None:
    rows = read('text,label\na,b\nc,d\n"e,f\ng,h\n')
    assert texts(rows) == ["a", "c"]
    assert codes(rows)[-1] == "unclosed_quote"
    assert "line 4" in worded(rows[-1].reason)


def test_stray_quote_costs_only_its_row(read: Any) -> None:
    rows = read('text,label\na,b\n"c"x,d\ne,f\n')
    assert codes(rows) == ["", "bad_quote", ""]
    assert texts(rows) == ["a", "e"]


def test_quote_in_the_header_that_never_closes_is_refused(read: Any) -> None:
    assert refusal(read, '"text,label\na,b\n').code == "bad_header"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("a\x00b", "nul_byte"),
        ('"  "', "empty_text"),
        ("a" * 1_000_001, "text_too_long"),
    ],
)
def test_unusable_text_costs_only_its_row(read: Any, row: str, code: str) -> None:
    rows = read(f"text,x\n{row},1\nfine,2\n")
    assert codes(rows) == [code, ""]


def test_huge_text_within_the_limit_gets_in(read: Any) -> None:
    assert len(texts(read("text\n" + "a" * 999_999 + "\n"))[0]) == 999_999


def test_control_and_bidi_characters_are_kept(read: Any) -> None:
    odd = "\x1b[31m \u202eabc\u2066 e\u0301\u200d"
    assert texts(read(f"text\n{odd}\n")) == [odd]


def test_several_labels_in_a_cell_are_parted_by_a_bar(read: Any) -> None:
    rows = read("text,label\na,x| y\nb,\n")
    assert [row.labels for row in rows] == [["x", "y"], None]


def test_id_that_is_too_long_costs_only_its_row(read: Any) -> None:
    assert codes(read(f"id,text\n{'9' * 2001},a\n8,b\n")) == ["bad_id", ""]


# JSON --------------------------------------------------------------------------------------------


def lines(*records: Any) -> Any:
    return "\n".join(r if isinstance(r, str) else json.dumps(r) for r in records)


def test_json_lines_give_rows_with_their_other_fields(read: Any) -> None:
    (row,) = read(
        lines({"text": "a", "label": ["x"], "id": 7, "n": 1.5, "deep": {"a": [1]}}), "jsonl"
    )
    assert (row.key, row.labels) == ("7", ["x"])
    assert row.meta == {"n": 1.5, "deep": '{"a":[1]}'}


def test_json_array_is_read_like_lines(read: Any) -> None:
    rows = read(json.dumps([{"text": "a"}, {"text": "b"}], indent=2), "jsonl")
    assert texts(rows) == ["a", "b"]


def test_json_array_that_is_cut_off_is_refused(read: Any) -> None:
    assert refusal(read, '[{"text": "a"}, {"te', "jsonl").code == "bad_json"


def test_json_object_that_is_too_large_says_how_to_write_it(
    read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_shape, "LARGEST_OBJECT", 10)
    problem = refusal(read, '{"data": [{"text": "a"}]}', "jsonl")
    assert problem.code == "too_large_object"
    assert "per line" in worded(problem.reason)


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_json_array_is_read_in_parts(
    read: Any, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(json_shape, "BLOCK", block)
    records = [{"text": f"text {n} ]}}", "id": 10**n, "deep": [{"a": ["\\"]}]} for n in range(25)]
    rows = read(json.dumps(records, indent=1), "jsonl")
    assert [row.content for row in rows] == [record["text"] for record in records]
    assert [row.key for row in rows] == [str(record["id"]) for record in records]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"text": "a",}', "bad_json"),
        ("{", "bad_json"),
        ('{"text": "\\ud800"}', "invalid_utf8"),
        ('{"text": NaN}', "text_type"),
        ('{"text": "a", "text": "b"}', "duplicate_key"),
        ('{"text": "a", "x": ' + "1" * 4301 + "}", "bad_number"),
        ("[" * 2000, "too_deep"),
        ("7", "not_an_object"),
        ("null", "not_an_object"),
        ('{"text": 7}', "text_type"),
        ('{"text": null}', "text_type"),
        ('{"other": "a"}', "text_type"),
        ('{"text": ""}', "empty_text"),
        ('{"text": "a\\u0000b"}', "nul_byte"),
        ('{"text": "a", "id": ["x"]}', "bad_id"),
    ],
)
def test_bad_line_costs_only_itself(read: Any, line: str, code: str) -> None:
    rows = read(lines({"text": "first", "label": "x", "id": "1"}, line, {"text": "last"}), "jsonl")
    assert codes(rows) == ["", code, ""]
    assert rows[1].number == 2
    assert worded(rows[1].reason)


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ('{"text": "\\ud800"}', "invalid_utf8"),
        ('{"text": "a", "id": "\\ud800"}', "invalid_utf8"),
        ('{"text": "a", "text": "b"}', "duplicate_key"),
        ("7", "not_an_object"),
    ],
)
def test_bad_element_of_an_array_costs_only_itself(read: Any, record: str, code: str) -> None:
    rows = read(f'[{{"text": "first", "label": "x", "id": "1"}}, {record}]', "jsonl")
    assert codes(rows) == ["", code]


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-1e999", '"\\ud800"', '{"a": "\\ud800"}', "1" * 40, "[NaN]"]
)
def test_what_a_database_cannot_hold_is_no_number_in_the_other_fields(
    read: Any, value: str
) -> None:
    (row,) = read(f'[{{"text": "a", "odd": {value}}}]', "jsonl")
    # The result must be JSON that every database and client accepts.
    json.loads(json.dumps(row.meta, allow_nan=False).encode().decode())
    assert all(not isinstance(v, int) or abs(v) < 2**63 for v in row.meta.values())
    json.dumps(row.meta, ensure_ascii=False).encode()


@pytest.mark.parametrize("depth", [60, 300, 900])
def test_deeply_nested_field_costs_nothing_but_itself(read: Any, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    (row,) = read(f'{{"text": "a", "deep": {deep}}}', "jsonl")
    assert row.meta["deep"] in {deep, "…"}


def test_json_nested_beyond_reason_is_refused(read: Any) -> None:
    assert refusal(read, "[" * 100_000 + "]" * 100_000, "jsonl").code == "too_deep"


def test_labels_that_only_later_lines_have_are_labels(read: Any) -> None:
    rows = read(lines({"text": "a"}, {"text": "b", "label": "x"}), "jsonl")
    assert [row.labels for row in rows] == [None, ["x"]]


def test_named_label_column_may_start_late(read: Any) -> None:
    rows = read(lines({"text": "a"}, {"text": "b", "kind": "x"}), "jsonl", label="kind")
    assert [row.labels for row in rows] == [None, ["x"]]


@pytest.mark.parametrize("nothing", ["", "  ", [], None])
def test_empty_label_is_none(read: Any, nothing: Any) -> None:
    (row,) = read(lines({"text": "a", "label": nothing}), "jsonl")
    assert row.labels is None


def test_label_is_trimmed_like_in_a_table(read: Any) -> None:
    (row,) = read(lines({"text": "a", "label": " x "}), "jsonl")
    assert row.labels == ["x"]
