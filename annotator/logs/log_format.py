"""Log lines as text or JSON, with user, place and task, and without anybody's content.

What an item says, its labels, notes, passwords and tokens never get into a line: a request is
known by its route, an error by its kind and place. Its words come along only where they cannot
quote data, or with LOG_LEVEL=DEBUG.
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


# What a line is about ----------------------------------------------------------------------------


@contextmanager
def bound(**ids: Any) -> Iterator[None]:
    """Let every line that is logged within carry `ids`."""
    token = _ids.set({**_ids.get(), **ids})
    try:
        yield
    finally:
        _ids.reset(token)


def bind(**ids: Any) -> None:
    """Let every line from now on carry `ids`, and nothing else."""
    _ids.set(ids)


@contextmanager
def answering(request: HttpRequest) -> Iterator[None]:
    """Let every line that is logged within carry the request's id, its person and its project."""
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
    """Return the id of the request that is being answered; empty where there is none."""
    return getattr(_request.get(), "winnow_id", "")


def _of_request(request: HttpRequest) -> dict[str, Any]:
    known = {"request": request_id(), "user": _person(request), "project": _project(request)}
    return {name: value for name, value in known.items() if value}


def _person(request: HttpRequest) -> int | None:
    # Only what somebody asked for already: a log line must not cost a query.
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
    """Return the request's route; its path may hold a token, such as an invitation's."""
    if request.resolver_match is not None:
        return f"/{request.resolver_match.route}"
    if request.path.startswith(settings.STATIC_URL):
        return request.path
    first, *more = request.path.lstrip("/").split("/", 1)
    return f"/{first[:40]}{'/…' if more else ''}"


# How it is written -------------------------------------------------------------------------------


class ContextFilter(logging.Filter):
    """Gives each record its ids, and takes out of it what other people's code put in."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.ids = ids()
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            # Django names the path of what went wrong.
            record.args = tuple(place(request) if a == request.path else a for a in record.args)
        if isinstance(record.args, dict) and record.exc_info and "exc" in record.args:
            # Celery repeats the error's words before the traceback.
            record.args = {**record.args, "exc": type(record.exc_info[1]).__name__}
        return True


class Discreet(logging.Formatter):
    """Writes errors without the values that they choked on."""

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Return the error with those that led to it: kind, place, and words if they are safe."""
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
    # PostgreSQL's second line quotes the row.
    return escaped(words.splitlines()[0]) if isinstance(error, TELLING) else name


class TextFormatter(Discreet):
    """One line a record, and its traceback; what people typed can neither forge nor colour one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return the line with the ids at its end."""
        about = " ".join(f"{name}={value}" for name, value in getattr(record, "ids", {}).items())
        line = super().formatMessage(record)
        return escaped(f"{line} [{about}]" if about else line)


class JsonFormatter(Discreet):
    """One JSON object a line; control characters in what people typed cannot forge a line."""

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
    """Return `text` with line ends, escape sequences and turned writing spelt out.

    >>> escaped("Ana" + chr(10) + chr(27) + "[31mroot")
    'Ana\\\\n\\\\x1b[31mroot'
    """
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )
