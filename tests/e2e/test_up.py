"""`manage.py up` as its operator meets it."""

import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annotator.server import resource_usage
from tests import servers

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with servers.winnow(tmp_path_factory.mktemp("up")) as server:
        yield server


def _get(address: Any) -> Any:
    with urllib.request.urlopen(address, timeout=servers.patient(10)) as answer:
        return answer.read().decode()


def test_it_is_ready_when_it_says_so(own: Any) -> None:
    assert _get(f"{own.address}/healthz") == "ok"
    servers.wait_until(lambda: _ready(own), 30, "readiness")


def _ready(server: Any) -> Any:
    try:
        return '"worker": "ok"' in _get(f"{server.address}/readyz")
    except OSError:
        return False


def test_it_is_small_while_nothing_happens(own: Any) -> None:
    # The worker reports that it is ready before its last child process is.
    servers.wait_until(
        lambda: len(resource_usage.family(own.process.pid)) >= 8, 30, "all processes"
    )
    cost = resource_usage.measure(resource_usage.family(own.process.pid), 0.5)
    assert cost.processes >= 8
    # Alone on a machine it takes up to 271; beside others that share the same libraries, less.
    assert 0 < cost.pss < 285


def test_a_second_start_on_the_same_data_says_so_and_touches_nothing(own: Any) -> None:
    again = _up_again(own, "--port", str(servers.free_port()))
    assert again.returncode != 0
    assert "runs already" in again.stderr
    assert str(own.process.pid) in again.stderr
    assert _get(f"{own.address}/healthz") == "ok"


def test_a_port_that_is_taken_is_refused_before_anything_is_made(own: Any, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    again = _up_again(own, "--port", str(own.port), "--data", str(folder))
    assert again.returncode != 0
    assert f"Port {own.port}" in again.stderr
    assert not (folder / "winnow.sqlite3").exists()


@pytest.mark.parametrize("word", ["gunicorn", "celery", "valkey"])
def test_a_child_that_is_killed_comes_back(own: Any, word: str) -> None:
    victim = servers.wait_until(lambda: _oldest(own, word), 30, word)
    orphans = victim.children(recursive=True) if word == "gunicorn" else []
    victim.send_signal(signal.SIGKILL)
    servers.wait_until(lambda: _oldest(own, word) not in {None, victim}, 30, word)
    # Its old workers answer a moment longer, and must not be mistaken for the new ones.
    servers.wait_until(lambda: not any(each.is_running() for each in orphans), 30, "orphans' end")
    assert servers.wait_until(lambda: _ready(own), 60, "readiness")


def _up_again(server: Any, *options: Any) -> Any:
    return subprocess.run(
        server.command("up", *options),
        cwd=servers.ROOT,
        env=server.env,
        capture_output=True,
        text=True,
        timeout=servers.patient(60),
    )


def _oldest(server: Any, word: Any) -> Any:
    return next(iter(server.children(word)), None)


def test_without_a_given_password_one_is_made_and_works_and_is_shown_once(tmp_path: Path) -> None:
    server = servers.Winnow(tmp_path / "winnow")
    del server.env["WINNOW_ADMIN_PASSWORD"]
    try:
        server.start()
        name, password = re.search(
            r"Log in as (\S+) with the password (\S+)", server.said()
        ).groups()
        assert server.client(name, password).call("GET", "/projects")["results"] == []
        key = server.folder / "secret_key"
        assert key.stat().st_mode & 0o777 == 0o600
        seconds = server.stop()
        assert seconds < 10
        assert not server.children_left()
        server.log.write_text("")
        server.start()
        assert "with the password" not in server.said()
    finally:
        server.stop()


@pytest.mark.xdist_group("e2e")
def test_the_demo_has_something_to_label_at_once(running: Any) -> None:
    address = re.search(r"sample project is open at (\S+)", running.said()).group(1)
    project = int(re.search(r"/projects/(\d+)/", address).group(1))
    client = running.client()
    served = servers.wait_until(
        lambda: client.call("POST", f"/projects/{project}/next", {}), 30, "the first item"
    )
    assert served["item"]["text"]
