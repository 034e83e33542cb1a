"""An installation with encoders switched on, and a data directory of its own."""

from pathlib import Path

import pytest
from pytest_django import Settings

from tests import tiny_encoders


@pytest.fixture(autouse=True)
def installation(settings: Settings, tmp_path: Path) -> Path:
    """Return the folder of encoders that the setting names."""
    folder = tmp_path / "encoders"
    folder.mkdir()
    settings.ENCODERS_ON = True
    settings.ENCODERS_FOLDER = folder
    settings.DATA_DIR = tmp_path / "data"
    return folder


@pytest.fixture(autouse=True)
def without_packages(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Leave out the encoders of packages, but for the tests of them."""
    if "carried" not in request.fixturenames:
        monkeypatch.setattr("annotator.encoders.packages.CARRIED", ())


@pytest.fixture
def tiny(installation: Path) -> Path:
    """Return the folder of a text encoder that is there."""
    return tiny_encoders.write_text_folder(installation / "tiny")
