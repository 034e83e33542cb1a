"""Gunicorn worker in which slow clients occupy no thread, and which drains before it ends."""

import errno
import json
import re
import select
import socket
import time
from collections import deque
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn.workers import gthread

# Seconds for a client to send the request head, or the next piece of a long request.
PATIENCE = 10.0
# Bytes per second after the first PATIENCE seconds; anything slower is an attack, not a network.
SLOWEST_IN, SLOWEST_OUT = 1024, 8 * 1024
# A request up to this size is complete before it gets a thread; a thread reads a longer one.
KEPT_HEAD, KEPT_BODY = 64 * 1024, 128 * 1024
# A thread leaves this much of a response to the main loop rather than wait for a slow client.
KEPT_ANSWER = 4 * 1024 * 1024
# How long a long request waits for a thread that may read it.
QUEUE_SECONDS = 60.0
LINGER_SECONDS = 2.0

LENGTH = re.compile(rb"^content-length:[ \t]*([0-9]{1,18})[ \t]*\r?$", re.I | re.M)
# The length of such a body is unknown in advance, or it is only sent on request.
OPEN_ENDED = re.compile(rb"^(?:transfer-encoding|expect):", re.I | re.M)


class ClientSocket(socket.socket):
    """A non-blocking connection: threads wait for it here, for a limited time."""

    def __init__(self, fileno: int) -> None:
        super().__init__(fileno=fileno)
        super().setblocking(False)
        self.unsent: deque[memoryview] = deque()
        # A thread may wait for input only during a long request.
        self.streams = False
        self._patience, self._waited, self._moved = PATIENCE, 0.0, 0

    def begin(self) -> None:
        """Start the time and byte count of one request and its response."""
        self.streams, self._patience, self._waited, self._moved = False, PATIENCE, 0.0, 0

    def setblocking(self, _flag: bool) -> None:
        """Do nothing: the socket stays non-blocking."""

    def settimeout(self, seconds: float | None) -> None:
        """Set the time limit for the next piece."""
        self._patience = PATIENCE if seconds is None else min(seconds, PATIENCE)

    def gettimeout(self) -> float:
        """Return the time limit of the next read."""
        return self._patience

    def take(self) -> bytes:
        """Return the bytes received so far, without waiting; BlockingIOError if there are none."""
        return super().recv(65_536)

    def recv(self, size: int, _flags: int = 0) -> bytes:
        """Return the next piece of a long request; disconnect a client that is too slow."""
        # Never return an empty result, as if the body ended here: a truncated file would look
        # complete.
        data = super().recv(size) if self.streams and self._comes(select.POLLIN) else b""
        self._moved += len(data)
        if not data or self._dawdles(SLOWEST_IN):
            raise ConnectionResetError(errno.ECONNRESET, "the rest of the request did not come")
        return data

    def sendall(self, data: Any, _flags: int = 0) -> None:
        """Send what the socket accepts; buffer the rest, and wait only if it is too large."""
        self.unsent.append(memoryview(bytes(data)))
        while not self.flush() and self.size_unsent() > KEPT_ANSWER:
            if not self._comes(select.POLLOUT) or self._dawdles(SLOWEST_OUT):
                raise ConnectionResetError(errno.ECONNRESET, "nobody reads the answer")

    def flush(self) -> bool:
        """Send without waiting, and return whether everything is sent."""
        while self.unsent:
            try:
                sent = self.send(self.unsent[0])
            except BlockingIOError:
                return False
            self._moved += sent
            if sent < len(self.unsent[0]):
                self.unsent[0] = self.unsent[0][sent:]
            else:
                self.unsent.popleft()
        return True

    def size_unsent(self) -> int:
        """Return the number of bytes that the client has not read yet."""
        return sum(map(len, self.unsent))

    def _comes(self, what: int) -> bool:
        poll, started = select.poll(), time.monotonic()
        poll.register(self, what)
        happened = poll.poll(1000 * self._patience)
        self._waited += time.monotonic() - started
        return bool(happened)

    def _dawdles(self, slowest: int) -> bool:
        return self._moved < slowest * (self._waited - PATIENCE)


