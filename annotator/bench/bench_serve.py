"""Serving benchmark: latency of `next` and saving for one annotator, for many, and under load."""

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotator.bench import load, synthetic_text
from annotator.bench.api_annotator import ApiAnnotator
from annotator.bench.api_client import Client
from annotator.bench.desk_window import DeskWindow
from annotator.bench.fixtures import filled, settle, wait_for_features
from annotator.bench.invariants import UNKNOWN, Call, violations
from annotator.bench.load import Crowd, Habits
from annotator.bench.percentiles import Figure, spread
from annotator.server import resource_usage

WARM_UP = 20
# Twenty labels a second exceed any real annotator; without a pause, the benchmark would measure
# back-to-back rounds.
PAUSE = 0.05
MANY, MOST = 32, 200
THINKING = 3.0
SETTLING, RESTING = 20.0, 30.0


@dataclass(frozen=True)
class Way:
    """A way to label, with its goals: by API calls, or by the calls of the labelling page.

    Goals are in ms, for 10,000 items; only `rate` is in cycles a second.
    """

    name: str
    worker: type[ApiAnnotator] | type[DeskWindow]
    median: str
    p95: str
    rate: str
    p95_of_many: str


WAYS = {
    "api": Way("API", ApiAnnotator, "12", "25", "200", "350"),
    "page": Way("page", DeskWindow, "9", "25", "180", "400"),
}


def measure(
    client: Client,
    pid: int,
    folder: Path,
    sizes: Sequence[int],
    ways: Sequence[Way],
    *,
    cycles: int,
    seconds: float,
) -> list[Figure]:
    """Measure one annotator and many, at pools of `sizes`, and a busy day.

    `pid` is the root of the serving processes.
    """
    figures: list[Figure] = []
    rates: dict[str, list[float]] = {way.name: [] for way in ways}
    for items in sizes:
        project, _seconds = filled(client, folder, items, features="text-quick")
        wait_for_features(project)
        for way in ways:
            settle(client, project)
            figures += _alone(client, project, way, items, cycles)
            settle(client, project)
            found, rate = _together(client, pid, project, way, items, seconds)
            figures += found
            rates[way.name].append(rate)
    for way in ways:
        figures += _slowdowns(way, sizes, rates[way.name])
        figures += _busy_day(client, folder, way, seconds)
    return figures


def _slowdowns(way: Way, sizes: Sequence[int], rates: Sequence[float]) -> list[Figure]:
    """Return the slowdown of many annotators at each pool size, relative to the smallest."""
    name = "{}: cycles, {:,} items against {:,}"
    return [
        Figure(name.format(way.name, items, sizes[0]), rates[0] / rate, "x slower", "1.2")
        for items, rate in zip(sizes[1:], rates[1:], strict=True)
    ]


def at_rest(pid: int) -> list[Figure]:
    """Measure all processes below `pid` while they are idle."""
    time.sleep(SETTLING)
    cost = resource_usage.measure(resource_usage.family(pid), RESTING)
    return [
        Figure("at rest: memory of all processes", cost.pss, "MB", "350"),
        Figure("at rest: share of one core", 100 * cost.cpu, "%", "1"),
    ]


# One annotator -----------------------------------------------------------------------------------


def _alone(client: Client, project: int, way: Way, items: int, cycles: int) -> list[Figure]:
    person = load.enrol(project, 1)
    habits = Habits(think=lambda _rng: PAUSE, labels=synthetic_text.TOPICS)
    one = Crowd(client.address, project, person, habits, way.worker).start()
    while len(_saves(one.calls)) < WARM_UP + cycles and not one.failures:
        time.sleep(0.1)
    saves = _saves(one.stop())[WARM_UP:]
    goals = {"median": way.median, "p95": way.p95} if items == 10_000 else {}
    return spread(f"{way.name}: save-with-next, 1 annotator, {items:,} items", saves, **goals)


def _saves(calls: Sequence[Call]) -> list[float]:
    """Return the latencies in seconds of the saves that were answered with another item."""
    return [call.ended - call.began for call in calls if call.kind == "save" and call.given]


# Many annotators ----------------------------------------------------------------------------------


def _together(
    client: Client, pid: int, project: int, way: Way, items: int, seconds: float
) -> tuple[list[Figure], float]:
    """Return the figures of many annotators who never pause, and their cycles per second."""
    people = load.enrol(project, MANY)
    busy = Crowd(client.address, project, people, Habits(labels=synthetic_text.TOPICS), way.worker)
    busy.start().wait_until_open()
    before = resource_usage.used(resource_usage.family(pid))
    busy.over.wait(seconds)
    spent = resource_usage.used(resource_usage.family(pid)) - before
    calls = busy.stop()
    rate = len(_saves(calls)) / _seconds_of(calls)
    name = f"{MANY} annotators, {items:,} items"
    figures = [
        Figure(f"{way.name}: cycles per second, {name}", rate, "/s", way.rate),
        *spread(f"{way.name}: save-with-next, {name}", _saves(calls), p95=way.p95_of_many),
        # CPU time of all Winnow processes, rounds included, but not of the database or broker.
        Figure(
            f"{way.name}: processor time a save, {name}", 1000 * spent / len(_saves(calls)), "ms"
        ),
        *_faults(f"{way.name}: {name}", busy, calls, people),
    ]
    return figures, rate


def _seconds_of(calls: Sequence[Call]) -> float:
    """Return the duration from the first save to the answer of the last one."""
    saves = [call for call in calls if call.kind == "save"]
    return max(call.ended for call in saves) - min(call.began for call in saves)


def _faults(
    name: str, busy: Crowd, calls: Sequence[Call], people: Sequence[load.Person]
) -> list[Figure]:
    """Return the number of failed calls and of violated invariants."""
    failed = len(busy.failures) + sum(call.outcome == UNKNOWN for call in calls)
    own = {person.number for person in people}
    stored = [each for each in load.stored(busy.project) if each.person in own]
    broken = violations(calls, stored)
    return [
        Figure(f"{name}: calls that failed", failed, "", "0"),
        Figure(f"{name}: promises broken", len(broken), "", "0"),
    ]


# Mixed load ---------------------------------------------------------------------------------------


def _busy_day(client: Client, folder: Path, way: Way, seconds: float) -> list[Figure]:
    """Measure annotators who pause to think, while rounds run and a file is imported."""
    project, _seconds = filled(client, folder, 20_000)
    wait_for_features(project)
    settle(client, project)
    people = load.enrol(project, MOST)
    habits = Habits(think=_thought, labels=synthetic_text.TOPICS)
    busy = Crowd(client.address, project, people, habits, way.worker)
    importing = threading.Thread(target=_import, args=(client, folder), daemon=True)
    before = _rounds(client, project)
    busy.start().wait_until_open()
    importing.start()
    busy.over.wait(seconds)
    calls = busy.stop()
    rounds = _rounds(client, project) - before
    importing.join()
    name = f"{way.name}: {MOST} thinking annotators, rounds, an import"
    return [
        *spread(f"{name}: save-with-next", _saves(calls), p95="150"),
        Figure(f"{name}: rounds meanwhile", rounds, ""),
        *_faults(name, busy, calls, people),
    ]


def _thought(rng: random.Random) -> float:
    return rng.uniform(0.5 * THINKING, 1.5 * THINKING)


def _import(client: Client, folder: Path) -> None:
    filled(client, folder, 100_000, features="text-quick")


def _rounds(client: Client, project: int) -> int:
    round_: dict[str, Any] = client.call("GET", f"/projects/{project}/progress")["round"]
    return int(round_["number"])
