"""While somebody attacks, other people are served; uploads that break off are no uploads."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from annotator.bench.api_client import Unexpected
from tests import floods, servers

pytestmark = pytest.mark.servers

CONNECTIONS = 12
SWAGGER = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with servers.winnow(tmp_path_factory.mktemp("floods") / "winnow") as running:
        # Signed in before the floods: one of them has the address shut out for a minute.
        running.owner = running.client()
        yield running


def others(server: Any) -> Any:
    """Return what other people do meanwhile: open a page, and ask for an item with a token."""
    owner = server.owner
    project = owner.call("POST", "/projects", {"name": "Mail", "labels": ["spam", "ham"]})["id"]
    calls = [floods.page(server.address) for _ in range(floods.PEOPLE)]
    return [*calls, lambda: owner.call("GET", f"/projects/{project}/progress")]


def assert_served(seen: Any, calm: Any) -> None:
    assert seen.problems == {}
    # On a busy machine, pages take longer anyway.
    assert seen.p95() < max(1, 10 * calm.p95()), sorted(seen.seconds)[-10:]


def test_slow_clients_starve_nobody_and_are_cut_off(server: Any) -> None:
    """Twelve connections of each kind for longer than any of them is waited for."""
    calls = others(server)
    calm = floods.watch(calls, 3)
    held = [floods.dripping(server.address, kind, CONNECTIONS) for kind in floods.DRIPPED]
    entered = [threading.Thread(target=each.__enter__) for each in held]
    for thread in entered:
        thread.start()
    for thread in entered:
        thread.join()
    with floods.not_reading(server.address, SWAGGER):
        seen = floods.watch(calls, 13)
    ended = [threading.Thread(target=each.__exit__, args=(None, None, None)) for each in held]
    for thread in ended:
        thread.start()
    for thread in ended:
        thread.join()
    assert_served(seen, calm)


@pytest.mark.parametrize("kind", ["headers", "body", "second_request"])
def test_slow_request_is_cut_off_in_time(server: Any, kind: str) -> None:
    with floods.dripping(server.address, kind, 1) as cut:
        servers.wait_until(lambda: cut, 25, "the end of a slow request")
    assert 8 < cut[0] < 20


def test_made_up_sign_ins_starve_nobody_and_are_limited(server: Any) -> None:
    calls = others(server)
    calm = floods.watch(calls, 3)
    with floods.sign_ins(server.address) as statuses:
        seen = floods.watch(calls, 6)
        servers.wait_until(lambda: statuses[429] > 20, 60, "the limit of failed sign-ins")
    assert_served(seen, calm)
    assert set(statuses) <= {401, 429, 503}


def test_upload_that_breaks_off_imports_nothing(server: Any) -> None:
    owner = server.owner
    project = owner.call("POST", "/projects", {"name": "Cut", "labels": ["spam", "ham"]})["id"]
    rows = b"text\n" + b"a line of a file that is cut off\n" * 9000
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    head = (
        f"POST /api/v1/projects/{project}/imports HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Token {owner._token}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {len(part) + len(rows) + 9}\r\n\r\n"
    )
    for sent in (1000, 200_000, len(rows)):
        with socket.create_connection(
            ("127.0.0.1", server.port), timeout=servers.patient(30)
        ) as client:
            client.sendall(head.encode() + part + rows[:sent])
            client.shutdown(socket.SHUT_WR)
            answer = client.recv(65_536)
        assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert owner.call("GET", f"/projects/{project}/imports")["results"] == []


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000, 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX\x00: a\r\n\r\n", 400),
        (b"\x16\x03\x01\x00\xff\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 403),
        (b"GET /api/v1/projects?q=%ff HTTP/1.1\r\nHost: localhost\r\n\r\n", 401),
        (b"GET /projects/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /projects/%ff HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_answered_as_such(server: Any, request_: Any, status: int) -> None:
    with socket.create_connection(
        ("127.0.0.1", server.port), timeout=servers.patient(30)
    ) as client:
        client.sendall(request_)
        answer = client.recv(65_536)
    assert int(answer.split(b" ")[1]) == status, answer
    if status in (414, 431):
        assert b"Content-Type: application/json" in answer


def test_pipelined_requests_are_answered_in_their_order(server: Any) -> None:
    with socket.create_connection(
        ("127.0.0.1", server.port), timeout=servers.patient(30)
    ) as client:
        client.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
            b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        answer = b""
        while more := client.recv(65_536):
            answer += more
    assert answer.index(b"200 OK") < answer.index(b"404 Not Found")


def test_server_said_nothing_of_errors(server: Any) -> None:
    with pytest.raises(Unexpected):
        server.owner.call("GET", "/projects/99999")
    assert "Traceback" not in server.said()
