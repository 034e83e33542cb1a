"""Resources shared by all workers of a session: made once on first use, then copied."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PLACE = "WINNOW_TESTS_SHARED"
DATABASE = "winnow.sqlite3"


def begin() -> None:
    """Create the shared directory; workers inherit its name."""
    place = tempfile.mkdtemp(prefix="winnow-shared-")
    # PostgreSQL runs as another user.
    Path(place).chmod(0o711)
    os.environ[PLACE] = place


def end() -> None:
    """Remove the shared directory."""
    shutil.rmtree(os.environ.pop(PLACE), ignore_errors=True)


def is_there() -> bool:
    """Return whether there is a shared directory: scripts that import test helpers have none."""
    return PLACE in os.environ


def tell(name: str, what: Any) -> None:
    """Leave a message for the process that started the workers."""
    if is_there():
        file = Path(os.environ[PLACE]) / f"{name}.{os.getpid()}"
        file.write_text(json.dumps(what))
        file.rename(file.with_suffix(".json"))


def told(name: str) -> Any:
    """Return the message that some worker left."""
    return json.loads((Path(os.environ[PLACE]) / f"{name}.json").read_text())


def copy_data_directory(target: Path, without: Collection[str] = ()) -> None:
    """Copy the independent results of a first start: the tables and the static files."""
    ignored = shutil.ignore_patterns("secret_key", *without)
    shutil.copytree(_data_directory(), target, ignore=ignored)
    # The copy keeps the permissions; the front server runs as another user.
    target.chmod(0o755)


def copy_database(target: Path) -> None:
    """Copy a SQLite file with all tables and no rows."""
    shutil.copy(_data_directory() / DATABASE, target)


def _data_directory() -> Path:
    return made("data", _make)


def made(name: str, make: Callable[[Path], None]) -> Path:
    """Return a shared directory; who asks for it first makes it."""
    place = Path(os.environ[PLACE])
    there = place / name
    with (place / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not there.exists():
            make(place / f"{name}.half")
            (place / f"{name}.half").rename(there)
    return there


def _make(folder: Path) -> None:
    manage("migrate", "-v0", WINNOW_DATA=str(folder))
    manage("collectstatic", "-v0", "--noinput", WINNOW_DATA=str(folder))


def manage(*words: str, **env: str) -> None:
    """Run a management command."""
    own = ("DATABASE_URL", "BROKER_URL", "DEBUG", "SECRET_KEY")
    inherited = {name: value for name, value in os.environ.items() if name not in own}
    settings = {**inherited, "DJANGO_SETTINGS_MODULE": "annotator.settings", **env}
    subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=settings, check=True)
