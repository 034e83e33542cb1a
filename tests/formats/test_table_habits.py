"""Tables as Excel, pandas and people write them: encodings, headers, labels, ids, long fields."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from annotator.formats import UnreadableFile
from annotator.formats.registry import for_content
from annotator.formats.tables import charsets
from annotator.formats.tables import lines as table_lines
from annotator.i18n.reasons import worded
from tests.formats.reading import codes, labels_of, looked_at, read, rejected, texts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def notes(looked: Any) -> list[str]:
    return [note.code for note in looked.notes]


# Encodings ---------------------------------------------------------------------------------------

SENTENCES = {
    "windows-1252": [
        "Grüße aus Köln, bis später",
        "le café est fermé à Noël",
        "mañana será otro día",
    ],
    "windows-1250": ["zażółć gęślą jaźń", "Příliš žluťoučký kůň", "Árvíztűrő tükörfúrógép"],
    "windows-1251": ["Привет, как дела?", "счёт не оплачен", "Добрый день"],
    "gb18030": ["包裹还没有到", "我的订单在哪里?", "价格:100元"],
    "shift_jis": ["注文はどこですか", "東京タワー", "カメラが壊れた", "ｱﾘｶﾞﾄｳございます、注文ﾊ遅い"],
    "big5": ["我的訂單在哪裡", "謝謝你"],
    "euc-kr": ["주문이 아직 안 왔어요", "감사합니다"],
    "euc-jp": ["注文はどこですか"],
    "koi8-r": ["Привет, как дела?"],
    "windows-1253": ["Καλημέρα σας"],
    "windows-1254": ["Teşekkür ederim, ağaç"],
    "windows-1255": ["שלום עולם"],
    "windows-1256": ["مرحبا بالعالم"],
    "tis-620": ["ขอบคุณ"],
    "cp850": ["Grüße aus Köln"],
}


@pytest.mark.parametrize("encoding", SENTENCES)
def test_encoding_of_a_short_file_is_found(path: Path, encoding: str) -> None:
    for sentence in SENTENCES[encoding]:
        content = f'id,text,label\n1,"{sentence}",spam\n2,plain words,ham\n'
        data = content.encode(table_lines.codec_of(encoding))
        assert texts(read(path, data)) == [sentence, "plain words"]
        assert looked_at(path, data).encoding == encoding


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("word", ["plain", "Zürich", "包裹还没有到"])
def test_utf_16_without_its_mark_is_found(path: Path, encoding: str, word: str) -> None:
    rows = read(path, f"id,text\n1,{word}\n2,{word} again\n".encode(encoding))
    assert texts(rows) == [word, f"{word} again"]


def test_single_nul_byte_makes_no_utf_16_of_a_file(path: Path) -> None:
    for shift in ("", "x"):
        content = f"text,label\n{shift}nul\x00,ham\nb,ham\n"
        assert codes(read(path, content)) == ["nul_byte", ""]


def test_encoding_that_several_fit_is_not_sure(path: Path) -> None:
    looked = looked_at(path, "text\nniño\n".encode("cp1252"))
    assert (looked.encoding, looked.encoding_is_sure) == ("windows-1252", False)
    assert looked_at(path, "text\nzażółć gęślą jaźń\n".encode("cp1250")).encoding_is_sure
    assert looked_at(path, "text\nniño\n").encoding_is_sure


def test_encoding_that_a_person_names_is_used(path: Path) -> None:
    data = "text\nniño\n".encode("cp1252")
    assert texts(read(path, data, encoding="windows-1250")) == ["nińo"]
    assert texts(read(path, "text\nniño\n".encode("utf-8-sig"), encoding="UTF-8")) == ["niño"]
    for name in ("no-such", "base64", "unicode_escape", "rot13"):
        with pytest.raises(UnreadableFile) as caught:
            read(path, data, encoding=name)
        assert caught.value.code == "unknown_encoding"


@pytest.mark.parametrize("mostly", ["cp1252", "utf-8"])
def test_majority_of_the_lines_decides_about_the_encoding(path: Path, mostly: str) -> None:
    other = {"cp1252": "utf-8", "utf-8": "cp1252"}[mostly]
    lines = [f"{n},Grüße Nummer {n}\n".encode(mostly) for n in range(9)]
    rows = read(path, b"id,text\n" + b"".join(lines) + "9,über\n".encode(other))
    assert texts(rows) == [f"Grüße Nummer {n}" for n in range(9)]
    assert codes(rows)[-1] == "invalid_utf8"


def test_sample_of_any_bytes_has_some_encoding() -> None:
    assert charsets.guess(bytes(range(128, 256))).encoding


# Shape -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_is_found_although_the_texts_have_others(
    path: Path, delimiter: str, end: str
) -> None:
    others = "".join(sign for sign in ",;\t" if sign != delimiter)
    lines = ["Nummer", "Nachricht"], ["1", f"a{others}b"], ["2", "c"], ["3", f"d{others}"]
    content = end.join(delimiter.join(line) for line in lines)
    rows = read(path, content, text="Nachricht")
    assert texts(rows) == [f"a{others}b", "c", f"d{others}"]
    assert looked_at(path, content, text="Nachricht").delimiter == delimiter


def test_delimiter_that_a_person_names_is_used(path: Path) -> None:
    assert texts(read(path, "text;x,y\na;b,c\n", delimiter=",", text="text;x")) == ["a;b"]
    with pytest.raises(UnreadableFile) as caught:
        read(path, "text\na\n", delimiter="#")
    assert caught.value.code == "unknown_delimiter"


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "\ufeffsep=;"])
def test_line_that_names_the_delimiter_is_honoured(path: Path, first: str) -> None:
    rows = read(path, f"{first}\r\nid;text;label\r\n1;12,50 €;spam\r\n2;a,b,c;ham\r\n")
    assert [(row.key, row.content, row.labels) for row in rows] == [
        ("1", "12,50 €", ["spam"]),
        ("2", "a,b,c", ["ham"]),
    ]


def test_title_and_blank_rows_above_the_header_are_passed_over_and_told(path: Path) -> None:
    content = ",,\n\nSurvey of 2024,,\n , ,\nid,text,label\n1,a,spam\n2,b,ham\n"
    assert texts(read(path, content)) == ["a", "b"]
    assert "lines_before_header" in notes(looked_at(path, content))


def test_row_with_the_name_of_a_column_in_it_is_no_header(path: Path) -> None:
    rows = read(path, "Nachricht,Klasse\nhello,spam\nmessage,ham\n", text="nachricht")
    assert texts(rows) == ["hello", "message"]


def test_columns_without_a_name_are_ignored_unless_they_have_content(path: Path) -> None:
    content = "id,text,label,,\n1,aa,spam,,\n2,bb,ham\n3,cc,ham,,extra\n4,dd,ham,,,,\n"
    rows = read(path, content)
    assert codes(rows) == ["", "", "", ""]
    assert [row.meta for row in rows] == [{}, {}, {"column 5": "extra"}, {}]
    assert looked_at(path, content).header == ("id", "text", "label")


@pytest.mark.parametrize(
    "header", [" id , Text , Label ", '"id", "text", "label"', "\u200bid,TEXT\u00a0,'label'"]
)
@pytest.mark.parametrize("wanted", ["", "text", "Text", " TEXT "])
def test_blanks_and_quotes_around_the_names_of_columns_do_not_count(
    path: Path, header: str, wanted: str
) -> None:
    rows = read(path, f"{header}\n1,aa one,spam\n2,bb two,ham\n", text=wanted)
    assert [(row.key, row.content, row.labels) for row in rows] == [
        ("1", "aa one", ["spam"]),
        ("2", "bb two", ["ham"]),
    ]


def test_file_of_one_column_needs_no_header(path: Path) -> None:
    content = "my parcel never came\nhow, do I reset it\nthe app crashes\n"
    assert texts(read(path, content)) == content.splitlines()
    assert notes(looked_at(path, content)) == ["no_header"]


def test_only_column_is_the_text_whatever_its_name(path: Path) -> None:
    content = "Kommentar\nmy parcel never came, again\nhow do I reset the password\n"
    assert len(texts(read(path, content))) == 2
    assert notes(looked_at(path, content)) == ["only_column"]


def test_missing_header_is_named(path: Path) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read(path, "1,my parcel never came at all,spam\n2,another long text here,ham\n")
    assert caught.value.code == "no_header"
    assert "no header line" in worded(caught.value.reason)


def test_lost_rows_behind_an_open_quote_are_counted(path: Path) -> None:
    lines = [f"{n},row {n}," for n in range(1, 200)]
    lines[6] = '7,"a text whose quote never closes,'
    entries = read(path, "\n".join(["id,text,label", *lines]))
    (lost,) = rejected(entries)
    assert (len(texts(entries)), lost.code, lost.number) == (6, "unclosed_quote", 7)
    assert lost.rows == 199 - 6
    assert "192" in worded(lost.reason)


def test_rows_that_a_stray_quote_swallows_are_counted(path: Path) -> None:
    entries = read(path, 'id,text\n1,"open\n2,b\n3,"c"\n4,d\n')
    assert sum(each.rows for each in rejected(entries)) + len(texts(entries)) == 4
    assert entries[-1].number == 4


def test_field_of_eleven_megabytes_costs_only_its_row(path: Path) -> None:
    entries = read(path, f"id,text\n1,a\n2,{'x' * 11_000_000}\n3,c\n")
    assert codes(entries) == ["", "line_too_long", ""]
    quoted = f'id,text\n1,a\n2,"{"x" * 11_000_000}\n"\n3,c\n'
    assert codes(read(path, quoted)) == ["", "line_too_long", ""]


def test_twenty_thousand_columns_are_looked_up_fast(path: Path) -> None:
    names = ",".join(f"c{n}" for n in range(20_000))
    cells = ",".join(str(n) for n in range(20_000))
    start = time.process_time()
    with pytest.raises(UnreadableFile):
        looked_at(path, f"{names},c7\n{cells},7\n", text="c5")
    looked = looked_at(path, f"{names}\n{cells}\n{cells}\n", text="c5")
    # A quadratic search took 13 seconds.
    assert time.process_time() - start < 5
    assert looked.mapping == {"text": "c5"}


def test_nul_byte_costs_only_its_row(path: Path) -> None:
    entries = read(path, "id,text,x\n1,a\x00b,1\n2\x00,b,1\n3,c,x\x00y\n4,d,1\n")
    assert codes(entries) == ["nul_byte", "nul_byte", "", ""]
    assert "\x00" not in json.dumps(entries[2].meta)


# Labels ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", ["nan", "NaN", "NULL", "None", "NA", "<NA>", "#N/A", ""])
def test_missing_value_is_no_label(path: Path, nothing: str) -> None:
    content = f"id,text,label\n1,aa,{nothing}\n2,bb,spam\n"
    assert labels_of(read(path, content, labels=["spam"])) == [None, ["spam"]]
    assert ("no_labels" in notes(looked_at(path, content))) == bool(nothing)


def test_label_that_is_called_like_nothing_is_a_label(path: Path) -> None:
    assert labels_of(read(path, "text,label\na,None\n", labels=["None"])) == [["None"]]


@pytest.mark.parametrize("nothing", ["nan", "NULL", "<NA>"])
def test_missing_text_is_told(path: Path, nothing: str) -> None:
    entries = read(path, f"text,x\n{nothing},1\nNone,2\nb,3\n")
    assert codes(entries) == ["empty_text", "", ""]
    assert nothing in worded(entries[0].reason)


@pytest.mark.parametrize(
    ("written", "known", "found"),
    [
        ("1.0", ["0", "1"], "1"),
        ("1.0", ["1.0"], "1.0"),
        ("1.5", ["1"], "1.5"),
        ("True", ["true", "false"], "true"),
        ("spam\u200b", ["spam"], "spam"),
        (" spam\u00a0", ["spam"], "spam"),
        ("Lo\u0308we", ["Löwe"], "Löwe"),
        ("Löwe", ["Lo\u0308we"], "Lo\u0308we"),
        ("a|b", ["a|b"], "a|b"),
        ("SPAM", ["spam"], "SPAM"),
    ],
)
def test_label_is_matched_as_it_is_meant(
    path: Path, written: str, known: list[str], found: str
) -> None:
    assert labels_of(read(path, f"text,label\na,{written}\n", labels=known)) == [[found]]


@pytest.mark.parametrize(
    "cell", ["a|b", '"[""a"", ""b""]"', "\"['a', 'b']\"", '"{""choices"":[""a"",""b""]}"']
)
def test_list_of_labels_in_a_cell_is_read(path: Path, cell: str) -> None:
    assert labels_of(read(path, f"text,label\nx,{cell}\n", labels=["a", "b"])) == [["a", "b"]]


@pytest.mark.parametrize(
    ("value", "known", "found"),
    [
        (1, "1", "1"),
        (0, "0", "0"),
        (1.0, "1", "1"),
        (True, "True", "True"),
        (False, "no", "false"),
        ([1, 2], "1", "1"),
    ],
)
def test_number_is_the_label_of_that_name(path: Path, value: Any, known: str, found: str) -> None:
    rows = read(path, json.dumps({"text": "a", "label": value}), "jsonl", labels=[known])
    assert rows[0].labels[0] == found


def test_empty_label_does_not_hide_filled_labels(path: Path) -> None:
    records = [
        {"text": "a", "label": [], "labels": ["x"]},
        {"text": "b", "label": None, "labels": ["y"]},
    ]
    content = "\n".join(map(json.dumps, [*records, {"text": "c", "label": "x", "labels": ["y"]}]))
    rows = read(path, content, "jsonl", labels=["x", "y"])
    assert labels_of(rows) == [["x"], ["y"], ["x"]]
    assert rows[2].meta == {"labels": '["y"]'}


def test_column_called_category_is_the_label_only_with_labels_in_it(path: Path) -> None:
    content = "id,text,category\n1,shoes too small,Footwear\n2,nice hat,Headwear\n"
    rows = read(path, content, labels=["spam", "ham"])
    assert (labels_of(rows), rows[0].meta) == ([None, None], {"category": "Footwear"})
    assert labels_of(read(path, content, labels=["Headwear"])) == [["Footwear"], ["Headwear"]]
    named = read(path, content, labels=["spam"], label="category")
    assert labels_of(named) == [["Footwear"], ["Headwear"]]


# Ids and other fields ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("9007199254740993", "9007199254740993"),
        ("1" * 30, "1" * 30),
        ("1.0", "1"),
        ("-7", "-7"),
        ('" 1 "', "1"),
        ("null", ""),
    ],
)
@pytest.mark.parametrize("shape", ["{}", "[{}]"])
def test_id_stays_what_it_is(path: Path, shape: str, written: str, key: str) -> None:
    record = f'{{"id":{written},"text":"a"}}'
    (row,) = read(path, shape.replace("{}", record), "jsonl")
    assert row.key == key


def test_long_id_is_kept_whole_in_the_other_fields(path: Path) -> None:
    url = "https://example.org/" + "a" * 300
    (row,) = read(path, f"id,text\n{url},x\n")
    assert (row.key, row.meta) == (url, {"id": url})


def test_ids_that_are_row_numbers_can_be_left_aside(path: Path) -> None:
    (row,) = read(path, "id,text\n1,x\n", ignore_ids=True)
    assert (row.key, row.meta) == ("", {"id": "1"})


def test_long_field_is_kept_whole_or_told(path: Path) -> None:
    (row,) = read(path, json.dumps({"text": "a", "thread": "x" * 5000}), "jsonl")
    assert row.meta["thread"] == "x" * 5000
    (bad,) = read(path, json.dumps({"text": "a", "thread": "x" * 300_000}), "jsonl")
    assert (bad.code, "thread" in worded(bad.reason)) == ("meta_too_long", True)


# JSON shapes -------------------------------------------------------------------------------------

PAIR = [{"text": "aa bb", "label": "spam"}, {"text": "cc dd", "label": "ham"}]
SHAPES = {
    "lines": "\n".join(map(json.dumps, PAIR)),
    "array": json.dumps(PAIR),
    "wrapped": json.dumps({"data": PAIR}),
    "wrapped with more": json.dumps({"version": 1, "n": [1, 2], "items": PAIR}, indent=1),
    "table": json.dumps({"schema": {"fields": [{"name": "text"}]}, "data": PAIR}),
    "columns": json.dumps(
        {name: {str(n): row[name] for n, row in enumerate(PAIR)} for name in PAIR[0]}
    ),
    "lists": json.dumps({name: [row[name] for row in PAIR] for name in PAIR[0]}, indent=2),
    "index": json.dumps({str(n): row for n, row in enumerate(PAIR)}),
    "split": json.dumps(
        {"columns": ["text", "label"], "index": [0, 1], "data": [[*row.values()] for row in PAIR]}
    ),
    "printed": "\n".join(json.dumps(row, indent=2) for row in PAIR),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_records_are_found_wherever_they_are(path: Path, shape: str) -> None:
    rows = read(path, SHAPES[shape], "jsonl", labels=["spam", "ham"])
    assert [(row.number, row.content, row.labels) for row in rows] == [
        (1, "aa bb", ["spam"]),
        (2, "cc dd", ["ham"]),
    ]
    assert looked_at(path, SHAPES[shape], "jsonl").rows == 2


def test_one_record_over_several_lines_is_read(path: Path) -> None:
    assert labels_of(read(path, json.dumps(PAIR[0], indent=2), "jsonl")) == [["spam"]]
    assert labels_of(read(path, json.dumps(PAIR[0]), "jsonl")) == [["spam"]]


def test_nested_fields_are_found_and_named_with_dots(path: Path) -> None:
    record = {
        "id": 1,
        "doc": {"body": "hello", "by": {"name": "x", "age": 7}},
        "said": {"kind": "spam"},
    }
    (row,) = read(path, json.dumps(record), "jsonl", label="said.kind")
    assert (row.content, row.labels) == ("hello", ["spam"])
    assert row.meta == {"doc": '{"by":{"name":"x","age":7}}'}
    (row,) = read(path, json.dumps(record), "jsonl", text="doc.by.name")
    assert row.content == "x"
    assert "doc.by.age" in looked_at(path, json.dumps(record), "jsonl").header


# Files that are something else ------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "<html><table><tr><td>text</td>",
        "\ufeff\n <!DOCTYPE HTML>\n",
        '<?xml version="1.0"?><Workbook/>',
    ],
)
@pytest.mark.parametrize("name", ["sheet.xls", "table.csv"])
def test_page_under_the_name_of_a_table_is_refused(path: Path, name: str, content: str) -> None:
    path.write_text(content)
    with pytest.raises(UnreadableFile, match=r"HTML|XML"):
        for_content(path, name)


@pytest.mark.parametrize("header", ["id\ttext", "Text;Label", '"text","label"'])
def test_table_under_the_name_of_a_text_is_read_as_one(path: Path, header: str) -> None:
    path.write_text(f"{header}\n1,2\n")
    assert kind_of(path, "table.txt") == "csv"
    assert kind_of(path, "table.txt", "text") == "text"


@pytest.mark.parametrize("line", ["this text, or another", "text", "id", "a question, a label?"])
def test_text_with_delimiters_stays_a_text(path: Path, line: str) -> None:
    path.write_text(f"{line}\nsecond line\n")
    assert kind_of(path, "lines.txt") == "text"


def kind_of(path: Path, name: str, wanted: str = "") -> str:
    found = for_content(path, name, wanted)
    assert found is not None
    return found.kind


def test_labels_with_commas_between_are_several_where_each_is_one(path: Path) -> None:
    content = 'text,labels\na,"spam, ham"\nb,spam;ham\nc,"spam, other"\n'
    rows = read(path, content, labels=("spam", "ham"), delimiter=",")
    assert labels_of(rows) == [["spam", "ham"], ["spam", "ham"], ["spam, other"]]
    rows = read(path, content, labels=("spam", "ham", "spam, other"), delimiter=",")
    assert labels_of(rows)[2] == ["spam, other"]
