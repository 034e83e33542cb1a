"""Measuring an installation: the same processes as `manage.py up`, driven over HTTP.

The texts are made up here: four topics over a vocabulary whose words are as unevenly frequent as
those of a language, so that there is something to learn and features cost what they cost.
"""

import csv
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotator.client import Client

TOPICS = ["harvest", "market", "weather", "sport"]
SYLLABLES = [a + b for a, b in zip("bcdfghjklmnprstvwxyz" * 2, "aeiouaei" * 5, strict=True)]
VOCABULARY = 30_000
TOPIC_WORDS = 300
WARM_UP = 20


@dataclass(frozen=True)
class Figure:
    """One measured number, with what it should be where a goal is set."""

    name: str
    value: float
    unit: str
    goal: str = ""


# Made-up data ------------------------------------------------------------------------------------


def texts(number: int, words: int = 12, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Yield `number` made-up (text, topic) pairs of about `words` words."""
    rng = random.Random(seed)
    vocabulary = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(VOCABULARY)]
    weights = [1 / (rank + 2.7) for rank in range(VOCABULARY)]
    own = {topic: rng.sample(vocabulary[500:], TOPIC_WORDS) for topic in TOPICS}
    for index in range(number):
        topic = rng.choice(TOPICS)
        common = rng.choices(vocabulary, weights, k=max(3, words - 3 + rng.randint(-3, 3)))
        mixed = common + rng.choices(own[topic], k=3)
        rng.shuffle(mixed)
        yield f"{' '.join(mixed)} {index}", topic


def write_csv(path: Path, number: int) -> None:
    """Write made-up texts to a CSV file; the topic is a column that stays with the item."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "topic"])
        writer.writerows(texts(number))


# Import ------------------------------------------------------------------------------------------


def measure_import(client: Client, folder: Path, peak: Callable[[], float], n: int) -> list[Figure]:
    """Return how long `n` short texts take from upload to pool, and from there to features."""
    project, seconds = _filled(client, folder, n)
    started = time.perf_counter()
    _wait_for_features(client, project)
    return [
        Figure(f"import of {n:,} short texts", seconds, "s", _goal(n == 100_000, "20")),
        Figure("features after it", time.perf_counter() - started, "s", _goal(n == 100_000, "30")),
        Figure("peak memory of a worker process", peak(), "MB"),
    ]


def _filled(client: Client, folder: Path, n: int) -> tuple[int, float]:
    path = folder / f"{n}.csv"
    write_csv(path, n)
    project = client.call("POST", "/projects", {"name": f"bench {n}", "labels": TOPICS})["id"]
    started = time.perf_counter()
    work = client.upload(project, path, labels_are="ignore")
    address = f"/projects/{project}/imports/{work['id']}"
    done = client.wait_for(address, lambda a: a["state"] in {"done", "failed"}, 1800)
    if done["state"] == "failed":
        raise RuntimeError(done["error"])
    return project, time.perf_counter() - started


def _wait_for_features(client: Client, project: int) -> None:
    """Wait until the best features are there and the first round on them is done."""
    from annotator.models import FeatureSpace

    end = time.monotonic() + 1800
    while time.monotonic() < end:
        spaces = FeatureSpace.objects.filter(project_id=project)
        if spaces.exists() and not spaces.active().exists():
            return
        time.sleep(0.1)
    raise TimeoutError("the features were not ready after half an hour")


# Round -------------------------------------------------------------------------------------------


def measure_round(
    client: Client, folder: Path, peak: Callable[[], float], n: int, rounds: int = 6
) -> list[Figure]:
    """Return how long rounds over `n` texts take, from the label that makes one due to refilled."""
    project, _seconds = _filled(client, folder, n)
    _wait_for_features(client, project)
    _wait_for_rounds(client, project, 1)
    seconds = [_one_round(client, project) for _ in range(rounds)]
    return [
        Figure(
            f"round over {n:,} texts, median",
            statistics.median(seconds),
            "s",
            _goal(n == 20_000, "3"),
        ),
        Figure("slowest round", max(seconds), "s"),
        Figure("peak memory of a worker process", peak(), "MB", _goal(n == 20_000, "700")),
    ]


def _one_round(client: Client, project: int) -> float:
    """Label until a round is due, and return how long it takes from that label on."""
    _settle(client, project)
    before = _rounds(client, project, "refilled")
    every = client.call("GET", f"/projects/{project}")["retrain_every"]
    shown = client.call("POST", f"/projects/{project}/next", {})
    for _ in range(every):
        started = time.perf_counter()
        shown = _answer(client, project, shown)["next"]
    while _rounds(client, project, "refilled") <= before:
        time.sleep(0.02)
    return time.perf_counter() - started


def _settle(client: Client, project: int) -> None:
    """Wait until nothing is under way that would start or end a round of its own."""

    def quiet(progress: dict[str, Any]) -> bool:
        turn = progress["round"]
        return not progress["features"]["improving"] and turn and turn["state"] == "done"

    client.wait_for(f"/projects/{project}/progress", quiet, 300)
    # Better features start a round at once; see whether one came.
    time.sleep(1.0)
    client.wait_for(f"/projects/{project}/progress", quiet, 300)


def _rounds(client: Client, project: int, state: str = "done") -> int:
    from annotator.models import Round

    rows = Round.objects.filter(project_id=project)
    if state == "done":
        return rows.filter(state="done").count()
    return rows.exclude(refilled_at=None).count()


def _wait_for_rounds(client: Client, project: int, number: int) -> None:
    end = time.monotonic() + 300
    while _rounds(client, project) < number:
        if time.monotonic() > end:
            raise TimeoutError("the round was not done after five minutes")
        time.sleep(0.02)


# Serve -------------------------------------------------------------------------------------------


def measure_serve(client: Client, folder: Path, sizes: list[int], cycles: int) -> list[Figure]:
    """Return how long `next` and save-with-next take for one annotator, at pools of `sizes`."""
    figures = []
    medians: dict[str, list[float]] = {"next": [], "save-with-next": []}
    for n in sizes:
        project, _seconds = _filled(client, folder, n)
        _wait_for_features(client, project)
        _wait_for_rounds(client, project, 1)
        timed = _time_calls(client, project, cycles)
        for name, milliseconds in timed.items():
            medians[name].append(statistics.median(milliseconds))
            p95 = statistics.quantiles(milliseconds, n=20)[-1]
            goal = "15" if n == sizes[0] else ""
            figures.append(Figure(f"{name}, {n:,} items, median", medians[name][-1], "ms", goal))
            figures.append(Figure(f"{name}, {n:,} items, p95", p95, "ms"))
    for name, (first, *others) in medians.items():
        for n, median in zip(sizes[1:], others, strict=True):
            figures.append(
                Figure(f"{name}, {n:,} against {sizes[0]:,}", median / first, "x", "1.3")
            )
    return figures


def _time_calls(client: Client, project: int, cycles: int) -> dict[str, list[float]]:
    shown = client.call("POST", f"/projects/{project}/next", {})
    taken: dict[str, list[float]] = {"next": [], "save-with-next": []}
    for cycle in range(WARM_UP + cycles):
        started = time.perf_counter()
        shown = _answer(client, project, shown)["next"]
        saved = time.perf_counter()
        path = f"/projects/{project}/leases/{shown['lease']}/release"
        client.call("POST", path, {})
        released = time.perf_counter()
        shown = client.call("POST", f"/projects/{project}/next", {})
        if cycle >= WARM_UP:
            taken["save-with-next"].append(1000 * (saved - started))
            taken["next"].append(1000 * (time.perf_counter() - released))
        # Twenty labels a second are more than anybody gives; without a pause the rounds that they
        # start would be measured, as they would never end.
        time.sleep(0.05)
    return taken


def _answer(client: Client, project: int, shown: dict[str, Any]) -> dict[str, Any]:
    body = {
        "lease": shown["lease"],
        "labels": [shown["item"]["meta"]["topic"]],
        "client_id": str(uuid.uuid4()),
        "seconds": 1.0,
    }
    return dict(client.call("POST", f"/projects/{project}/annotations", body))


def _goal(applies: bool, goal: str) -> str:
    return goal if applies else ""
