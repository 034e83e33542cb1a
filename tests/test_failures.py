"""No command ends in a traceback: it says what happened, why, and what to do next."""

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import IntegrityError, OperationalError, ProgrammingError

from annotator.backup.database_snapshot import Impossible
from annotator.errors import Invalid
from annotator.server import failures
from tests import servers, shared
from tests.forks import Forks

# In words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (OSError(errno.EACCES, "Permission denied", "/x/y"), "/x/y cannot be used"),
        (OSError(errno.EROFS, "Read-only file system", "/x/y"), "Read-only"),
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), "/x/y is full"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (OSError(errno.ENOTDIR, "Not a directory", "/x/y"), "a part of its path is a file"),
        (OSError(errno.EISDIR, "Is a directory", "/x/y"), "/x/y is a folder"),
        (OSError(errno.ENOENT, "No such file", "/x/y"), "/x/y is not there"),
        (OSError(errno.EIO, "Input/output error", "/x/y"), "/x/y: Input/output error."),
        (OperationalError("unable to open database file"), "cannot be opened"),
        (OperationalError("database is locked"), "busy for too long"),
        (OperationalError("database or disk is full"), "full"),
        (OperationalError("attempt to write a readonly database"), "cannot be written"),
        (OperationalError("no such table: annotator_user"), "not prepared"),
        (ProgrammingError('relation "x" does not exist\nLINE 1'), "not prepared"),
        (OperationalError("connection failed: refused\nmore"), "cannot be reached"),
        (OperationalError('password authentication failed for user "x"'), "DATABASE_URL"),
        (sqlite3.DatabaseError("file is not a database"), "is not a database of Winnow's"),
        (sqlite3.DatabaseError("database disk image is malformed"), "damaged"),
        (ImproperlyConfigured("X is wrong."), "A setting is wrong: X is wrong."),
        (MemoryError(), "too little memory"),
        (CommandError("Do that."), "Do that."),
        (Invalid("code", detail="Refused so."), "Refused so."),
        (Impossible("No way."), "No way."),
    ],
)
def test_what_is_foreseen_is_said_in_one_line(problem: Any, words: str) -> None:
    told = failures.in_words(problem)
    assert words in told
    assert "\n" not in told


