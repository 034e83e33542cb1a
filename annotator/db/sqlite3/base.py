"""SQLite backend with one write queue for all threads and processes.

SQLite itself has no line. Whoever finds another one writing sleeps and looks again, longer each
time, up to a tenth of a second. Among many writers most of the time nobody writes while all sleep,
and who has waited longest looks least often. Here the threads of a process wait for each other
first, so that only one of each process looks, and that one often.

A single statement outside a transaction does not stand in line; neither does another program.
"""

import fcntl
import os
import threading
import time
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

LOOK_SECONDS = 0.001


class Line:
    """The line of one database: first among the threads of this process, then among processes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._file: int | None = None

    def enter(self, seconds: float) -> None:
        """Wait for the turn; OperationalError where it does not come in time."""
        end = time.monotonic() + seconds
        if not self._threads.acquire(timeout=seconds):
            raise OperationalError("database is locked")
        try:
            while not self._is_ours():
                if time.monotonic() > end:
                    raise OperationalError("database is locked")
                time.sleep(LOOK_SECONDS)
        except BaseException:
            self._threads.release()
            raise

    def leave(self) -> None:
        """Let the next one write."""
        fcntl.flock(self._descriptor(), fcntl.LOCK_UN)
        self._threads.release()

    def _is_ours(self) -> bool:
        try:
            fcntl.flock(self._descriptor(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _descriptor(self) -> int:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._file

    def forget(self) -> None:
        """Close what a process that was just forked has of its parent, which keeps its place."""
        if self._file is not None:
            os.close(self._file)


_lines: dict[str, Line] = {}


def _renew() -> None:
    # A thread of the parent may have been in a line when it forked, and is not in the child; and
    # while the child had its descriptor, the death of the parent would free nobody.
    for line in _lines.values():
        line.forget()
    _lines.clear()


os.register_at_fork(after_in_child=_renew)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that stands in line before it begins to write."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held: Line | None = None

    def _start_transaction_under_autocommit(self) -> None:
        self._enter()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._leave()
            raise

    def _commit(self) -> None:
        # Where it fails, the transaction goes on until it is rolled back.
        super()._commit()  # type: ignore[misc]
        self._leave()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._leave()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._leave()

    def _enter(self) -> None:
        if self._held is None and not self.is_in_memory_db():
            path = f"{self.settings_dict['NAME']}.line"
            line = _lines.setdefault(path, Line(path))
            line.enter(float(self.settings_dict["OPTIONS"].get("timeout", 5.0)))
            self._held = line

    def _leave(self) -> None:
        if self._held is not None:
            line, self._held = self._held, None
            line.leave()
