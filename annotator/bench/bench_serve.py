"""How long `next` and saving take: for one annotator, for many, and while everything else runs."""

import random
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from annotator.bench import load, synthetic_text
from annotator.bench.api_client import Client
from annotator.bench.fixtures import filled, settle, wait_for_features
from annotator.bench.invariants import UNKNOWN, Call, violations
from annotator.bench.load import Crowd, Habits
from annotator.bench.percentiles import Figure, spread
from annotator.server import resource_usage

WARM_UP = 20
# Twenty labels a second are more than anybody gives; without a pause the rounds that they start
# would be measured, as they would never end.
PAUSE = 0.05
MANY, MOST = 32, 200
THINKING = 3.0
SETTLING, RESTING = 20.0, 30.0


def measure(
    client: Client, folder: Path, sizes: Sequence[int], *, cycles: int, seconds: float
) -> list[Figure]:
    """Return the figures of one annotator and of many, at pools of `sizes`, and of a busy day."""
    figures: list[Figure] = []
    rates: list[float] = []
    for items in sizes:
        project, _seconds = filled(client, folder, items, features="text-quick")
        wait_for_features(project)
        settle(client, project)
        figures += _alone(client, project, items, cycles)
        settle(client, project)
        found, rate = _together(client, project, items, seconds)
        figures += found
        rates.append(rate)
    figures += [
        Figure(f"cycles, {items:,} items against {sizes[0]:,}", rates[0] / rate, "x slower", "1.2")
        for items, rate in zip(sizes[1:], rates[1:], strict=True)
    ]
    return figures + _busy_day(client, folder, seconds)


def at_rest(pid: int) -> list[Figure]:
    """Return what all processes below `pid` take while nothing happens."""
    time.sleep(SETTLING)
    cost = resource_usage.measure(resource_usage.family(pid), RESTING)
    return [
        Figure("at rest: memory of all processes", cost.pss, "MB", "350"),
        Figure("at rest: share of one core", 100 * cost.cpu, "%", "1"),
    ]


# One annotator -----------------------------------------------------------------------------------


def _alone(client: Client, project: int, items: int, cycles: int) -> list[Figure]:
    person = load.enrol(project, 1)
    habits = Habits(think=lambda _rng: PAUSE, labels=synthetic_text.TOPICS)
    one = Crowd(client.address, project, person, habits).start()
    while len(one.calls) < WARM_UP + cycles and not one.failures:
        time.sleep(0.05)
    saves = _saves(one.stop())[WARM_UP:]
    goals = {"median": "12", "p95": "25"} if items == 10_000 else {}
    return spread(f"save-with-next, 1 annotator, {items:,} items", saves, **goals)


def _saves(calls: Sequence[Call]) -> list[float]:
    """Return how many seconds each save took that was answered with the next item."""
    return [call.ended - call.began for call in calls if call.kind == "save" and call.given]


# Many --------------------------------------------------------------------------------------------


def _together(
    client: Client, project: int, items: int, seconds: float
) -> tuple[list[Figure], float]:
    """Return the figures of many who never pause, and their cycles per second."""
    people = load.enrol(project, MANY)
    busy = Crowd(client.address, project, people, Habits(labels=synthetic_text.TOPICS))
    started = time.perf_counter()
    calls = busy.run_for(seconds)
    rate = len(_saves(calls)) / (time.perf_counter() - started)
    name = f"{MANY} annotators, {items:,} items"
    usual = items == 10_000
    figures = [
        Figure(f"cycles per second, {name}", rate, "/s", "200" if usual else ""),
        *spread(f"save-with-next, {name}", _saves(calls), p95="350" if usual else ""),
        *_faults(name, busy, calls, people),
    ]
    return figures, rate


def _faults(
    name: str, busy: Crowd, calls: Sequence[Call], people: Sequence[load.Person]
) -> list[Figure]:
    """Return how many calls failed, and how many promises the history shows to be broken."""
    failed = len(busy.failures) + sum(call.outcome == UNKNOWN for call in calls)
    own = {person.number for person in people}
    stored = [each for each in load.stored(busy.project) if each.person in own]
    broken = violations(calls, stored)
    return [
        Figure(f"calls that failed, {name}", failed, "", "0"),
        Figure(f"promises broken, {name}", len(broken), "", "0"),
    ]


# All at once -------------------------------------------------------------------------------------


def _busy_day(client: Client, folder: Path, seconds: float) -> list[Figure]:
    """Return the figures of a crowd that thinks, while rounds run and a file is imported."""
    project, _seconds = filled(client, folder, 20_000)
    wait_for_features(project)
    settle(client, project)
    people = load.enrol(project, MOST)
    habits = Habits(think=_thought, labels=synthetic_text.TOPICS)
    busy = Crowd(client.address, project, people, habits)
    importing = threading.Thread(target=_import, args=(client, folder), daemon=True)
    before = _rounds(client, project)
    importing.start()
    calls = busy.run_for(seconds)
    rounds = _rounds(client, project) - before
    importing.join()
    name = f"{MOST} thinking annotators, rounds, an import"
    return [
        *spread(f"save-with-next, {name}", _saves(calls), p95="150"),
        Figure(f"rounds meanwhile, {name}", rounds, ""),
        *_faults(name, busy, calls, people),
    ]


def _thought(rng: random.Random) -> float:
    return rng.uniform(0.5 * THINKING, 1.5 * THINKING)


def _import(client: Client, folder: Path) -> None:
    filled(client, folder, 100_000, features="text-quick")


def _rounds(client: Client, project: int) -> int:
    turn: dict[str, Any] = client.call("GET", f"/projects/{project}/progress")["round"]
    return int(turn["number"])