class Connection(gthread.TConn):
    """A client between two requests handled by threads: received bytes and deadline."""

    sock: ClientSocket

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.init()
        self.data_ready = True
        self.arrived = bytearray()
        # The length of the awaited part of the request; None before the head is complete.
        self.end: int | None = None
        self.expires = 0.0
        self.stays = True

    def begin(self, seconds: float, rest: bytes) -> None:
        """Await a request whose first bytes may have arrived, for that long if none have."""
        self.arrived, self.end = bytearray(), None
        self.sock.begin()
        self.expires = time.monotonic() + seconds
        self.add(rest)

    def add(self, data: bytes) -> None:
        """Append received bytes, and set the deadline for the rest."""
        if data and not self.arrived:
            self.expires = time.monotonic() + PATIENCE
        searched = max(0, len(self.arrived) - 3)
        self.arrived += data
        if self.end is None and (found := self.arrived.find(b"\r\n\r\n", searched)) >= 0:
            awaited = self._body(bytes(self.arrived[:found]))
            self.end = found + 4 + awaited
            self.expires = time.monotonic() + PATIENCE + awaited / SLOWEST_IN

    def _body(self, head: bytes) -> int:
        length = LENGTH.search(head)
        said = int(length[1]) if length else 0
        self.sock.streams = said > KEPT_BODY or bool(OPEN_ENDED.search(head))
        return 0 if OPEN_ENDED.search(head) else min(said, KEPT_BODY)

    def is_complete(self) -> bool:
        """Return whether a thread would find everything that it must not wait for."""
        return self.end is not None and len(self.arrived) >= self.end

    def take_arrived(self) -> bytes:
        """Return the received bytes for a thread; a long request has to wait for one."""
        data, self.arrived = bytes(self.arrived), bytearray()
        self.expires = time.monotonic() + QUEUE_SECONDS
        return data


class Noted:
    """Replaces the socket when gunicorn writes an error page."""

    page = b""

    def gettimeout(self) -> float:
        """Return 0: nothing waits here."""
        return 0.0

    def sendall(self, page: bytes) -> None:
        """Store what was written."""
        self.page += page


def error_answer(status: int, reason: str) -> bytes:
    """Return the response to a malformed request, in the shape of the API's errors."""
    error = {"code": reason.lower().replace(" ", "_"), "detail": reason}
    body = json.dumps({"type": error["code"], **error, "errors": [{"field": "", **error}]})
    head = [
        f"HTTP/1.1 {status} {reason}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", body]).encode()


class PatientWorker(gthread.ThreadWorker):
    """Keep slow clients out of the threads: they wait in the main loop, which costs little.

    A thread gets a request once it is complete, and leaves unsent data to the main loop. Long
    requests take at most half of the threads.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In order of arrival: the oldest are closed when there are too many.
        self.parked: dict[Connection, None] = {}
        self.long_ones: deque[Connection] = deque()
        self.nr_long, self.most_long = 0, max(1, self.cfg.threads // 2)
        self.looked = 0.0

    def accept(self, listener: Any) -> None:
        """Accept a connection; with too many, close the one that waited longest."""
        if self.cfg.is_ssl:
            # select() could not watch it from here.
            super().accept(listener)
            return
        try:
            client, address = listener.accept()
        except OSError as problem:
            if problem.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        if self.nr_conns >= 0.9 * self.worker_connections and self.parked:
            self._drop(next((c for c in self.parked if not c.sock.unsent), next(iter(self.parked))))
        self.nr_conns += 1
        sock = ClientSocket(client.detach())
        self._await_request(Connection(self.cfg, sock, address, listener.getsockname()))

    def _await_request(self, conn: Connection, rest: bytes = b"") -> None:
        conn.begin(self.cfg.keepalive if self.alive else LINGER_SECONDS, rest)
        if not self._is_taken(conn):
            self._park(conn, EVENT_READ, self._receive)

    def _receive(self, conn: Connection) -> None:
        try:
            data = conn.sock.take()
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(conn)
            return
        conn.add(data)
        self._is_taken(conn)

    def _is_taken(self, conn: Connection) -> bool:
        """Return whether the request is handed on, because it is complete or too large."""
        if conn.is_complete():
            self._unpark(conn)
            conn.parser.unreader.unread(conn.take_arrived())
            if conn.sock.streams:
                self.long_ones.append(conn)
                self._start_long_ones()
            else:
                self.enqueue_req(conn)
        elif conn.end is None and len(conn.arrived) > KEPT_HEAD:
            self._unpark(conn)
            self._refuse(conn, 431, "Request Header Fields Too Large")
        else:
            return False
        return True

    def _start_long_ones(self) -> None:
        while self.long_ones and self.nr_long < self.most_long:
            self.nr_long += 1
            self.enqueue_req(self.long_ones.popleft())

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """Send the rest of a response, then await the next request or close."""
        if self.cfg.is_ssl:
            super().finish_request(conn, fs)
            return
        if conn.sock.streams:
            self.nr_long -= 1
            self._start_long_ones()
        try:
            conn.stays = bool(fs.result())
        except Exception:
            conn.stays = False
        self._send_rest(conn)

    def _send_rest(self, conn: Connection) -> None:
        try:
            is_sent = conn.sock.flush()
        except OSError:
            self._drop(conn)
            return
        if not is_sent:
            if conn not in self.parked:
                seconds = PATIENCE + conn.sock.size_unsent() / SLOWEST_OUT
                conn.expires = time.monotonic() + seconds
                self._park(conn, EVENT_WRITE, self._send_rest)
            return
        self._unpark(conn)
        if conn.stays:
            self._await_request(conn, conn.parser.unreader.take_buffered())
        else:
            self._say_goodbye(conn)

    def _say_goodbye(self, conn: Connection) -> None:
        # Closing a connection with unread input may lose the end of the response.
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
            return
        conn.expires = time.monotonic() + LINGER_SECONDS
        self._park(conn, EVENT_READ, self._discard)

    def _discard(self, conn: Connection) -> None:
        try:
            is_over = not conn.sock.take()
        except BlockingIOError:
            return
        except OSError:
            is_over = True
        if is_over:
            self._drop(conn)

    def _refuse(self, conn: Connection, status: int, reason: str) -> None:
        conn.stays = False
        try:
            conn.sock.sendall(error_answer(status, reason))
        except OSError:
            self._drop(conn)
            return
        self._send_rest(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer a request that gunicorn cannot read, or that failed in it."""
        noted = Noted()
        super().handle_error(req, noted, addr, exc)
        if noted.page:
            _version, status, reason = noted.page.split(b"\r\n")[0].decode().split(" ", 2)
            client.sendall(error_answer(int(status), reason))

    def _park(self, conn: Connection, event: int, then: Any) -> None:
        self.parked[conn] = None
        self.poller.register(conn.sock, event, partial(self._look, conn, then))

    def _look(self, conn: Connection, then: Any, _sock: Any) -> None:
        # It may have been closed by another one in the same iteration.
        if conn in self.parked:
            then(conn)

    def _unpark(self, conn: Connection) -> None:
        if conn in self.parked:
            del self.parked[conn]
            self.poller.unregister(conn.sock)

    def _drop(self, conn: Connection) -> None:
        self._unpark(conn)
        self.nr_conns -= 1
        conn.close()

    def murder_keepalived(self, force: bool = False) -> None:
        """Disconnect clients that are too slow; all clients during shutdown."""
        super().murder_keepalived(force)
        now = time.monotonic()
        if not force and now - self.looked < 0.5:
            return
        self.looked = now
        for conn in [each for each in self.parked if force or each.expires < now]:
            self._drop(conn)
        for conn in [each for each in self.long_ones if each.expires < now]:
            self.long_ones.remove(conn)
            self._refuse(conn, 503, "Service Unavailable")

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self.parked:
            if not conn.arrived and not conn.sock.unsent:
                conn.expires = min(conn.expires, deadline)


class DrainingWorker(PatientWorker):
    """Answer all accepted connections before the worker ends.

    Otherwise, connections accepted by the kernel but not yet by a thread would be reset, and the
    front server could not know whether a label in them was saved.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        """Stop accepting connections; during shutdown, accept those in the backlog."""
        super().set_accept_enabled(enabled)
        if self.alive or enabled:
            return
        for listener in self.sockets:
            while select.select([listener], [], [], 0)[0]:
                self.accept(listener)
            # The backlog is not read again, so later clients must be refused at once.
            listener.close()
