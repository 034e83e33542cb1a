"""Values that orjson does not know, as ones that it does: `orjson.dumps(…, default=plain)`."""

from decimal import Decimal
from pathlib import PurePath
from typing import Any

from django.utils.functional import Promise


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
