"""Log lines as text or JSON, with user, location and task, and without user content.

Item contents, labels, notes, passwords and tokens never get into a log line: a request is
identified by its route, an error by its type and location. Error messages are included only if they
cannot quote data, or with LOG_LEVEL=DEBUG.
"""

import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

_ids: ContextVar[Mapping[str, Any]] = ContextVar("ids", default=MappingProxyType({}))
_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)

# Their messages name types, attributes, files and columns, but no values.
TELLING = (
    AttributeError,
    TypeError,
    NameError,
    ImportError,
    NotImplementedError,
    RecursionError,
    MemoryError,
    OSError,
    IntegrityError,
    OperationalError,
)


# Context ------------------------------------------------------------------------------------------


@contextmanager
def bound(**ids: Any) -> Iterator[None]:
    """Add `ids` to every line logged inside."""
    token = _ids.set({**_ids.get(), **ids})
    try:
        yield
    finally:
        _ids.reset(token)


def bind(**ids: Any) -> None:
    """Set `ids` as the context of all following lines."""
    _ids.set(ids)


@contextmanager
def answering(request: HttpRequest) -> Iterator[None]:
    """Add request id, user and project to every line logged inside."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def ids() -> dict[str, Any]:
    """Return the ids in the context of a log line: user, request, task, project."""
    request = _request.get()
    return {**({} if request is None else _of_request(request)), **_ids.get()}


def request_id() -> str:
    """Return the id of the current request; empty without one."""
    return getattr(_request.get(), "winnow_id", "")


def _of_request(request: HttpRequest) -> dict[str, Any]:
    known = {"request": request_id(), "user": _person(request), "project": _project(request)}
    return {name: value for name, value in known.items() if value}


def _person(request: HttpRequest) -> int | None:
    # Only if it is loaded already: a log line must not cost a query.
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):
        user = request.__dict__.get("_cached_user")
    return getattr(user, "pk", None)


def _project(request: HttpRequest) -> int | None:
    match = request.resolver_match
    if match is None:
        return None
    in_api = match.kwargs.get("pk") if match.route.startswith("api/v1/projects/") else None
    return match.kwargs.get("project_id", in_api)


def place(request: HttpRequest) -> str:
    """Return the request's route; its path may contain a token, for instance of an invitation."""
    if request.resolver_match is not None:
        return f"/{request.resolver_match.route}"
    if request.path.startswith(settings.STATIC_URL):
        return request.path
    first, *more = request.path.lstrip("/").split("/", 1)
    return f"/{first[:40]}{'/…' if more else ''}"


# Format -------------------------------------------------------------------------------------------


class ContextFilter(logging.Filter):
    """Adds the ids to each record, and removes what Django and Celery add."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Accept every record."""
        record.ids = ids()
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            # Django adds the path of a failed request.
            record.args = tuple(place(request) if a == request.path else a for a in record.args)
        if isinstance(record.args, dict) and record.exc_info and "exc" in record.args:
            # Celery repeats the error message before the traceback.
            record.args = {**record.args, "exc": type(record.exc_info[1]).__name__}
        return True


class Discreet(logging.Formatter):
    """Formats errors without the values that caused them."""

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Return the error with its causes: type, location, and message if it is safe."""
        told: list[str] = []
        error, seen = ei[1], set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
            told.insert(0, f"{frames}\n{_named(error)}".lstrip("\n"))
            hidden = error.__suppress_context__
            error = error.__cause__ or (None if hidden else error.__context__)
        return "\nwhich led to:\n".join(told)


def _named(error: BaseException) -> str:
    kind = type(error)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    words = f"{name}: {error}"
    if logging.getLogger().isEnabledFor(logging.DEBUG):
        return "\n".join(map(escaped, words.splitlines()))
    # PostgreSQL quotes the row in the second line.
    return escaped(words.splitlines()[0]) if isinstance(error, TELLING) else name


class TextFormatter(Discreet):
    """One line per record, with its traceback; user input can neither forge nor colour a line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return the line with the ids at its end."""
        about = " ".join(f"{name}={value}" for name, value in getattr(record, "ids", {}).items())
        line = super().formatMessage(record)
        return escaped(f"{line} [{about}]" if about else line)


class JsonFormatter(Discreet):
    """One JSON object per line; control characters in user input cannot forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a JSON object."""
        at = datetime.fromtimestamp(record.created, UTC)
        line = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "ids", {}),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def escaped(text: str) -> str:
    """Return `text` with line ends, escape sequences and bidi controls escaped.

    >>> escaped("Ana" + chr(10) + chr(27) + "[31mroot")
    'Ana\\\\n\\\\x1b[31mroot'
    """
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )
