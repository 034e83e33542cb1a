"""Flooding attacks on a local server, and their effect on other users."""

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PEOPLE = 4
# A client that waits longer counts as not served.
TIMEOUT = 10.0


@dataclass
class Seen:
    """The duration and status of other users' requests."""

    seconds: list[float] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)

    def p95(self) -> float:
        """Return the 95th percentile of the durations."""
        return sorted(self.seconds)[int(0.95 * (len(self.seconds) - 1))]


def watch(calls: list[Callable[[], None]], seconds: float) -> Seen:
    """Repeat each of `calls` in its own thread for that long."""
    seen, end = Seen(), time.monotonic() + seconds

    def ask(call: Callable[[], None]) -> None:
        while time.monotonic() < end:
            started = time.monotonic()
            try:
                call()
            except (OSError, AssertionError) as problem:
                seen.problems[f"{type(problem).__name__}: {problem}"] += 1
            seen.seconds.append(time.monotonic() - started)
            time.sleep(0.05)

    threads = [threading.Thread(target=ask, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def page(address: str, path: str = "/login") -> Callable[[], None]:
    """Return a call that opens a page."""

    def call() -> None:
        with urllib.request.urlopen(f"{address}{path}", timeout=TIMEOUT) as answer:
            assert answer.status == 200
            answer.read()

    return call


def sign_in(address: str, username: str, password: str) -> int:
    """Ask for a token and return the status."""
    body = json.dumps({"username": username, "password": password}).encode()
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/api/v1/auth/token", body, head)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


# Slow clients -------------------------------------------------------------------------------------

DRIPPED = {
    "headers": (b"GET /login HTTP/1.1\r\nHost: localhost\r\n", b"X-A: b\r\n"),
    "body": (
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n",
        b"a",
    ),
    "long_body": (
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + b"a" * 200_000,
        b"a",
    ),
    "chunks": (
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n",
        b"1\r\na\r\n",
    ),
    "second_request": (
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\n",
        b"X-A: b\r\n",
    ),
    "awaits_100": (
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
        b"Expect: 100-continue\r\n\r\n",
        b"a",
    ),
    "silence": (b"", b""),
    "idle": (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b""),
    "stays_after_goodbye": (
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"",
    ),
}


@contextmanager
def dripping(address: str, kind: str, connections: int = 40) -> Iterator[list[float]]:
    """Hold connections that send one piece a second; yield the seconds until each was closed."""
    begin, piece = DRIPPED[kind]
    over, cut = threading.Event(), []
    threads = [
        threading.Thread(target=_drip, args=(address, begin, piece, over, cut))
        for _ in range(connections)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    try:
        yield cut
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _drip(
    address: str, begin: bytes, piece: bytes, over: threading.Event, cut: list[float]
) -> None:
    while not over.is_set():
        started = time.monotonic()
        with suppress(OSError), _connected(address) as client:
            client.sendall(begin)
            while not over.wait(1):
                if piece:
                    client.sendall(piece)
                if _is_closed(client):
                    break
        if not over.is_set():
            cut.append(time.monotonic() - started)
            over.wait(0.2)


def _connected(address: str) -> socket.socket:
    host, _colon, port = address.removeprefix("http://").partition(":")
    client = socket.create_connection((host, int(port)), timeout=TIMEOUT)
    client.setblocking(True)
    return client


def _is_closed(client: socket.socket) -> bool:
    try:
        return _drained(client) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _drained(client: socket.socket) -> bytes:
    data = client.recv(65_536, socket.MSG_DONTWAIT)
    while data:
        data = client.recv(65_536, socket.MSG_DONTWAIT)
    return data


@contextmanager
def not_reading(address: str, path: str, connections: int = 40) -> Iterator[None]:
    """Request a large response on many connections, and read none of it."""
    clients = []
    for _ in range(connections):
        host, _colon, port = address.removeprefix("http://").partition(":")
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(TIMEOUT)
        client.connect((host, int(port)))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        clients.append(client)
    time.sleep(0.5)
    try:
        yield
    finally:
        for client in clients:
            client.close()


@contextmanager
def sign_ins(address: str, at_once: int = 16) -> Iterator[Counter[int]]:
    """Sign in with invalid names repeatedly; yield how often each status was returned."""
    over, statuses = threading.Event(), Counter()

    def attack(number: int) -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            with suppress(OSError):
                statuses[sign_in(address, f"nobody{number}-{turn}", "wrong")] += 1
            # A faster client would take the cores that the server needs.
            over.wait(0.05)

    threads = [threading.Thread(target=attack, args=(number,)) for number in range(at_once)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    try:
        yield statuses
    finally:
        over.set()
        for thread in threads:
            thread.join()
