"""Damaged files of every kind: each is read or refused in words, whatever is wrong with it."""

import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

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
        return problem.code if problem.detail else "no words"
    return "read"


def _check(entry: Row | RejectedRow | SkippedFile) -> None:
    if not isinstance(entry, Row):
        assert entry.code
        return
    if isinstance(entry.content, bytes):
        with suppress(BadContent):
            image_zip.clean(entry.content)
        return
    # What every database takes.
    assert "\x00" not in str(entry)
    str(entry.content).encode()


def outcomes(seed: int, number: int) -> Counter[str]:
    """Return what became of damaged files."""
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for name, kind, content in mutated(seed, number):
            found[outcome(Path(folder) / "file", name, kind, content)] += 1
    return found


@pytest.mark.parametrize("name", files())
def test_sound_files_are_read(tmp_path: Path, name: str) -> None:
    kind, content = files()[name]
    assert outcome(tmp_path / "file", name, kind, content) == "read"


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_read_or_refused(seed: int) -> None:
    found = outcomes(seed, 140)
    assert found.total() == 140
    assert not found["no words"]
    assert 0 < found["read"] < 140
