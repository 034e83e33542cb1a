"""Files that were fetched from elsewhere into a folder, under the names that a listing gives.

The folder has the listing, a JSON object a line, and each file under the number of its line: names
of other stores are no paths.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from annotator.formats.archives import folder_source
from annotator.formats.archives.names import tidy_path
from annotator.formats.archives.zip_source import LARGEST_ENTRY, Entry
from annotator.formats.base import BadContent, NotFetched, UnreadableFile

LISTING = "listing.jsonl"
# There once all files are that can be fetched.
WHOLE = "whole"


class Source(folder_source.Source):
    """The files of a listing; those that are still to come raise NotFetched."""

    def __init__(self, entries: list[Entry], *, is_whole: bool) -> None:
        super().__init__(entries)
        self._is_whole = is_whole

    @contextmanager
    def unpacked(self, entry: Entry, most: int = LARGEST_ENTRY) -> Iterator[Any]:
        """Open a file to read it in parts; BadContent if it cannot be read."""
        if entry.size <= most and not os.path.exists(entry.handle):
            if not self._is_whole:
                raise NotFetched(entry.name)
            raise BadContent("unreadable", message="gone_from_bucket")
        with super().unpacked(entry, most) as file:
            yield file


def is_listed(path: Path) -> bool:
    """Return whether the folder has a listing."""
    return (path / LISTING).is_file()


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open the files of a listing; UnreadableFile without any."""
    with (path / LISTING).open(encoding="utf-8") as file:
        entries = [_entry(path, *each) for each in enumerate(map(json.loads, file))]
    if not entries:
        raise UnreadableFile("empty_zip", message="empty_folder")
    yield Source(entries, is_whole=(path / WHOLE).exists())


def _entry(path: Path, number: int, told: Any) -> Entry:
    # No database stores a NUL.
    name = tidy_path(told["name"]).replace("\x00", "\ufffd")
    return Entry(name, told["size"], str(path / str(number)))