@pytest.mark.parametrize("problem", [TypeError("odd"), IntegrityError("UNIQUE"), KeyError("x")])
def test_what_nobody_foresaw_goes_into_a_log(
    problem: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WINNOW_DATA", str(tmp_path))
    assert failures.in_words(problem) == ""
    with pytest.raises(type(problem)) as caught:
        raise problem
    assert failures.exit_code(caught.value) == 1
    said = capsys.readouterr().err
    assert type(problem).__name__ in said
    assert str(tmp_path / failures.LOG) in said
    assert "Traceback" not in said
    log = tmp_path / failures.LOG
    assert "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


# Whole commands ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A data directory with a database that is up to date and has an admin and a project."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    shared.copy_data_directory(folder)
    code = (
        "from annotator.models import User; from annotator.flow.projects import settings;"
        "settings.create_project(User.objects.create_superuser('olga', password='x'),"
        " name='P', labels=['a', 'b'])"
    )
    assert manage(folder, "shell", "-c", code).returncode == 0
    return folder


@pytest.fixture(scope="module")
def commands(prepared: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """What runs a command on the data directory that is prepared."""
    forks = Forks(environment(prepared), tmp_path_factory.mktemp("said"))
    yield forks
    forks.end()


def environment(data: Any) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in servers._OWN}
    return {**inherited, "WINNOW_DATA": str(data)}


def manage(data: Any, *words: Any, **env: Any) -> Any:
    return subprocess.run(
        [sys.executable, "manage.py", *map(str, words)],
        cwd=servers.ROOT,
        env={**environment(data), **env},
        capture_output=True,
        text=True,
        timeout=servers.patient(120),
    )


def ends_in_words(done: Any, words: Any) -> None:
    assert done.returncode not in (0, -6, -11), done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert words in done.stderr, done.stderr
    assert len(done.stderr) < 1500


UP = ("up", "--port", "1")
SETTINGS = {
    "DATABASE_URL": ["nonsense", "foo://x", "postgres://h:port/x", "postgres://h"],
    "BROKER_URL": ["nonsense", "http://x", "redis://h:port"],
    "MAX_UPLOAD_MB": ["x", "-1", "1.5"],
    "WORKER_CONCURRENCY": ["many", "0"],
    "WEB_CONCURRENCY": ["x"],
    "LOG_LEVEL": ["LOUD"],
    "LOG_FORMAT": ["xml"],
    "DEBUG": ["perhaps"],
    "SECRET_KEY": ["short"],
    "METRICS": ["all"],
    "CSRF_TRUSTED_ORIGINS": ["example.org"],
    "JOB_STALE_SECONDS": ["soon"],
}


@pytest.mark.servers
@pytest.mark.parametrize("name", SETTINGS)
def test_wrong_setting_is_named(tmp_path: Path, name: Any) -> None:
    for value in SETTINGS[name]:
        ends_in_words(manage(tmp_path, *UP, **{name: value}), name)
    assert not (tmp_path / "winnow.sqlite3").exists()


def _file(folder: Any) -> Any:
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("in the way")
    return folder


def _inside(name: Any, make: Any) -> Any:
    def place(folder: Any) -> Any:
        folder.mkdir()
        make(folder / name)
        return folder

    return place


def _noise(path: Any) -> None:
    path.write_bytes(os.urandom(50_000))


PLACES = {
    "a file in its place": (_file, "in the way"),
    "below a file": (lambda folder: _file(folder) / "data", "a part of its path is a file"),
    "where nothing can be made": (lambda folder: "/proc/winnow/data", "/proc/winnow"),
    "a folder as database": (_inside("winnow.sqlite3", os.mkdir), "is a folder"),
    "no database": (_inside("winnow.sqlite3", _noise), "is not a database"),
    "a folder as key": (_inside("secret_key", os.mkdir), "is a folder"),
    "noise as key": (_inside("secret_key", _noise), "A setting is wrong"),
    "a folder as lock": (_inside("up.lock", os.mkdir), "is a folder"),
    "a folder as schedule": (_inside("beat-schedule", os.mkdir), "is a folder"),
    "a file as broker's folder": (_inside("broker", _noise), "is a file"),
    "a file as folder of files": (_inside("files", _noise), "is a file"),
}


@pytest.mark.servers
@pytest.mark.parametrize("place", PLACES)
def test_up_on_an_odd_data_directory_says_what_is_odd(tmp_path: Path, place: Any) -> None:
    make, words = PLACES[place]
    port = servers.free_port()
    ends_in_words(manage(make(tmp_path / "data"), "up", "--port", port), words)


@pytest.mark.servers
@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write everywhere"
)
def test_data_directory_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o555)
    less = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    done = subprocess.run(
        [*(less if os.geteuid() == 0 else []), sys.executable, "manage.py", *UP],
        cwd=servers.ROOT,
        env={**os.environ, "WINNOW_DATA": str(data), "DATABASE_URL": "", "BROKER_URL": ""},
        capture_output=True,
        text=True,
        timeout=servers.patient(120),
    )
    ends_in_words(done, "Permission denied")
    assert str(data) in done.stderr


