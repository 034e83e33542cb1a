"""Files as other tools, systems and people write them: what is read of each, and what is told."""

import json
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from annotator.formats import Columns, Row, UnreadableFile
from annotator.formats.base import Reader
from annotator.formats.registry import for_content, for_file
from annotator.tasktypes import find
from tests.formats.reading import codes
from tests.formats.test_image_zip import picture
from tests.formats.written_by_others import (
    chosen,
    lines,
    named_by_bytes,
    parquet,
    rated,
    tarred,
    task,
    workbook,
    zipped,
)

LABELS = frozenset(("spam", "ham"))


@dataclass(frozen=True)
class Case:
    """A file by its name, and what is read of it: texts with their labels, or why it is refused."""

    name: str
    content: bytes | str
    found: list[Any] = field(default_factory=list)
    refused: str = ""
    # Of what is no item, and of what the first look tells.
    codes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    meta: dict[str, Any] | None = None
    keys: list[str] | None = None
    task: str = "text"
    labels: frozenset[str] = LABELS
    columns: dict[str, str] = field(default_factory=dict)


TWO = [("aa", ["spam"]), ("bb", ["ham"])]
TEXTS = [("aa", []), ("bb", [])]
PAIR = "id,text,label\n1,aa,spam\n2,bb,ham\n"
ANIMALS = frozenset(("Löwe", "Tiger"))
ONE, OTHER = picture(), picture("JPEG")
PHOTOS: dict[str, Any] = {"task": "image", "labels": ANIMALS}
SPANS: dict[str, Any] = {"task": "text-spans", "labels": frozenset(("ORG", "PER"))}
JAPANESE = PAIR.replace("aa", "注文した商品が届きません").replace("bb", "ありがとう")

