"""SQLite backend with one write queue for all threads and processes.

SQLite itself has no queue. A writer that finds the database locked sleeps and retries, longer each
time, up to a tenth of a second. With many writers the database is idle most of the time while all
sleep, and the one that has waited longest retries least often. Here the threads of a process queue
first, so that only one thread of each process retries, and does so often.

A single statement outside a transaction does not queue; neither does another program.
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
    """The write queue of one database: among this process's threads, then among processes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._file: int | None = None

    def enter(self, seconds: float) -> None:
        """Wait for the lock; OperationalError on timeout."""
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
        """Release the lock."""
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
        """Close what a forked process inherited; its parent keeps the lock."""
        if self._file is not None:
            os.close(self._file)


_lines: dict[str, Line] = {}


def _renew() -> None:
    # A thread of the parent may have held the lock at the fork, and does not exist in the child.
    # While the child kept the descriptor, the parent's death would not release the lock.
    for line in _lines.values():
        line.forget()
    _lines.clear()


os.register_at_fork(after_in_child=_renew)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that queues before it begins to write."""

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
        # If it fails, the transaction stays open until it is rolled back.
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
