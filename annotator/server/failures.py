"""Failures that stop a command, in words: what happened, why, and what to do next.

The traceback of an unforeseen error is logged, and the message says where. With `--traceback` it is
printed as usual.
"""

import errno
import os
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

LOG = "errors.log"
INTERRUPTED, PIPE_CLOSED = 130, 141
DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
FULL = {errno.ENOSPC, errno.EDQUOT}
TOLD = {"CommandError", "FlowError", "Impossible"}

# Parts of database errors, and what they mean to the person who runs the command.
DATABASE = {
    "not a database": "{file} is not a database of Winnow's, or it is damaged. Move it away to "
    "start afresh, or restore a backup.",
    "malformed": "The database {file} is damaged. Restore a backup, or ask somebody who knows "
    "SQLite to recover it.",
    "unable to open": "The database {file} cannot be opened. Check that its folder exists, that "
    "it is a file, and that this user may read and write it.",
    "readonly": "The database {file} cannot be written. Give this user write access to it and its "
    "folder.",
    "disk is full": "The disk with the database {file} is full. Free space and try again.",
    "disk I/O": "The disk with the database {file} reports an error: {problem}.",
    "locked": "The database {file} was busy for too long. Stop other programs that use it, and try "
    "again.",
    "no such table": "{unprepared}",
    "no such column": "{unprepared}",
    "does not exist": "{problem}. {unprepared}",
    "connect": "The database cannot be reached: {problem}. Check that its server is running, and "
    "check DATABASE_URL.",
}
UNPREPARED = (
    "The database is not prepared for this version of Winnow. Start “manage.py up”, or run "
    "“manage.py migrate”."
)
UNREACHABLE = "The database refused: {problem}. Check DATABASE_URL and the log of the server."


def exit_code(problem: BaseException) -> int:
    """Print why the command stopped, and return its exit code."""
    if isinstance(problem, KeyboardInterrupt):
        _say("Stopped.")
        return INTERRUPTED
    if isinstance(problem, BrokenPipeError):
        # The reader of the pipe is gone, and flushing the buffer would fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    known = in_words(problem)
    _say(known or _unforeseen(problem))
    return 1


def in_words(problem: BaseException) -> str:
    """Return a foreseen problem as a sentence; empty for any other."""
    if isinstance(problem, (ImproperlyConfigured, UnicodeDecodeError)):
        return f"A setting is wrong: {problem}"
    if isinstance(problem, MemoryError):
        return "There is too little memory for this. Close other programs, or take a smaller part."
    if isinstance(problem, OSError):
        return _of_file(problem)
    for each in _chain(problem):
        if _is_of_database(each):
            return _of_database(each)
    return problem.args[0] if _is_told(problem) else ""


def _is_told(problem: BaseException) -> bool:
    """Return whether its message was written for people."""
    # By name, because their modules cannot be imported with invalid settings.
    names = {each.__name__ for each in type(problem).__mro__}
    return bool(names & TOLD and problem.args and isinstance(problem.args[0], str))


def _chain(problem: BaseException) -> Iterator[BaseException]:
    yield problem
    if problem.__cause__ is not None:
        yield problem.__cause__


# Files --------------------------------------------------------------------------------------------


def _of_file(problem: OSError) -> str:
    path = problem.filename2 or problem.filename
    path = path.decode(errors="replace") if isinstance(path, bytes) else path
    reason = problem.strerror or str(problem)
    if path is None:
        return "The disk is full. Free space and try again." if problem.errno in FULL else reason
    if problem.errno in FULL:
        return f"The disk with {path} is full. Free space and try again."
    if problem.errno in DENIED:
        return f"{path} cannot be used ({reason}). Give this user the right to.{_elsewhere(path)}"
    if problem.errno == errno.ENOTDIR:
        return f"{path} cannot be: a part of its path is a file.{_elsewhere(path)}"
    if problem.errno == errno.EISDIR:
        return f"{path} is a folder, and a file is needed.{_elsewhere(path)}"
    if problem.errno == errno.EEXIST:
        return f"{path} is in the way ({reason}). Move away what is there.{_elsewhere(path)}"
    if problem.errno == errno.ENOENT:
        return f"{path} is not there. Look at how it is spelt.{_elsewhere(path)}"
    return f"{path}: {reason}."


def _elsewhere(path: object) -> str:
    data = data_directory()
    if not Path(str(path)).absolute().is_relative_to(data):
        return ""
    return f" Or choose another data directory than {data} with --data or WINNOW_DATA."


def data_directory() -> Path:
    """Return the data directory, even if the settings cannot be read."""
    beside = Path(__file__).resolve().parents[2] / "data"
    return Path(os.environ.get("WINNOW_DATA") or beside).absolute()


# Database -----------------------------------------------------------------------------------------


def _is_of_database(problem: BaseException) -> bool:
    from django.db import Error, InterfaceError, OperationalError, ProgrammingError

    if isinstance(problem, Error):
        # Any other database error is a bug.
        return isinstance(problem, (OperationalError, InterfaceError, ProgrammingError)) or (
            "not a database" in str(problem) or "malformed" in str(problem)
        )
    return isinstance(problem, sqlite3.Error)


def _of_database(problem: BaseException) -> str:
    said = str(problem).strip().partition("\n")[0].rstrip(".") or type(problem).__name__
    words = next((told for part, told in DATABASE.items() if part in str(problem)), UNREACHABLE)
    return words.format(file=_database_file(), problem=said, unprepared=UNPREPARED)


def _database_file() -> str:
    from django.conf import settings

    return str(settings.DATABASES["default"]["NAME"])


# Unforeseen errors --------------------------------------------------------------------------------


def _unforeseen(problem: BaseException) -> str:
    words = f"Something unforeseen stopped it: {type(problem).__name__}: {problem}".strip()[:500]
    return f"{words.rstrip('.')}. The details are in {_log(problem)}; nothing else was printed."


def _log(problem: BaseException) -> str:
    """Append the traceback to a log file, and return its path."""
    lines = traceback.format_exception(type(problem), problem, problem.__traceback__)
    entry = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {' '.join(sys.argv[:3])}\n{''.join(lines)}\n"
    for folder in (data_directory(), Path(tempfile.gettempdir())):
        name = LOG if folder == data_directory() else f"winnow-{os.getuid()}-{LOG}"
        with suppress(OSError):
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(entry)
            return str(folder / name)
    return "no log, as none can be written; --traceback prints them"


def _say(words: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{words}\n")
        sys.stderr.flush()