CASES = {
    # JSON
    "arrays one after the other": Case("a.json", '[{"text": "aa"}]\n[{"text": "bb"}]', TEXTS),
    "something after an array": Case("a.json", '[{"text": "aa"}] and so on', refused="bad_json"),
    "lines of values": Case(
        "a.jsonl", '["aa", "spam"]\n["bb", "ham"]\n', codes=("not_an_object",) * 2
    ),
    "JSON text sequence": Case("a.jsonl", '\x1e{"text": "aa"}\n\x1e{"text": "bb"}\n', TEXTS),
    "array in one long line": Case(
        "a.json",
        json.dumps([{"text": "aa", "x": "y" * 11_000_000}, {"text": "bb"}]),
        TEXTS[1:],
        codes=("meta_too_long",),
    ),
    "records by their ids": Case(
        "a.json",
        json.dumps({"x": {"text": "aa", "label": "spam"}, "y": {"text": "bb", "label": "ham"}}),
        TWO,
        keys=["x", "y"],
    ),
    "nested without a rest": Case(
        "a.jsonl", lines({"doc": {"body": {"text": "aa"}}}), TEXTS[:1], meta={}
    ),
    "nested beyond reason": Case(
        "a.jsonl", '{"text": "aa"}\n{"text": ' + "[" * 5000 + "\n", TEXTS[:1], codes=("too_deep",)
    ),
    "rows of Hugging Face": Case(
        "a.json",
        json.dumps(
            {
                "features": [
                    {"name": "text", "type": {"dtype": "string"}},
                    {"name": "label", "type": {"names": ["ham", "spam"], "_type": "ClassLabel"}},
                ],
                "rows": [
                    {"row_idx": 0, "row": {"text": "aa", "label": 1}},
                    {"row_idx": 1, "row": {"text": "bb", "label": 0}},
                ],
            }
        ),
        TWO,
    ),
    "spaCy's categories": Case(
        "a.json",
        json.dumps(
            [["aa", {"cats": {"spam": 1.0, "ham": 0.0}}], ["bb", {"cats": {"spam": 0, "ham": 1}}]]
        ),
        TWO,
        notes=("label_columns",),
    ),
    # Tables
    "backslashes before quotation marks": Case(
        "a.csv",
        'id,text\n1,"say \\"hi\\", now"\n2,bb\n',
        [('say "hi", now', []), ("bb", [])],
        notes=("escaped_quotes",),
    ),
    "single quotation marks": Case("a.csv", "'text','label'\n'aa','spam'\n'bb','ham'\n", TWO),
    "names of rows from R": Case(
        "a.csv", "text,label\n0,aa,spam\n1,bb,ham\n", TWO, meta={"column 1": "1"}
    ),
    "a column for each label": Case("a.csv", "text,spam,ham\naa,1,0\nbb,False,TRUE\n", TWO),
    "title for a text": Case("a.csv", "title,year\naa,1999\nbb,2001\n", TEXTS),
    "fastText under the name of a table": Case(
        "a.csv", "__label__spam aa, now\n__label__ham bb\n", [("aa, now", ["spam"]), TWO[1]]
    ),
    "table without an ending": Case("data", PAIR, TWO),
    "header of two rows": Case(
        "a.xlsx",
        workbook(
            ("S", [["id", "", ""], ["", "text", "label"], [1, "aa", "spam"], [2, "bb", "ham"]]),
            title="B1:C1",
        ),
        TWO,
        notes=("lines_before_header",),
    ),
    "hidden sheet in front": Case(
        "a.xlsx",
        workbook(("Old", [["text"], ["gone"]]), ("New", [["text"], ["aa"], ["bb"]]), hidden="Old"),
        TEXTS,
        notes=("other_sheets",),
    ),
    "workbook without a header": Case(
        "a.xlsx",
        workbook(("S", [["Where is it?", "spam"], ["Thanks", "ham"]])),
        refused="no_header",
    ),
    "UTF-32 without its mark": Case("a.csv", PAIR.encode("utf-32-le"), TWO),
    "UTF-32, large end first": Case("a.csv", PAIR.encode("utf-32-be"), TWO),
    "Japanese mail": Case(
        "a.csv",
        JAPANESE.encode("iso2022_jp"),
        [("注文した商品が届きません", ["spam"]), ("ありがとう", ["ham"])],
    ),
    # Parquet
    "columns of one name": Case(
        "a.parquet",
        parquet({"a": ["aa"], "b": ["bb"]}, ["text", "text"]),
        refused="duplicate_column",
    ),
    "fields within a column": Case(
        "a.parquet", parquet({"data": [{"text": "aa"}, {"text": "bb"}]}), TEXTS
    ),
    "bytes that are texts": Case(
        "a.parquet", parquet({"text": [b"aa", b"bb"], "label": [b"spam", b"ham"]}), TWO
    ),
    # What is no text
    "program": Case(
        "a.csv", b"MZ\x90\x00\x03\x00\x00\x00" + bytes(range(256)), refused="wrong_content"
    ),
    "noise": Case("a.csv", bytes(range(256)) * 8, refused="wrong_content"),
    "sound": Case("a.csv", b"ID3\x03\x00" + b"\xff\xfb" * 50, refused="wrong_content"),
    "NumPy": Case("a.txt", b"\x93NUMPY\x01\x00v\x00", refused="wrong_content"),
    # Archives
    "packed from inside its folder": Case("a.tgz", tarred({"./a.csv": PAIR.encode()}), TWO),
    "files of a Mac": Case(
        "a.zip", zipped({"a.csv": PAIR, "__MACOSX/._a.csv": b"\x00"}), TWO, codes=("system_files",)
    ),
    "doccano, a file a person": Case(
        "a.zip",
        zipped(
            {
                name: lines({"id": 1, "text": "aa", "label": [label], "Comments": []})
                for name, label in (("anne.jsonl", "spam"), ("bob.jsonl", "ham"))
            }
        ),
        [("aa", ["spam"]), ("aa", ["ham"])],
        notes=("read_as_tool", "tables"),
    ),
    "damaged table": Case(
        "a.zip", zipped({"a.csv": PAIR}).replace(b"1,aa", b"1,xx"), refused="bad_zip_entry"
    ),
    # Tools
    "Label Studio, one choice": Case("a.json", json.dumps([task("aa", chosen("spam"))]), TWO[:1]),
    "Label Studio, two questions": Case(
        "a.json",
        json.dumps([task("aa", chosen(["yes"], "urgent"), chosen(["spam"]), rated(4))]),
        TWO[:1],
        meta={"urgent": '["yes"]', "stars": 4},
    ),
    "doccano's table": Case("a.csv", "id,data,label\n1,aa,spam\n2,bb,ham\n", TWO),
    "doccano, several labels": Case(
        "a.csv", "id,text,label\n1,aa,spam#ham\n", [("aa", ["spam", "ham"])]
    ),
    "doccano, remarks without a label": Case(
        "a.jsonl",
        lines({"text": "aa", "label": [], "Comments": ["hm"]}),
        TEXTS[:1],
        meta={"Comments": '["hm"]'},
    ),
    "Prodigy, accepted and rejected": Case(
        "a.jsonl",
        lines(
            {"text": "aa", "label": "spam", "answer": "accept", "_input_hash": 1},
            {"text": "aa", "label": "ham", "answer": "reject", "_input_hash": 1},
        ),
        TWO[:1],
        meta={"rejected": "ham"},
    ),
    # Spans
    "CoNLL under the name of a text": Case(
        "train.txt", "-DOCSTART- O\n\n# O\nEU B-ORG\n\n", [("# EU", ["ORG"])], **SPANS
    ),
    "Argilla 1": Case(
        "a.jsonl",
        lines(
            {
                "text": "EU x",
                "tokens": ["EU", "x"],
                "annotation": [["ORG", 0, 2]],
                "annotation_agent": "anne",
                "status": "Validated",
            }
        ),
        [("EU x", ["ORG"])],
        **SPANS,
    ),
    "spaCy's entities": Case(
        "a.json",
        json.dumps([["EU x", {"entities": [[0, 2, "ORG"]]}]]),
        [("EU x", ["ORG"])],
        **SPANS,
    ),
    "doccano's relations": Case(
        "a.jsonl",
        lines(
            {
                "text": "EU x",
                "entities": [{"id": 0, "start_offset": 0, "end_offset": 2, "label": "ORG"}],
                "relations": [{"from_id": 0, "to_id": 0, "type": "is"}],
            }
        ),
        [("EU x", ["ORG"])],
        meta={"relations": '[{"from_id":0,"to_id":0,"type":"is"}]'},
        **SPANS,
    ),
    "brat with other files": Case(
        "a.zip",
        zipped(
            {"a.txt": "EU x", "a.ann": "T1\tORG 0 2\tEU\n", "a.pdf": b"%PDF", "visual.conf": ""}
        ),
        [("EU x", ["ORG"])],
        codes=("unread_kind",),
        **SPANS,
    ),
    # Pictures
    "names in GBK": Case(
        "a.zip",
        named_by_bytes({"老虎/图片一.png".encode("gbk"): ONE, "狮子/二.jpg".encode("gbk"): OTHER}),
        [("狮子/二.jpg", ["狮子"]), ("老虎/图片一.png", ["老虎"])],
        notes=("names_read_as",),
        task="image",
        labels=frozenset(("老虎", "狮子")),
    ),
    "names in Shift-JIS": Case(
        "a.zip",
        named_by_bytes({"トラ/写真.png".encode("shift_jis"): ONE}),
        [("トラ/写真.png", ["トラ"])],
        task="image",
        labels=frozenset(("トラ", "x")),
    ),
    "names in Cyrillic": Case(
        "a.zip",
        named_by_bytes({"Тигр/фото.png".encode("cp866"): ONE}),
        [("Тигр/фото.png", ["Тигр"])],
        task="image",
        labels=frozenset(("Тигр", "x")),
    ),
    "names of Windows": Case(
        "a.zip",
        named_by_bytes({"Löwe/1.png".encode("cp1252"): ONE}),
        [("Löwe/1.png", ["Löwe"])],
        **PHOTOS,
    ),
    "names of MS-DOS": Case(
        "a.zip",
        named_by_bytes({"Löwe/1.png".encode("cp437"): ONE}),
        [("Löwe/1.png", ["Löwe"])],
        notes=(),
        **PHOTOS,
    ),
    "names told beside": Case(
        "a.zip",
        named_by_bytes(
            {b"L_we/1.png": ONE},
            struct.pack("<HHBI", 0x7075, 16, 1, zlib.crc32(b"L_we/1.png")) + "Löwe/1.png".encode(),
        ),
        [("Löwe/1.png", ["Löwe"])],
        **PHOTOS,
    ),
    "names with a dot in front": Case(
        "a.zip", zipped({"./Tiger/1.png": ONE}), [("Tiger/1.png", ["Tiger"])], **PHOTOS
    ),
    "paths of another computer": Case(
        "a.zip",
        zipped(
            {
                "a/1.png": ONE,
                "b/1.png": OTHER,
                "labels.csv": "file,label\nC:\\data\\a\\1.png,Tiger\n/home/x/b/1.png,Löwe\n",
            }
        ),
        [("a/1.png", ["Tiger"]), ("b/1.png", ["Löwe"])],
        **PHOTOS,
    ),
    "a column for each class": Case(
        "a.zip",
        zipped({"train/1.png": ONE, "train/_classes.csv": "filename, Tiger, Löwe\n1.png, 1, 0\n"}),
        [("train/1.png", ["Tiger"])],
        **PHOTOS,
    ),
    "text under the name of a picture": Case(
        "a.jpg", "hello", refused="unsupported_image", **PHOTOS
    ),
    "nothing under the name of a picture": Case("a.jpg", b"", refused="empty_file", **PHOTOS),
}


