"""JSON as it is sent: values that orjson does not know, and lines that everybody reads as one."""

from decimal import Decimal
from pathlib import PurePath
from typing import Any

import orjson
from django.utils.functional import Promise

LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
# Line ends to many readers, such as Python's `splitlines`, that may stand in JSON as they are.
LINE_ENDS = tuple((each.encode(), f"\\u{ord(each):04x}".encode()) for each in "\x85\u2028\u2029")


def line(value: Any) -> bytes:
    """Return a value as a line of JSON Lines, with no line end in it."""
    found = orjson.dumps(value, option=LINE, default=plain)
    # Outside of strings, JSON is plain ASCII.
    for end, escaped in LINE_ENDS:
        if end in found:
            found = found.replace(end, escaped)
    return found


def plain(value: Any) -> Any:
    """Return a value that stands for `value` in JSON; TypeError for one that nobody meant to send.

    Marks and named tuples are lists, as in the standard library. Whatever became text here
    unnoticed would be read as text at the other end.
    """
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, (Promise, Decimal, PurePath)):
        return str(value)
    raise TypeError(f"{type(value).__qualname__} has no form in JSON")
