"""How long a round stands still after its worker was killed: kill -9 at random moments.

python -m tests.bench.worker_kills [kills]    prints each, and the longest
"""

import csv
import random
import signal
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from annotator.bench.synthetic_text import texts
from tests import servers
from tests.oracle import new_project, rows

ITEMS = 12_000
LONGEST = 120.0
SHOWN = "number, state, stage, token, attempts"


class Watched:
    """The rounds of a running installation, read from the database file."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(f"file:{folder / 'winnow.sqlite3'}?mode=ro", uri=True)

    def last(self) -> tuple[Any, ...]:
        query = f"SELECT {SHOWN} FROM annotator_round ORDER BY number DESC LIMIT 1"
        return self._database.execute(query).fetchone() or ()

    def shards(self) -> list[tuple[Any, ...]]:
        query = "SELECT id, state, token FROM annotator_roundshard ORDER BY id"
        return self._database.execute(query).fetchall()

    def is_running(self) -> bool:
        return "running" in (*self.last()[1:2], *(row[1] for row in self.shards()))


def main(kills: int) -> None:
    """Kill the worker, or one process of its pool, that many times and print the pauses."""
    rng = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="winnow-kills-") as folder:
        server = servers.Winnow(Path(folder) / "winnow")
        try:
            server.start()
            _kill_often(server, Path(folder), kills, rng)
        finally:
            server.stop()


def _kill_often(server: servers.Winnow, folder: Path, kills: int, rng: random.Random) -> None:
    oracle = _project(server, folder)
    watched, pauses = Watched(server.folder), []
    for number in range(kills):
        servers.wait_until(lambda: watched.last()[1:2] == ("done",), 300, "the round before")
        # More labels than make a round due, because some wait for the next one.
        oracle.label(25)
        servers.wait_until(watched.is_running, 60, "a round", pause=0.01)
        time.sleep(rng.uniform(0, 1.0))
        if not watched.is_running():
            print(f"kill {number + 1}: the round was over")
            continue
        part = ("worker", "pool")[number % 2]
        pauses.append(_pause(server, watched, part))
        print(f"kill {number + 1} ({part}): {pauses[-1]:.1f} s", flush=True)
    print(f"{len(pauses)} kills in a round; the longest pause was {max(pauses):.1f} s")


def _project(server: servers.Winnow, folder: Path) -> Any:
    path = folder / "posts.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label"])
        writer.writerows([n, text, topic] for n, (text, topic) in enumerate(texts(ITEMS)))
    return new_project(server.client(), path, {row["id"]: row["label"] for row in rows(path)})


def _pause(server: servers.Winnow, watched: Watched, part: str) -> float:
    celery = server.children("celery")
    doomed = celery[:1] if part == "worker" else celery[1:]
    for process in doomed:
        process.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    before = watched.last(), watched.shards()
    while time.monotonic() < killed + LONGEST:
        if _went_on(before, (watched.last(), watched.shards())):
            return time.monotonic() - killed
        time.sleep(0.02)
    return LONGEST


def _went_on(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    """Return whether the round or a part of it was claimed, or advanced."""
    (turn, shards), (turn_now, shards_now) = before, now
    claimed = turn_now[1] == "running" and turn_now[3] not in (None, turn[3])
    old = {row[0]: row for row in shards}
    parts = any(
        row[1] != "queued" and row != old.get(row[0]) and row[2] is not None for row in shards_now
    )
    return claimed or parts or turn_now[1] in {"done", "failed"}


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
