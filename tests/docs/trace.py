"""Which functions a piece of work goes through: the calls between modules, in their order."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def entries(prefix: str) -> Iterator[list[str]]:
    """Record each function of a module below `prefix` that another module calls, once."""
    found: list[str] = []

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            name = _entry(frame, prefix)
            if name and name not in found:
                found.append(name)

    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)


def _entry(frame: FrameType, prefix: str) -> str | None:
    module = frame.f_globals.get("__name__", "")
    function = frame.f_code.co_qualname
    if not f"{module}.".startswith(prefix) or "<" in function or function.split(".")[-1][0] == "_":
        return None
    caller = frame.f_back
    # What wraps a function belongs to neither side.
    while caller is not None and not caller.f_globals.get("__name__", "").startswith("annotator."):
        caller = caller.f_back
    if caller is not None and caller.f_globals.get("__name__") == module:
        return None
    return f"{module}.{function}"
