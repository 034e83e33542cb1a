"""Opened encoders: one copy for each process, checked against its sums when it is opened."""

import os
import threading

from annotator.encoders import preparing, registry, sources
from selection.encoders import PretrainedEncoder, UnusableEncoder, open_encoder

# By name: what it was opened from, and the encoder. A process rarely needs a second one.
_opened: dict[str, tuple[str, PretrainedEncoder]] = {}
_lock = threading.Lock()


def load(name: str) -> PretrainedEncoder:
    """Return an encoder, opened and, the first time of all, prepared, which takes some seconds.

    Raises UnusableEncoder where it is not there, or something is wrong with it.
    """
    source = next((each for each in sources.all_sources() if each.name == name), None)
    if source is None:
        raise UnusableEncoder("unknown_encoder", name=name)
    with _lock:
        prepared = preparing.prepare(source)
        mark = registry.fingerprint(prepared.manifest)
        known = _opened.get(name)
        if known is None or known[0] != mark:
            _opened.clear()
            known = _opened[name] = (mark, open_encoder(prepared.manifest.spec(prepared.paths)))
        return known[1]


def _close_all() -> None:
    global _lock
    _lock = threading.Lock()
    _opened.clear()


# Sessions do not survive a fork, and a lock may be held by a thread that is not there any more.
os.register_at_fork(after_in_child=_close_all)
