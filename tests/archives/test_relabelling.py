"""Labels of a delivery in an archive: what cannot be read stays as it is."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from annotator.archives.checking import Keys
from annotator.archives.relabelling import renumber

NAME = "projects/4/deliveries/000001/labels.jsonl.gz"


def lines(*records: Any) -> bytes:
    return gzip.compress(b"".join(json.dumps(each).encode() + b"\n" for each in records))


def keys(**renamed: int) -> Keys:
    found = Keys()
    for old, new in renamed.items():
        found.add(int(old.removeprefix("k")))
        found.new.append(new)
    return found


@pytest.mark.parametrize(
    "content",
    [
        b"no gzip",
        lines({"item": 1})[:-9],
        lines({"item": 2}),
        lines({"item": "1"}),
        lines({"item": -1}),
        lines({"key": "a"}),
        lines([1]),
        lines(*[{"item": 1}] * 3),
        gzip.compress(b"\0" * (40 << 20)),
    ],
)
def test_what_cannot_be_read_stays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labels.jsonl.gz"
    path.write_bytes(content)
    renumber(NAME, path, 4, 9, keys(k1=7))
    assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
