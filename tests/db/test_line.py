"""Writers of SQLite take turns: one line for threads and processes, left whatever happens."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from annotator.db.sqlite3.base import Line

HOLDING = """
import sys
from annotator.db.sqlite3.base import Line
Line(sys.argv[1]).enter(5)
print("mine", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Any:
    return str(tmp_path / "line")


def in_thread(work: Any) -> Any:
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join(10)
    return found


def gets_in(line: Any, seconds: float = 0.05) -> Any:
    try:
        line.enter(seconds)
    except OperationalError as problem:
        return str(problem)
    line.leave()
    return "in"


def test_threads_of_a_process_come_one_after_the_other(path: Any) -> None:
    line = Line(path)
    line.enter(1)
    assert in_thread(lambda: gets_in(line)) == ["database is locked"]
    line.leave()
    assert in_thread(lambda: gets_in(line)) == ["in"]


def test_processes_come_one_after_the_other_and_death_leaves_the_line(path: Any) -> None:
    command = [sys.executable, "-c", HOLDING, path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as other:  # type: ignore[call-overload]
        assert other.stdout.readline() == b"mine\n"
        line = Line(path)
        assert gets_in(line) == "database is locked"
        other.kill()
        other.wait(10)
        assert gets_in(line, 5) == "in"


def test_process_that_is_forked_holds_no_place_of_its_parent(path: Any) -> None:
    line = Line(path)
    line.enter(1)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        # As a forked process does for every line of its parent.
        line.forget()
        os.write(writing, gets_in(Line(path)).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(reading, 100) == b"database is locked"
    line.leave()
    assert gets_in(line) == "in"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite alone has one writer")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["commit", "error", "close"])
def test_transaction_stands_in_line_until_it_ends(end: str) -> None:
    line = Line(f"{connection.settings_dict['NAME']}.line")
    try:
        with transaction.atomic():
            assert gets_in(line) == "database is locked"
            if end == "error":
                raise RuntimeError
            if end == "close":
                connection.close()
    except RuntimeError:
        pass
    connection.close()
    assert gets_in(line) == "in"
