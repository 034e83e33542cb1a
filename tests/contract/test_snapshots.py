"""A snapshot that changed is told, and no test run of the project writes one by itself."""

from pathlib import Path
from typing import Any

import pytest

from tests.contract import snapshots


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr(snapshots, "FOLDER", tmp_path)
    monkeypatch.delenv(snapshots.UPDATE, raising=False)
    return tmp_path


def test_change_is_told_by_its_lines(folder: Any) -> None:
    (folder / "a.json").write_text(snapshots.as_text({"kept": 1, "old": 2}))
    snapshots.assert_as_stored("a.json", {"old": 2, "kept": 1})
    with pytest.raises(pytest.fail.Exception) as failure:
        snapshots.assert_as_stored("a.json", {"kept": 1, "new": 2})
    assert '- "old": 2' in str(failure.value)
    assert '+ "new": 2' in str(failure.value)


def test_line_endings_count(folder: Any) -> None:
    (folder / "a.csv").write_bytes(b"a\r\n")
    with pytest.raises(pytest.fail.Exception):
        snapshots.assert_as_stored("a.csv", "a\n")


def test_missing_snapshot_fails_and_is_written_only_when_asked(
    folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(pytest.fail.Exception):
        snapshots.assert_as_stored("b.json", [1])
    assert not list(folder.iterdir())
    monkeypatch.setenv(snapshots.UPDATE, "1")
    snapshots.assert_as_stored("b.json", [1])
    monkeypatch.delenv(snapshots.UPDATE)
    snapshots.assert_as_stored("b.json", [1])
