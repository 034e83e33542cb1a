"""Fetch a pinned encoder from a hub, file by file, each checked by size and SHA-256."""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from annotator.encoders.catalogue import Entry, Pinned
from selection.encoders import UnusableEncoder

# A mirror that answers the same paths may stand in its place.
HUB = "https://huggingface.co"
TIMEOUT = 30  # seconds without a byte
BLOCK = 1 << 20
Report = Callable[[int, int], None]


def fetch(entry: Entry, folder: Path, hub: str, report: Report) -> None:
    """Write the files of an entry to `folder`; UnusableEncoder says why they cannot be had.

    `report` is called with the bytes so far, and those of all files.
    """
    if urlsplit(hub).scheme not in {"http", "https"}:
        raise UnusableEncoder("no_hub", address=hub)
    before = 0
    for role, pinned in entry.files.items():
        address = f"{hub.rstrip('/')}/{entry.repository}/resolve/{entry.revision}/{pinned.path}"
        target = folder / entry.manifest.files[role]
        _fetch_file(address, pinned, target, _from(before, entry.size, report))
        before += pinned.size


def _from(before: int, of: int, report: Report) -> Callable[[int], None]:
    return lambda done: report(before + done, of)


def _fetch_file(address: str, pinned: Pinned, target: Path, report: Callable[[int], None]) -> None:
    digest, size = hashlib.sha256(), 0
    request = urllib.request.Request(address, headers={"User-Agent": "winnow"})  # noqa: S310
    try:
        with (
            urllib.request.urlopen(request, timeout=TIMEOUT) as answer,  # noqa: S310
            target.open("wb") as file,
        ):
            # More than was pinned need not be read to know that it is something else.
            while size <= pinned.size and (block := answer.read(BLOCK)):
                file.write(block)
                digest.update(block)
                size += len(block)
                report(min(size, pinned.size))
    except (urllib.error.URLError, TimeoutError, ConnectionError, EOFError) as problem:
        told = getattr(problem, "reason", problem)
        raise UnusableEncoder("no_download", address=address, problem=str(told)[:200]) from problem
    if size != pinned.size or digest.hexdigest() != pinned.sha256:
        raise UnusableEncoder("other_download", file=pinned.path, address=address)
