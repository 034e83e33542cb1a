"""Files for benchmarks are what their names say."""

import io
import zipfile
from pathlib import Path

from PIL import Image

from annotator.bench import synthetic_files


def test_rows_have_one_length_and_differ(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    synthetic_files.write_rows(path, 300, 200)
    _header, *rows = path.read_bytes().splitlines(keepends=True)
    assert {len(row) for row in rows} == {200}
    assert len({row.split(b",")[1] for row in rows}) == len(rows) == 300


def test_pictures_are_small_and_differ(tmp_path: Path) -> None:
    path = tmp_path / "pictures.zip"
    synthetic_files.write_pictures(path, 6)
    with zipfile.ZipFile(path) as archive:
        contents = [archive.read(name) for name in archive.namelist()]
        assert {name.split("/")[0] for name in archive.namelist()} == set(synthetic_files.KINDS)
    assert len(set(contents)) == 6
    assert {Image.open(io.BytesIO(content)).size for content in contents} == {(64, 64)}
