"""Transient outages of the database or disk, reported as 503."""

import errno
from typing import Any

from django.db import InterfaceError, OperationalError

from annotator.errors import FlowError
from annotator.storage.checksums import Corrupt

RETRY_SECONDS = 5
FULL = {errno.ENOSPC, errno.EDQUOT}

# SQLite's environment errors; wrong statements raise the same exception class.
SQLITE_FULL = 13
SQLITE_AWAY = {5, 6, 8, 10, SQLITE_FULL, 14}


class Away(FlowError):
    """Temporarily unavailable; the request can be repeated in a moment."""

    status = 503
    retry_after = RETRY_SECONDS


def outage(problem: BaseException | None) -> Away | None:
    """Return which service is unavailable, in words; None for any other `problem`."""
    if isinstance(problem, Corrupt):
        return Away("damaged", reason=problem)
    if isinstance(problem, OSError):
        return _full() if problem.errno in FULL else None
    if not isinstance(problem, (OperationalError, InterfaceError)):
        return None
    code = _sqlite_code(problem)
    if code is not None and code not in SQLITE_AWAY:
        return None
    if code == SQLITE_FULL or "No space left" in str(problem):
        return _full()
    return Away("database_away")


def _full() -> Away:
    return Away("storage_full")


def _sqlite_code(problem: BaseException) -> int | None:
    code: Any = getattr(problem.__cause__, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF
