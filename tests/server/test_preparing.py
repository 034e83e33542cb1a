"""What a start finds done already is not done again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.finders import get_finder
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from annotator.db import schema
from annotator.management import static_files


@pytest.fixture
def collected(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[int]]:
    """Return the list of collections, with one file to collect."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "page.css").write_text("a")
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    get_finder.cache_clear()
    calls: list[int] = []

    def collect(*_args: Any, **_options: Any) -> None:
        calls.append(1)
        settings.STATIC_ROOT.mkdir(exist_ok=True)
        (settings.STATIC_ROOT / "staticfiles.json").write_text("{}")

    monkeypatch.setattr(static_files, "call_command", collect)
    yield calls
    get_finder.cache_clear()


def test_files_are_collected_once_and_again_when_one_has_changed(
    collected: list[int], settings: Settings
) -> None:
    static_files.collect()
    static_files.collect()
    assert len(collected) == 1
    (settings.STATICFILES_DIRS[0] / "page.css").write_text("changed")
    static_files.collect()
    assert len(collected) == 2


def test_files_are_collected_again_when_they_are_gone(
    collected: list[int], settings: Settings
) -> None:
    static_files.collect()
    (settings.STATIC_ROOT / "staticfiles.json").unlink()
    static_files.collect()
    assert len(collected) == 2


@pytest.mark.django_db
def test_database_is_current_once_every_migration_is_applied() -> None:
    assert schema.is_current()
    newest = MigrationRecorder(connection).migration_qs.filter(app="annotator").last()
    newest.delete()
    assert not schema.is_current()
