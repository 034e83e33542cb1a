"""What processes cost while nothing happens."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from annotator.server import resource_usage

pytestmark = pytest.mark.skipif(not resource_usage.PROC.is_dir(), reason="there is no /proc here")

RESTING = "import time; print(flush=True); time.sleep(600)"
BUSY = "print(flush=True)\nwhile True: pass"
PARENT = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {RESTING!r}])
print(flush=True); time.sleep(600)
"""


@pytest.fixture
def run() -> Iterator[Any]:
    started = []

    def start(code: Any) -> Any:
        # No process of it may stay, not even those that it started.
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        started.append(process)
        process.stdout.readline()
        return process.pid

    yield start
    for process in started:
        for each in [*psutil.Process(process.pid).children(recursive=True), process]:
            each.kill()
        process.wait()


def test_memory_of_several_is_the_sum_and_shared_pages_count_once(run: Any) -> None:
    first, second = run(RESTING), run(RESTING)
    one, both = resource_usage.measure([first], 0.1), resource_usage.measure([first, second], 0.1)
    assert both.processes == 2
    assert both.rss > 1.5 * one.rss
    assert 0 < both.pss < both.rss


def test_who_works_costs_a_core_and_who_waits_does_not(run: Any) -> None:
    assert (
        resource_usage.measure([run(BUSY)], 1.0).cpu
        > 10 * resource_usage.measure([run(RESTING)], 1.0).cpu
    )


def test_a_family_is_all_that_a_process_started(run: Any) -> None:
    parent = run(PARENT)
    family = resource_usage.family(parent)
    assert family[0] == parent
    assert len(family) == 2
    assert set(family) <= set(resource_usage.family(os.getpid()))


def test_a_process_that_is_gone_costs_nothing() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert resource_usage.measure([gone.pid], 0.0) == resource_usage.Cost(0.0, 0.0, 0.0, 0)
