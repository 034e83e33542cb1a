"""The folder for imports is one that is there, and lies apart from the data directory."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from annotator.environment import Environment

NAME = "WINNOW_IMPORT_FOLDER"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("data/files", "imports"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "data")
    return tmp_path / "data"


def folder(monkeypatch: pytest.MonkeyPatch, data: Path, given: str) -> Path | None:
    monkeypatch.setenv(NAME, given)
    return Environment().folder(NAME, apart_from=data)


def test_folder_is_where_its_links_lead(monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    place = data.parent / "imports"
    assert folder(monkeypatch, data, str(place)) == place
    (data.parent / "short").symlink_to(place)
    assert folder(monkeypatch, data, str(data.parent / "short")) == place
    assert folder(monkeypatch, data, " ") is None


@pytest.mark.parametrize("given", ["none", "data", "data/files", ".", "link"])
def test_other_folders_are_refused_by_the_name_of_the_setting(
    monkeypatch: pytest.MonkeyPatch, data: Path, given: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=NAME):
        folder(monkeypatch, data, str(data.parent / given))
