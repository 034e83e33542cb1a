"""A project that goes from SQLite to PostgreSQL and back tells the same in each place."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import servers, shared

pytestmark = [pytest.mark.servers]

ITEMS = int(os.environ.get("WINNOW_TEST_ARCHIVE_ITEMS", "400"))


class Place:
    """An installation with a database of its own."""

    def __init__(self, folder: Path, database: str = "") -> None:
        shared.copy_data_directory(folder, [shared.DATABASE] if database else [])
        kept = {name: each for name, each in os.environ.items() if not name.startswith("PYTEST_")}
        given = {"DATABASE_URL": database} if database else {}
        kept.pop("DATABASE_URL", None)
        self._env = {
            **kept,
            "WINNOW_DATA": str(folder),
            "DJANGO_SETTINGS_MODULE": "annotator.settings",
            "ALLOWED_HOSTS": "testserver",
            # Without collected static files.
            "DEBUG": "1",
            "LOG_LEVEL": "WARNING",
            **given,
        }

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=servers.ROOT,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=servers.patient(1500),
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout

    def told(self, project: int) -> Any:
        return json.loads(self.run("-m", "tests.archives.told", str(project)).splitlines()[-1])

    def archive(self, project: int, path: Path) -> Path:
        self.run("manage.py", "export_project", str(project), str(path))
        return path

    def open(self, path: Path) -> int:
        make = "from annotator.models import User; User.objects.create_superuser('root')"
        self.run("manage.py", "shell", "-c", make)
        told = self.run("manage.py", "import_project", str(path), "--format", "json")
        return int(json.loads(told.splitlines()[-1])["project"])


@pytest.mark.parametrize("kind", ["mail", "spans", "pairs", "delivery"])
def test_project_moves_from_sqlite_to_postgresql_and_back(tmp_path: Path, kind: str) -> None:
    first = Place(tmp_path / "first")
    made = first.run("-m", "tests.archives.told", "make", kind, str(ITEMS))
    project = int(made.splitlines()[-1])
    path = first.archive(project, tmp_path / "first.winnow")
    with servers.postgres(servers.TABLES) as address:
        second = Place(tmp_path / "second", address)
        moved = second.open(path)
        path = second.archive(moved, tmp_path / "second.winnow")
        there = second.told(moved)
    third = Place(tmp_path / "third")
    back = third.told(third.open(path))
    here = first.told(project)
    assert len(here["rounds"]) == {"mail": 3, "delivery": 2}.get(kind, 1)
    assert here["progress"]["items"] >= ITEMS
    assert here["next"][0]
    assert len(here["deliveries"]) == (2 if kind == "delivery" else 0)
    for name in here:
        assert there[name] == here[name], name
        assert back[name] == here[name], name
