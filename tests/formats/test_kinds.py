"""What a file is decides its bytes, not its name: workbooks, packed tables, texts, pictures."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from annotator.formats import Columns, Row, UnreadableFile, spreadsheet
from annotator.formats.registry import READERS, for_content, for_file
from annotator.i18n.reasons import worded
from tests.formats.reading import codes, looked_at, read, skipped, texts
from tests.formats.test_image_zip import picture
from tests.formats.workbooks import ods, xlsx

TABLE = "id,text,label\n1,aa bb,spam\n2,cc dd,ham\n"
SHEET = [["id", "text", "label"], [1, "aa bb", "spam"], [2, "cc dd", 1.0], [3, 5.5, True]]
TEXT_KINDS = ("csv", "jsonl", "xlsx", "parquet", "text", "archive")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def zipped(members: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(members: dict[str, bytes | str], mode: Any = "w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in members.items():
            data = content if isinstance(content, bytes) else content.encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def parquet(rows: dict[str, Any]) -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    written = pytest.importorskip("pyarrow.parquet")
    out = io.BytesIO()
    written.write_table(pyarrow.table(rows), out)
    return out.getvalue()


# Detection ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", TABLE, "csv"),
        ("a.csv", xlsx(SHEET), "xlsx"),
        ("a.xls", TABLE, "csv"),
        ("a.xlsx", ods(SHEET), "xlsx"),
        ("a.txt", xlsx(SHEET), "xlsx"),
        ("a.json", '{"text": "a"}', "jsonl"),
        ("a", '[{"text": "a"}]', "jsonl"),
        ("a.txt", "one text\nand more\n", "text"),
        ("a", TABLE, "csv"),
        ("a.csv", gzip.compress(TABLE.encode()), "archive"),
        ("a.csv.gz", gzip.compress(TABLE.encode()), "archive"),
        ("a.zip", zipped({"a.csv": TABLE}), "archive"),
        ("a.tar.gz", tarred({"a.csv": TABLE}), "archive"),
        ("a.tgz", tarred({"a.csv": TABLE}), "archive"),
        ("a.dat", tarred({"a.csv": TABLE}, "w"), "archive"),
    ],
)
def test_reader_is_chosen_by_content(path: Path, name: str, content: Any, kind: str) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = for_content(path, name, allowed=TEXT_KINDS)
    assert found is not None
    assert found.kind == kind


def test_picture_is_read_by_the_reader_of_pictures(path: Path) -> None:
    for name, content in (
        ("a.png", picture()),
        ("a", picture("JPEG")),
        ("a.tgz", tarred({"a": "b"})),
    ):
        path.write_bytes(content)
        assert for_content(path, name, allowed=("zip",)).kind == "zip"
    assert for_file("a.zip", allowed=("zip",)).kind == "zip"
    assert for_file("a.zip", allowed=TEXT_KINDS).kind == "archive"
    assert for_file("a.tar.gz", allowed=TEXT_KINDS).kind == "archive"
    assert for_file("IMG_1.JPG", allowed=("zip",)).kind == "zip"


@pytest.mark.parametrize("kind", ["csv", "jsonl", "text"])
def test_workbook_is_called_one_whatever_its_name(path: Path, kind: str) -> None:
    for content, name in ((xlsx(SHEET), "Excel"), (ods(SHEET), "OpenDocument")):
        with pytest.raises(UnreadableFile) as caught:
            looked_at(path, content, kind)
        assert caught.value.code == "wrong_content"
        assert f"This is an {name} workbook" in worded(caught.value.reason)
        assert worded(caught.value.reason).isprintable()


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"%PDF-1.7\n", "PDF"), (b"7z\xbc\xaf\x27\x1c", "7-Zip"), (b"BZh91", "bzip2")],
)
def test_file_that_nothing_reads_is_named(path: Path, content: bytes, name: str) -> None:
    path.write_bytes(content)
    with pytest.raises(UnreadableFile) as caught:
        for_content(path, "a.csv", allowed=TEXT_KINDS)
    assert name in worded(caught.value.reason)


# Spreadsheets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [xlsx, ods])
def test_first_sheet_is_read_with_numbers_as_they_are_shown(path: Path, made: Any) -> None:
    rows = read(path, made(SHEET), "xlsx", labels=["spam", "1", "true"])
    assert [(row.number, row.key, row.content, row.labels) for row in rows] == [
        (1, "1", "aa bb", ["spam"]),
        (2, "2", "cc dd", ["1"]),
        (3, "3", "5.5", ["true"]),
    ]


def test_sheet_has_titles_blank_rows_and_empty_columns(path: Path) -> None:
    sheet = [["Survey"], [], ["text", "label", None], ["aa", "spam"], [], ["bb", None, "more"]]
    rows = read(path, xlsx(sheet), "xlsx")
    assert [(row.content, row.labels, row.meta) for row in rows] == [
        ("aa", ["spam"], {}),
        ("bb", None, {"column 3": "more"}),
    ]


def test_other_sheets_are_told(path: Path) -> None:
    looked = looked_at(path, xlsx(SHEET, more=["notes"]), "xlsx")
    assert [(note.code, note.values["others"]) for note in looked.notes] == [
        ("other_sheets", "notes")
    ]


@pytest.mark.parametrize("cut", [10, 200, -30])
def test_damaged_workbook_is_refused(path: Path, cut: int) -> None:
    with pytest.raises(UnreadableFile):
        read(path, xlsx(SHEET)[:cut], "xlsx")


def test_workbook_that_unpacks_to_too_much_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheet, "MOST_BYTES", 100)
    with pytest.raises(UnreadableFile) as caught:
        read(path, xlsx(SHEET), "xlsx")
    assert caught.value.code == "workbook_too_large"


# Parquet -----------------------------------------------------------------------------------------


def test_parquet_is_read(path: Path) -> None:
    content = parquet(
        {"id": [1, 2], "text": ["aa", None], "label": [["x", "y"], []], "n": [1.5, None]}
    )
    rows = read(path, content, "parquet", labels=["x"])
    assert codes(rows) == ["", "text_type"]
    assert (rows[0].key, rows[0].labels, rows[0].meta) == ("1", ["x", "y"], {"n": 1.5})


@pytest.mark.parametrize("content", [b"text,label\na,b\n", b"PAR1" + bytes(50), b"PAR1"])
def test_what_is_no_parquet_is_refused(path: Path, content: bytes) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(UnreadableFile) as caught:
        read(path, content, "parquet")
    assert caught.value.code == "not_parquet"


def test_parquet_is_bounded_by_what_it_decodes_to(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = parquet({"text": ["x" * 1_000_000] * 400})
    assert len(content) < 100_000
    monkeypatch.setattr("annotator.formats.parquet.MOST_BYTES_OF_BATCH", 50 << 20)
    with pytest.raises(UnreadableFile) as caught:
        read(path, content, "parquet")
    assert caught.value.code == "too_large"


# Text --------------------------------------------------------------------------------------------


def test_each_line_of_a_text_is_an_item(path: Path) -> None:
    rows = read(path, "one, a\n\n  two\tb\r\nthree\n", "text")
    assert [(row.number, row.content) for row in rows] == [
        (1, "one, a"),
        (2, "  two\tb"),
        (3, "three"),
    ]


def test_fasttext_labels_stand_in_front(path: Path) -> None:
    rows = read(path, "__label__spam win money\n__label__a __label__b two\nnone\n", "text")
    assert [(row.content, row.labels) for row in rows] == [
        ("win money", ["spam"]),
        ("two", ["a", "b"]),
        ("none", None),
    ]


# Packed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(TABLE.encode()),
        gzip.compress(
            json.dumps(
                [
                    {"id": 1, "text": "aa bb", "label": "spam"},
                    {"id": 2, "text": "cc dd", "label": "ham"},
                ]
            ).encode()
        ),
        zipped({"a.csv": TABLE}),
        zipped({"folder/": "", "folder/a.csv": TABLE, "__MACOSX/folder/._a.csv": b"\x00"}),
        tarred({"a.csv": TABLE}),
        tarred({"a.csv": TABLE}, "w"),
        gzip.compress(xlsx([["id", "text", "label"], [1, "aa bb", "spam"], [2, "cc dd", "ham"]])),
    ],
)
def test_table_is_unpacked(path: Path, content: bytes) -> None:
    entries = read(path, content, "archive", labels=["spam", "ham"])
    rows = [each for each in entries if isinstance(each, Row)]
    # What a system left in it is told.
    assert codes(entries) in (["", ""], ["", "", "system_files"])
    assert [(row.number, row.key, row.content, row.labels) for row in rows] == [
        (1, "1", "aa bb", ["spam"]),
        (2, "2", "cc dd", ["ham"]),
    ]


def test_tables_of_a_zip_are_read_one_after_the_other(path: Path) -> None:
    members = {"b.jsonl": '{"text": "c"}\n{"no": 1}', "a.csv": "text\na\nb\n", "x.pdf": b"%PDF"}
    entries = read(path, zipped({**members, "z.csv": "foo,bar\n1,2\n"}), "archive")
    assert texts(entries) == ["a", "b", "c"]
    assert [each.number for each in entries if hasattr(each, "number")] == [1, 2, 3, 4]
    assert [(each.name, each.code) for each in skipped(entries)] == [
        ("x.pdf", "unread_kind"),
        ("z.csv", "missing_column"),
    ]


def test_each_text_of_a_zip_is_an_item_and_its_folder_may_be_the_label(path: Path) -> None:
    members = {
        "spam/1.txt": "win\nmoney",
        "ham/2.txt": "Grüße".encode("cp1252"),
        "other/3.txt": "x",
    }
    entries = read(path, zipped({**members, "e.txt": ""}), "archive", labels=["spam", "ham"])
    assert codes(entries) == ["empty_file", "", "", ""]
    assert {row.key: (row.content, row.labels) for row in entries[1:]} == {
        "ham/2.txt": ("Grüße", ["ham"]),
        "other/3.txt": ("x", None),
        "spam/1.txt": ("win\nmoney", ["spam"]),
    }


def test_damaged_table_of_a_zip_costs_only_itself(path: Path) -> None:
    content = bytearray(zipped({"a.csv": TABLE, "b.csv": TABLE.replace("aa", "ee")}))
    place = content.find(b"ee bb")
    content[place : place + 2] = b"XX"
    entries = read(path, bytes(content), "archive")
    assert texts(entries) == ["aa bb", "cc dd"]
    assert [(each.name, each.code) for each in skipped(entries)] == [("b.csv", "bad_zip_entry")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (gzip.compress(TABLE.encode())[:-9], "bad_gzip"),
        (zipped({}), "empty_zip"),
        (zipped({"a.pdf": b"%PDF"}), "no_text"),
        (zipped({"../a.csv": TABLE}), "zip_unsafe_name"),
        (tarred({"../a.csv": TABLE}), "zip_unsafe_name"),
        (tarred({"a.csv": TABLE})[:60], "bad_gzip"),
        (zipped({"a.csv": "foo,bar\n1,2\n"}), "missing_column"),
    ],
)
def test_unusable_archive_is_refused(path: Path, content: bytes, code: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        looked_at(path, content, "archive")
    assert caught.value.code == {"no_text": "no_tables"}.get(code, code)


def test_gzip_that_unpacks_to_too_much_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotator.formats.archive.LARGEST_TABLE", 1 << 20)
    with pytest.raises(UnreadableFile) as caught:
        read(path, gzip.compress(bytes(3 << 20)), "archive")
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("kind", READERS)
def test_every_reader_refuses_what_it_cannot_read(path: Path, kind: str) -> None:
    for content in (b"", b"\x00\x01\x02\x03" * 300, b"PK\x03\x04" + bytes(100), b"\x1f\x8b\x08"):
        path.write_bytes(content)
        reader = READERS[kind]
        problem, entries = None, []
        try:
            looked = reader.look(path, Columns())
            entries = list(reader.read(path, Columns(), looked, set()))
        except UnreadableFile as error:
            problem = error
        assert problem is None or (problem.code and worded(problem.reason).isprintable())
        assert problem or not texts(entries)
