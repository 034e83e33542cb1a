"""Call tracing: the calls between modules, in order."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

OURS = "annotator."
# Wraps job functions; its callers count as their callers.
WRAPPER = "annotator.jobs.runner"


@contextmanager
def entries(is_wanted: Callable[[str, str], bool]) -> Iterator[list[str]]:
    """Record each public function that another module calls, where it is called first.

    `is_wanted` is asked with the module that calls, or nothing at the outside, and the one called.
    """
    found: list[str] = []

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            name = _entry(frame, is_wanted)
            if name and name not in found:
                found.append(name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(before)


def _entry(frame: FrameType, is_wanted: Callable[[str, str], bool]) -> str | None:
    module, function = _module(frame), frame.f_code.co_qualname
    if not _is_ours(module) or "<" in function:
        return None
    if any(part.startswith("_") for part in function.split(".")):
        return None
    caller = frame.f_back
    # Wrappers, and functions that pass a row on, belong to neither side.
    while caller is not None and not _is_ours(_module(caller)):
        caller = caller.f_back
    calling = _module(caller) if caller else ""
    return None if calling == module or not is_wanted(calling, module) else f"{module}.{function}"


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_ours(module: str) -> bool:
    return module.startswith(OURS) and module != WRAPPER