def labels_in(row: Row) -> list[str]:
    """Return the labels of all answers."""
    if row.answers:
        return [name for answer in row.answers for name in answer.names]
    return list(row.labels or ())


def reader_of(path: Path, case: Case) -> Reader:
    """Return the reader that an upload of this name gets."""
    allowed = find(case.task, multi_label=False).formats
    found = for_content(path, case.name, allowed=allowed) or for_file(case.name, "", allowed)
    assert found is not None
    return found


@pytest.mark.parametrize("name", CASES)
def test_habit(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    kind = find(case.task, multi_label=False)
    path = tmp_path / "file"
    content = case.content
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    columns = Columns(
        parts=kind.media.parts, label_names=case.labels, spans=case.task == "text-spans"
    )
    if case.refused:
        with pytest.raises(UnreadableFile) as refused:
            reader_of(path, case).look(path, columns)
        assert refused.value.code == case.refused
        return
    reader = reader_of(path, case)
    looked = reader.look(path, columns)
    entries = list(reader.read(path, columns, looked, set(case.labels)))
    rows = [each for each in entries if isinstance(each, Row)]
    shown = [each.key if case.task == "image" else each.content for each in rows]
    assert list(zip(shown, map(labels_in, rows), strict=True)) == case.found
    assert tuple(code for code in codes(entries) if code) == case.codes
    assert not case.notes or tuple(note.code for note in looked.notes) == case.notes
    if case.meta is not None:
        assert rows[-1].meta == case.meta
    if case.keys is not None:
        assert [row.key for row in rows] == case.keys
