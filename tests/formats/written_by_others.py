"""Files as other tools and systems write them, for tests."""

import io
import json
import struct
import tarfile
import zipfile
import zlib
from typing import Any

import pytest
import xlsxwriter


def lines(*records: Any) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


def zipped(members: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def named_by_bytes(members: dict[bytes, bytes], extra: bytes = b"") -> bytes:
    """Return a ZIP whose names are these bytes, without telling their encoding."""
    files, directory = b"", b""
    for name, content in members.items():
        sizes = struct.pack("<III", zlib.crc32(content), len(content), len(content))
        head = struct.pack("<HHHHH", 20, 0, 0, 0, 33) + sizes
        tail = struct.pack("<HH", len(name), len(extra))
        place = struct.pack("<HHHII", 0, 0, 0, 0, len(files))
        directory += b"PK\x01\x02\x14\x00" + head + tail + place + name + extra
        files += b"PK\x03\x04" + head + tail + name + extra + content
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(files), 0)
    return files + directory + b"PK\x05\x06" + end


def tarred(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return out.getvalue()


def workbook(*sheets: tuple[str, list[list[Any]]], hidden: str = "", title: str = "") -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
            if title:
                sheet.merge_range(title, "Answer")
            if name == hidden:
                sheet.hide()
            else:
                sheet.activate()
    return out.getvalue()


def parquet(columns: dict[str, Any], names: list[str] | None = None) -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as writer

    table = pyarrow.Table.from_arrays(
        [pyarrow.array(*each) if isinstance(each, tuple) else each for each in columns.values()],
        names=names or list(columns),
    )
    out = io.BytesIO()
    writer.write_table(table, out)
    return out.getvalue()


def task(text: str, *results: Any, **annotation: Any) -> dict[str, Any]:
    """Return a task of Label Studio with one annotation."""
    return {"id": 1, "data": {"text": text}, "annotations": [{"result": [*results], **annotation}]}


def chosen(choices: Any, control: str = "class") -> dict[str, Any]:
    return {"from_name": control, "type": "choices", "value": {"choices": choices}}


def rated(stars: int) -> dict[str, Any]:
    return {"from_name": "stars", "type": "rating", "value": {"rating": stars}}
