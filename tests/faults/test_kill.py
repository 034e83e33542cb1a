"""`kill -9` at bad moments: what was acknowledged is there, and the work goes on by itself."""

import csv
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annotator.bench.api_client import Unexpected
from annotator.bench.synthetic_text import texts
from tests import servers
from tests.oracle import new_project, rows

pytestmark = pytest.mark.servers

# With so many items, a round takes long enough to be killed in.
SLOW, QUICK = 12_000, 600


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with servers.winnow(tmp_path_factory.mktemp("kill") / "winnow") as running:
        yield running


@pytest.fixture
def oracle(server: Any, tmp_path: Path) -> Any:
    return made(server, tmp_path / "posts.csv", QUICK)


def made(server: Any, path: Path, number: int) -> Any:
    """Return the oracle of a new project with that many texts."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label"])
        writer.writerows([n, text, topic] for n, (text, topic) in enumerate(texts(number)))
    truth = {row["id"]: row["label"] for row in rows(path)}
    return new_project(server.client(), path, truth)


def test_a_worker_killed_in_a_round_loses_nothing_and_the_round_is_taken_up(
    server: Any, tmp_path: Path
) -> None:
    oracle = made(server, tmp_path / "posts.csv", SLOW)
    servers.wait_until(lambda: _state(oracle) == "done", 120, "the first round")
    before = oracle.rounds()[0]["number"]
    oracle.label(20)
    servers.wait_until(lambda: oracle.rounds()[0]["number"] > before, 30, "the next round")
    killed = oracle.rounds()[0]["number"]
    for process in reversed(server.children("celery")):
        process.send_signal(signal.SIGKILL)
    saved = len(oracle.saved)
    oracle.label(5)
    assert len(oracle.saved) == saved + 5
    servers.wait_until(
        lambda: any(t["number"] == killed and t["state"] == "done" for t in oracle.rounds()),
        120,
        "the round that was cut off",
    )
    assert _stored(server, oracle) == sorted(oracle.served)


def _state(oracle: Any) -> Any:
    turn = oracle.progress()["round"]
    return turn and turn["state"]


def test_the_web_killed_right_after_a_save_has_saved_it(server: Any, oracle: Any) -> None:
    for _ in range(3):
        oracle.label(3)
        for process in server.children("gunicorn"):
            process.send_signal(signal.SIGKILL)
        assert _stored(server, oracle) == sorted(oracle.served)
        servers.wait_until(lambda: _answers(oracle), 30, "the web server")
    assert len(oracle.served) == len(set(oracle.served))


def test_a_save_whose_answer_was_lost_is_repeated_once(server: Any, oracle: Any) -> None:
    oracle.label(1)
    body = oracle.answer()
    path = f"/projects/{oracle.project}/annotations"
    first = oracle.client.call("POST", path, body)
    for process in server.children("gunicorn"):
        process.send_signal(signal.SIGKILL)
    servers.wait_until(lambda: _answers(oracle), 30, "the web server")
    again = oracle.client.call("POST", path, body)
    assert again["annotation"] == first["annotation"]
    assert again["next"]["lease"] == first["next"]["lease"]
    assert len(_stored(server, oracle)) == 2


def _answers(oracle: Any) -> Any:
    try:
        return oracle.progress()
    except (OSError, Unexpected):
        return None


def _stored(server: Any, oracle: Any) -> Any:
    """Return the items with a label, read from the file itself, past the web server."""
    asked = "SELECT item_id FROM annotator_annotation WHERE project_id = ?"
    database = sqlite3.connect(f"file:{server.folder / 'winnow.sqlite3'}?mode=ro", uri=True)
    try:
        return sorted(item for (item,) in database.execute(asked, [oracle.project]))
    finally:
        database.close()


def test_labels_are_saved_while_the_broker_is_stopped(server: Any, oracle: Any) -> None:
    oracle.label(1)
    broker = server.children("valkey-server")[0]
    broker.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        oracle.label(10)
        # A request that waited for the broker would take its time-out of five seconds.
        assert time.monotonic() - started < 10 * 5
        assert len(_stored(server, oracle)) == 11
    finally:
        broker.send_signal(signal.SIGCONT)
    before = len(oracle.rounds())
    oracle.label(20)
    servers.wait_until(lambda: len(oracle.rounds()) > before, 90, "a round afterwards")
