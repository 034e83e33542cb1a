"""Damaged files of every kind: each is read or refused in words, whatever is wrong with it."""

import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from annotator.formats import (
    BadContent,
    Columns,
    RejectedRow,
    Row,
    SkippedFile,
    UnreadableFile,
    image_zip,
)
from annotator.formats.registry import READERS, for_content
from annotator.i18n.reasons import worded
from tests.formats.mutations import files, mutated

NAMES = {"spam", "ham", "cat", "dog"}


def outcome(path: Path, name: str, kind: str, content: bytes) -> str:
    """Return what becomes of a file: "read", or the code that it is refused with."""
    path.write_bytes(content)
    try:
        for_content(path, name)
        reader = READERS[kind]
        looked = reader.look(path, Columns())
        for entry in reader.read(path, Columns(), looked, NAMES):
            _check(entry)
    except UnreadableFile as problem:
        return problem.code if worded(problem.reason) else "no words"
    return "read"


def _check(entry: Row | RejectedRow | SkippedFile) -> None:
    if not isinstance(entry, Row):
        assert entry.code
        return
    if isinstance(entry.content, bytes):
        with suppress(BadContent):
            image_zip.clean(entry.content)
        return
    # What every database accepts.
    for text in _texts(entry):
        assert "\x00" not in text
        text.encode()


def _texts(row: Row) -> list[str]:
    content = row.content if isinstance(row.content, dict) else {"text": str(row.content)}
    labels = [*(row.labels or ()), *(name for each in row.answers for name in each.labels)]
    values = [each for each in row.meta.values() if isinstance(each, str)]
    return [*content.values(), row.key, *labels, *row.meta, *values]


def outcomes(seed: int, number: int) -> Counter[str]:
    """Return what became of damaged files."""
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for name, kind, content in mutated(seed, number):
            found[outcome(Path(folder) / "file", name, kind, content)] += 1
    return found


def test_damaged_files_are_the_same_ones_each_time(time_machine: Any) -> None:
    time_machine.move_to("2026-01-02 03:04:05+00:00")
    before = dict(files())
    time_machine.move_to("2031-06-07 18:19:20+00:00")
    assert files() == before


@pytest.mark.parametrize("name", files())
def test_sound_files_are_read(tmp_path: Path, name: str) -> None:
    kind, content = files()[name]
    assert outcome(tmp_path / "file", name, kind, content) == "read"


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_read_or_refused(seed: int) -> None:
    found = outcomes(seed, 144)
    assert found.total() == 144
    assert not found["no words"]
    assert 0 < found["read"] < 144
