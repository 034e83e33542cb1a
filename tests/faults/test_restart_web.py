"""The web processes are replaced while people label: nobody sees an error, nothing is lost."""

import csv
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annotator.bench.synthetic_text import texts
from tests import front, servers
from tests.oracle import Oracle, new_project, rows

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with servers.winnow(tmp_path_factory.mktemp("restart") / "winnow") as running:
        yield running


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("posts") / "posts.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label"])
        writer.writerows([n, text, topic] for n, (text, topic) in enumerate(texts(3000)))
    return path


class Labeller:
    """Somebody who saves one label after the other until told to stop."""

    def __init__(self, address: Any, server: Any, path: Any) -> None:
        truth = {row["id"]: row["label"] for row in rows(path)}
        made = new_project(server.client(), path, truth)
        client = servers.Client(address, servers.ADMIN, servers.PASSWORD)
        self.oracle = Oracle(client, made.project, truth)
        self.problem = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._label_until_over)

    def __enter__(self) -> Any:
        self._thread.start()
        self.wait_for_more(5)
        return self

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self._thread.join(servers.patient(60))

    def wait_for_more(self, number: Any) -> None:
        """Wait until that many more labels were saved, or one could not be."""
        wanted = len(self.oracle.saved) + number
        servers.wait_until(lambda: self.problem or len(self.oracle.saved) >= wanted, 60, "labels")

    def _label_until_over(self) -> None:
        try:
            while not self._over.is_set():
                self.oracle.label(1)
        except Exception as problem:
            self.problem = problem  # type: ignore[assignment]

    def check(self) -> None:
        """Hold what was answered against what is stored."""
        assert self.problem is None, self.problem
        path = f"/projects/{self.oracle.project}/export?format=jsonl"
        lines = self.oracle.client.call("GET", path).decode().splitlines()
        assert len(lines) == len(self.oracle.saved) == len(set(self.oracle.served))


def test_reloading_the_web_processes_loses_nothing(server: Any, posts: Any, tmp_path: Path) -> None:
    bind, log = f"127.0.0.1:{servers.free_port()}", tmp_path / "web.log"
    with front.gunicorn(bind, server.env, log) as web:
        with Labeller(f"http://{bind}", server, posts) as ana:
            for _turn in range(3):
                before = started(log)
                web.send_signal(signal.SIGHUP)
                servers.wait_until(lambda n=before: started(log) >= n + 2, 60, "fresh workers")  # type: ignore[misc]
                ana.wait_for_more(20)
        ana.check()


def started(log: Any) -> Any:
    """Return how many workers were started so far."""
    return log.read_text().count("Booting worker")


def test_replacing_one_web_server_after_the_other_loses_nothing(
    server: Any, posts: Any, tmp_path: Path
) -> None:
    env = {**server.env, "BEHIND_NGINX": "true"}
    with servers.short_folder() as sockets:
        binds = [f"unix:{sockets}/{name}.sock" for name in ("web", "web2")]
        webs = [front.start_gunicorn(bind, env, tmp_path / "log", "--preload") for bind in binds]
        try:
            with front.nginx(sockets / "nginx", server.folder, binds) as address:
                with Labeller(address, server, posts) as ana, Labeller(address, server, posts) as b:
                    for _turn in range(2):
                        for place, bind in enumerate(binds):
                            front.stop(webs[place])
                            webs[place] = front.start_gunicorn(bind, env, tmp_path / "log")
                            ana.wait_for_more(10)
                            b.wait_for_more(10)
                ana.check()
                b.check()
        finally:
            for web in webs:
                front.stop(web)


def test_who_has_connected_is_answered_though_the_server_ends(server: Any, tmp_path: Path) -> None:
    env = {**server.env, "WEB_CONCURRENCY": "1"}
    with servers.short_folder() as sockets:
        bind = f"unix:{sockets}/web.sock"
        web = front.start_gunicorn(bind, env, tmp_path / "log", "--threads", "1")
        worker = servers.wait_until(lambda: front.workers(web), 30, "a worker")[0]
        # A stopped worker accepts no connection; new ones wait in the kernel.
        worker.send_signal(signal.SIGSTOP)
        request = b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n"
        waiting = [front.send(bind, request) for _ in range(6)]
        web.send_signal(signal.SIGTERM)
        servers.wait_until(lambda: not front.is_bound(bind), 30, "the end of the socket")
        worker.send_signal(signal.SIGCONT)
        answers = [front.received(connection) for connection in waiting]
        web.wait(servers.patient(60))
    assert [b" 200 " in answer for answer in answers] == [True] * 6
