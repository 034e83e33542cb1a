"""Password hashing, limited to a few at a time, because each hash keeps a core busy for a while."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from annotator.jobs.outages import Away

# Per process: one hash is computed, some wait, each for a limited time. The others are asked to
# retry, so that most threads stay free for users who are signed in.
WAITING, PATIENCE = 2, 3.0

_room = threading.BoundedSemaphore(1 + WAITING)
_turn = threading.Lock()


class PasswordHasher(PBKDF2PasswordHasher):
    """Django's default, one at a time; unknown names take the same time as known ones."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        """Return the hash; Away if too many are waiting."""
        with _in_turn():
            return str(super().encode(password, salt, iterations))


@contextmanager
def _in_turn() -> Iterator[None]:
    with _held(_room, 0), _held(_turn, PATIENCE):
        yield


@contextmanager
def _held(lock: Any, seconds: float) -> Iterator[None]:
    if not lock.acquire(timeout=seconds):
        raise Away("busy")
    try:
        yield
    finally:
        lock.release()
