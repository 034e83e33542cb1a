"""Import benchmark: time from file to items and features, of a usual file and of large ones."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from annotator.bench import load, synthetic_files, synthetic_text
from annotator.bench.api_client import Client
from annotator.bench.fixtures import filled, imported, settle, wait_for_features
from annotator.bench.invariants import OK, Call
from annotator.bench.load import Crowd, Habits
from annotator.bench.percentiles import Figure, spread
from annotator.bench.processes import PeakMemory
from annotator.server import resource_usage

USUAL = 100_000
ROW_BYTES = 200
# Seconds for 1,000,000 rows.
GOALS = {"sqlite": 90, "postgresql": 60}
MOST_MEGABYTES = "400"
PICTURES_A_SECOND = "300"
# People who label another project meanwhile.
PEOPLE, THINKING = 4, 2.0


def measure(client: Client, folder: Path, peak: Callable[[], float], items: int) -> list[Figure]:
    """Measure how long `items` short texts take from upload to pool, and on to features."""
    project, seconds = filled(client, folder, items)
    started = time.perf_counter()
    wait_for_features(project)
    usual = items == USUAL
    return [
        Figure(f"import of {items:,} short texts", seconds, "s", "20" if usual else ""),
        Figure("features after it", time.perf_counter() - started, "s", "30" if usual else ""),
        Figure("peak memory of a worker process", peak(), "MB"),
    ]


def measure_large(
    client: Client, pid: int, folder: Path, *, rows: int, pictures: int
) -> list[Figure]:
    """Measure a large table and many small pictures, while people label another project.

    `pid` is the root of the serving processes.
    """
    labelled, _seconds = filled(client, folder, 5_000, features="text-quick")
    wait_for_features(labelled)
    settle(client, labelled)
    figures: list[Figure] = []
    if rows:
        figures += _table(_Bench(client, pid, folder, labelled), rows)
    if pictures:
        figures += _pictures(_Bench(client, pid, folder, labelled), pictures)
    return figures


@dataclass
class _Bench:
    client: Client
    pid: int
    folder: Path
    labelled: int


def _table(bench: _Bench, rows: int) -> list[Figure]:
    path = bench.folder / "rows.csv"
    synthetic_files.write_rows(path, rows, ROW_BYTES)
    name = f"{rows:,} rows of {ROW_BYTES} bytes"
    with _watched(bench, name) as found:
        body = {"labels": synthetic_text.TOPICS, "features": "text-quick"}
        project, seconds = imported(bench.client, path, body)
        is_usual = rows == 1_000_000
        goal = GOALS[settings.DATABASES["default"]["ENGINE"].rpartition(".")[2].strip("3")]
        found.append(Figure(f"import of {name}", seconds, "s", str(goal) if is_usual else ""))
    path.unlink()
    # What is measured next is to have the machine for itself.
    wait_for_features(project)
    return found


def _pictures(bench: _Bench, pictures: int) -> list[Figure]:
    path = bench.folder / "pictures.zip"
    synthetic_files.write_pictures(path, pictures)
    name = f"{pictures:,} small pictures"
    with _watched(bench, name) as found:
        body = {"labels": synthetic_files.KINDS, "task": "image"}
        project, seconds = imported(bench.client, path, body)
        started = time.perf_counter()
        wait_for_features(project, first=True)
        whole = seconds + time.perf_counter() - started
        found += [
            Figure(f"import of {name}", seconds, "s"),
            Figure(f"{name} with their first features", pictures / whole, "/s", PICTURES_A_SECOND),
        ]
    path.unlink()
    return found


@contextmanager
def _watched(bench: _Bench, name: str) -> Iterator[list[Figure]]:
    """Add what the processes needed meanwhile, and how long people waited, to the figures."""
    figures: list[Figure] = []
    people = load.enrol(bench.labelled, PEOPLE)
    habits = Habits(
        think=lambda rng: rng.uniform(0.5, 1.5) * THINKING, labels=synthetic_text.TOPICS
    )
    busy = Crowd(bench.client.address, bench.labelled, people, habits).start()
    busy.wait_until_open()
    with (
        PeakMemory(bench.pid) as workers,
        PeakMemory(bench.pid, b"gunicorn") as web,
    ):
        before = resource_usage.used(resource_usage.family(bench.pid))
        yield figures
        spent = resource_usage.used(resource_usage.family(bench.pid)) - before
    calls = busy.stop()
    figures += [
        Figure(f"processor time of it, of all processes ({name})", spent, "s"),
        Figure(f"peak memory of a worker ({name})", workers.megabytes(), "MB", MOST_MEGABYTES),
        Figure(f"peak memory of a web process ({name})", web.megabytes(), "MB", MOST_MEGABYTES),
        *spread(f"the next item meanwhile ({name})", _waits(calls), p95="100"),
    ]


def _waits(calls: list[Call]) -> list[float]:
    """Return how long people waited for an item, in seconds."""
    served = (call for call in calls if call.outcome == OK and call.given)
    return [call.ended - call.began for call in served]