COMMANDS = {
    ("up", "--port", "0"): "--port lies between",
    ("up", "--port", "65536"): "--port lies between",
    ("up", "--port", "x"): "invalid int value",
    ("up", "--host", ""): "--host takes",
    ("up", "--host", "no..such"): "no..such",
    ("up", "--host", "203.0.113.9"): "203.0.113.9",
    ("create_project", "P", "--labels", "a,b", "--set", "nonsense=1"): "nonsense",
    ("create_project", "P", "--labels", "a,b", "--set", "name=1"): "name",
    ("create_project", "P", "--labels", "a,b", "--set", "budget"): "SETTING=VALUE",
    ("create_project", "P", "--labels", "a,b", "--set", "budget=1e999"): "finite",
    ("create_project", "P", "--labels", "a,b", "--set", "batch_size=0"): "batch_size: ",
    ("create_project", "P", "--labels", "a,b", "--admin", "nobody"): "nobody",
    ("import_dataset", "77", "README.md"): "no project 77",
    ("import_dataset", "1", "nowhere.csv"): "nowhere.csv",
    ("import_dataset", "1", "tests"): "tests",
    ("export_annotations", "77"): "no project 77",
    ("export_annotations", "1", "--out", "tests"): "folder",
    ("export_annotations", "1", "--out", "nowhere/x.jsonl"): "nowhere/x.jsonl",
    ("export_project", "77", "x.winnow"): "no project 77",
    ("export_project", "1", "tests"): "folder",
    ("export_project", "1", "nowhere/x.winnow"): "nowhere/x.winnow",
    ("encoders", "add", "nowhere"): "nowhere is no folder",
    ("encoders", "add", "tests"): "encoder.json is missing",
    ("encoders", "remove", "nonsense"): "no encoder nonsense",
    ("recount", "77"): "no project 77",
    ("backup", "/proc/backup.tar"): "/proc/backup.tar",
    ("backup", "README.md"): "is there already",
    ("restore", "nowhere.tar", "--force"): "nowhere.tar is not there",
    ("restore", "tests", "--force"): "tests is a folder",
    ("restore", "README.md", "--force"): "no backup",
    ("simulate", "nowhere.csv", "--out", "x"): "nowhere.csv",
    ("simulate", "tests", "--out", "x"): "tests",
    ("nonsense",): "Unknown command",
}


@pytest.mark.servers
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_command_that_cannot_be_done_says_why(prepared: Any, commands: Forks, words: Any) -> None:
    before = (prepared / "winnow.sqlite3").read_bytes()
    ends_in_words(commands.run(*words), COMMANDS[words])
    assert (prepared / "winnow.sqlite3").read_bytes() == before


NEEDING_ROWS = [
    ("create_project", "P", "--labels", "a,b"),
    ("import_dataset", "1", "README.md"),
    ("export_annotations", "1"),
    ("export_project", "1", "somewhere.winnow"),
    ("recount",),
    ("backup", "somewhere.tar"),
]


@pytest.mark.servers
def test_database_of_another_version_is_refused_by_every_command(
    prepared: Any, tmp_path: Path
) -> None:
    data = shutil.copytree(prepared, tmp_path / "newer")
    with sqlite3.connect(data / "winnow.sqlite3") as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('annotator', '9999_from_the_future', '2030-01-01')"
        )
    for words in [*NEEDING_ROWS, ("up", "--port", servers.free_port())]:
        ends_in_words(manage(data, *words), "newer version of Winnow")
    for words in NEEDING_ROWS:
        ends_in_words(manage(tmp_path / "empty", *words), "not prepared")


@pytest.mark.servers
def test_reader_that_has_enough_ends_the_export_quietly(prepared: Any) -> None:
    code = (
        "import os; r, w = os.pipe(); os.close(r); os.dup2(w, 1);"
        "import sys; sys.argv = ['manage.py', 'help']; import manage; manage.main()"
    )
    env = {**os.environ, "WINNOW_DATA": str(prepared), "DATABASE_URL": ""}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=servers.ROOT,
        env=env,
        stderr=subprocess.PIPE,
        text=True,
        timeout=servers.patient(60),
    )
    assert done.stderr == ""
    assert done.returncode == failures.PIPE_CLOSED


@pytest.mark.servers
def test_ctrl_c_ends_a_simulation_with_one_word(tmp_path: Path) -> None:
    data = tmp_path / "posts.csv"
    lines = [f"number {n} {'good' if n % 2 else 'bad'},{n % 2}" for n in range(3000)]
    data.write_text("text,label\n" + "\n".join(lines) + "\n")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "simulate", data, "--out", tmp_path / "out", "--seeds", "50"],
        cwd=servers.ROOT,
        env={**os.environ, "WINNOW_DATA": str(tmp_path), "DATABASE_URL": ""},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    servers.wait_until(lambda: servers.psutil.Process(process.pid).children(), 60, "its processes")
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    _out, said = process.communicate(timeout=servers.patient(60))
    assert process.returncode == failures.INTERRUPTED
    assert "Traceback" not in said
    assert "Stopped." in said
