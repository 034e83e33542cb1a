"""What real processes say of themselves: their log, as machines collect it, and their figures."""

import json
import re
import signal
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests import servers
from tests.oracle import new_project, rows

pytestmark = pytest.mark.servers

NOTE = "a wallaby in a note"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An installation that logs JSON and measures, in which a project has learnt something."""
    folder = tmp_path_factory.mktemp("watched")
    env = {"LOG_FORMAT": "json", "LOG_LEVEL": "INFO", "METRICS": "loopback"}
    path = folder / "texts.csv"
    lines = [
        f"{n},{'marmot' if n % 2 else 'opossum'} number {n},{'spam' if n % 2 else 'ham'}"
        for n in range(200)
    ]
    path.write_text("\n".join(["id,text,label", *lines]))
    with servers.winnow(folder / "winnow", **env) as server:
        truth = {row["id"]: row["label"] for row in rows(path)}
        oracle = new_project(server.client(), path, truth)
        servers.wait_until(lambda: oracle.progress()["round"], 60, "the first round")
        oracle.label(24)
        path = f"/projects/{oracle.project}/annotations"  # type: ignore[assignment]
        oracle.client.call("POST", path, {**oracle.answer(), "note": NOTE})
        servers.wait_until(lambda: oracle.progress()["model"], 60, "a model")
        servers.wait_until(lambda: oracle.rounds()[0]["state"] == "done", 60, "its round")
        yield server, oracle


def lines(server: Any) -> Any:
    said = [line for line in server.said().splitlines() if line.startswith("{")]
    return [json.loads(line) for line in said]


def rounds_with(server: Any, field: str) -> set[str]:
    """Return the tasks of rounds that said `field`: an attempt begins, seconds end one."""
    of_rounds = [line for line in lines(server) if line.get("job") == "round"]
    return {line["task_id"] for line in of_rounds if field in line}


def test_each_stage_of_a_round_says_task_project_state_and_time(watched: Any) -> None:
    server, oracle = watched
    ends = [line for line in lines(server) if "seconds" in line and line.get("job") == "round"]
    assert {line["task"] for line in ends} >= {"train", "select", "refill", "evaluate"}
    for line in ends:
        assert line["project"] == oracle.project
        assert re.fullmatch(r"[0-9a-f-]{36}", line["task_id"])
        assert line["state"] in {"queued", "done"}
        assert line["seconds"] >= 0
    # Another round may be under way.
    servers.wait_until(lambda: rounds_with(server, "attempt") == rounds_with(server, "seconds"), 60)


def test_imports_and_features_say_so_too(watched: Any) -> None:
    server, _oracle = watched
    kinds = {line["job"] for line in lines(server) if "job" in line}
    assert kinds >= {"import", "feature space", "feature shard", "round", "round shard"}


def test_saves_say_request_person_and_project(watched: Any) -> None:
    server, oracle = watched
    route = "/api/v1/projects/<int:pk>/annotations"
    saves = [line for line in lines(server) if line.get("route") == route]
    assert len(saves) == 25
    assert {(line["project"], line["status"]) for line in saves} == {(oracle.project, 201)}
    assert len({line["request"] for line in saves}) == 25
    assert len({line["user"] for line in saves}) == 1


def test_nothing_that_people_wrote_is_in_the_log(watched: Any) -> None:
    server, oracle = watched
    said = server.said()
    words = ("opossum", "marmot", "wallaby", "spam", servers.PASSWORD, oracle.client._token)
    assert not [word for word in words if word in said]


def test_figures_are_those_of_all_web_processes_until_a_new_start(watched: Any) -> None:
    server, oracle = watched
    page = _figures(server)
    own = f'{{project="{oracle.project}"}}'
    assert 'winnow_request_seconds_count{call="save"} 25.0' in page
    assert f"winnow_rounds_failed_total{own} 0.0" in page
    assert "winnow_workers_alive 1.0" in page
    assert f'winnow_round_stage_seconds{{project="{oracle.project}",stage="train"}}' in page
    before = {process.pid for process in server.children("gunicorn")}
    # Two that answer, and the one that loaded the app and forked them.
    assert _counting(server) == before
    for process in server.children("gunicorn"):
        process.send_signal(signal.SIGKILL)
    servers.wait_until(lambda: _answers_anew(server, before), 30, "the web server")
    assert not _counting(server) & before
    assert 'winnow_request_seconds_count{call="save"} 0.0' in _figures(server)


def _figures(server: Any) -> Any:
    with urllib.request.urlopen(f"{server.address}/metrics", timeout=servers.patient(10)) as answer:
        return answer.read().decode()


def _counting(server: Any) -> Any:
    """Return the ids of the processes that have a file to count in."""
    files = (server.folder / "metrics").glob("*/histogram_*.db")
    return {int(re.search(r"_(\d+)\.db", file.name)[1]) for file in files}


def _answers_anew(server: Any, before: Any) -> Any:
    new = {process.pid for process in server.children("gunicorn")} - before
    try:
        return len(new) == 3 and _figures(server)
    except OSError:
        return False
