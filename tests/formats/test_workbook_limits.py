"""A workbook that asks for more memory than there is ends its own process, and is refused."""

import io
import zipfile
from pathlib import Path

import psutil
import pytest

from annotator.formats import Columns, Row, UnreadableFile, spreadsheet
from tests.formats.workbooks import ods, xlsx

SHEET = [["id", "text"], [1, "a"]]


def changed(workbook: bytes, before: str, after: str) -> bytes:
    """Return the workbook with a text of its members replaced."""
    out, found = io.BytesIO(), 0
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            text = old.read(name).decode()
            found += text.count(before)
            new.writestr(name, text.replace(before, after))
    assert found
    return out.getvalue()


FAR = {
    "xlsx": changed(
        xlsx(SHEET),
        "</sheetData>",
        '<row r="1048576"><c r="XFD1048576"><v>5</v></c></row></sheetData>',
    ),
    "ods": changed(
        ods(SHEET),
        "</table:table>",
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell '
        'table:number-columns-repeated="16384" office:value-type="float" office:value="5"/>'
        "</table:table-row></table:table>",
    ),
}


@pytest.mark.parametrize("kind", FAR)
def test_cell_at_the_far_corner_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"far.{kind}"
    path.write_bytes(FAR[kind])
    with pytest.raises(UnreadableFile) as refused:
        spreadsheet.READER.look(path, Columns())
    assert refused.value.code in {"workbook_too_large", "bad_workbook"}


def test_stray_cell_far_below_is_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "stray.xlsx"
    stray = '<row r="1048576"><c r="B1048576" t="inlineStr"><is><t>b</t></is></c></row></sheetData>'
    path.write_bytes(changed(xlsx(SHEET), "</sheetData>", stray))
    looked = spreadsheet.READER.look(path, Columns())
    rows = spreadsheet.READER.read(path, Columns(), looked, set())
    assert [row.content for row in rows if isinstance(row, Row)] == ["a", "b"]


def test_reader_that_is_left_half_way_leaves_no_process(tmp_path: Path) -> None:
    path = tmp_path / "long.xlsx"
    path.write_bytes(xlsx([["text"], *([f"text {n}"] for n in range(20_000))]))
    lines = spreadsheet._lines(path, [])
    assert next(lines) == {"sheet": "data"}
    lines.close()
    left = (" ".join(each.cmdline()) for each in psutil.Process().children())
    assert not [words for words in left if spreadsheet.PROCESS.name in words]
    assert list(spreadsheet._lines(path, []))[-1] == {"filled": ["data"]}
