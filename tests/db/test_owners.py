"""A process that holds a job is named so that its death can be proven."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from annotator.db import owners

pytestmark = pytest.mark.skipif(not owners.own(), reason="processes have no names without /proc")


@pytest.fixture
def child() -> Iterator[Any]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


def name_of(process: Any) -> Any:
    return owners._named.__wrapped__(process.pid)


def test_a_process_that_runs_is_alive(child: Any) -> None:
    assert not owners.is_dead(owners.own())
    assert not owners.is_dead(name_of(child))


def test_a_killed_process_is_dead_before_and_after_its_parent_noticed(child: Any) -> None:
    name = name_of(child)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert owners.is_dead(name)
    child.wait()
    assert owners.is_dead(name)


def test_a_number_that_was_given_again_is_not_taken_for_the_old_process(child: Any) -> None:
    place, _slash, start = name_of(child).rpartition("/")
    assert owners.is_dead(f"{place}/{int(start) - 1}")
    assert not owners.is_dead(f"{place}/{start}")


@pytest.mark.parametrize("part", range(3))
def test_nothing_is_said_of_processes_elsewhere(child: Any, part: Any) -> None:
    name = name_of(child)
    child.kill()
    child.wait()
    assert owners.is_dead(name)
    place, pid, start = name.rsplit("/", 2)
    parts = place.split("/")
    parts[part] = "other"
    assert not owners.is_dead("/".join([*parts, pid, start]))


@pytest.mark.parametrize("name", ["", "x", "a/b/c", "a/b/c/d/e", "////", "a/b/c/-1/5"])
def test_a_name_that_says_nothing_proves_nothing(name: str) -> None:
    assert not owners.is_dead(name)


def test_a_process_that_is_hidden_from_us_is_not_dead(
    child: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = name_of(child)
    monkeypatch.setattr(owners, "_stat", lambda pid: [])
    assert not owners.is_dead(name)
    child.kill()
    child.wait()
    assert owners.is_dead(name)


def test_a_child_that_is_forked_has_a_name_of_its_own() -> None:
    mine, reading, writing = owners.own(), *os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, owners.own().encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(reading, 1000).decode() not in ("", mine)
