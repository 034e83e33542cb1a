"""Files of a folder on the server, read one by one; links are not followed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from annotator.formats.archives.names import tidy_path
from annotator.formats.archives.zip_source import LARGEST_ENTRY, MOST_ENTRIES, Entry, too_large
from annotator.formats.base import BadContent, UnreadableFile


class Source:
    """The files of a folder and of the folders in it."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries

    def ordered(self) -> list[Entry]:
        """Return the files in order of their names."""
        return sorted(self.entries, key=lambda entry: entry.name)

    def read(self, entry: Entry, most: int = LARGEST_ENTRY) -> bytes:
        """Return the content of a file; BadContent if it cannot be read or is too large."""
        with self.unpacked(entry, most) as file:
            content: bytes = file.read(most + 1)
        if len(content) > most:
            raise too_large(most)
        return content

    @contextmanager
    def unpacked(self, entry: Entry, most: int = LARGEST_ENTRY) -> Iterator[Any]:
        """Open a file to read it in parts; BadContent if it cannot be read."""
        if entry.size > most:
            raise too_large(most)
        try:
            # A pipe would wait for its other end, and what is a link now was none before.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            file = os.fdopen(os.open(entry.handle, flags), "rb")
        except OSError as problem:
            raise BadContent("unreadable", problem=problem.strerror) from problem
        with file:
            yield file


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a folder; UnreadableFile if it has no files, or too many."""
    entries = list(_entries(path))
    if not entries:
        raise UnreadableFile("empty_zip", message="empty_folder")
    yield Source(entries)


def _entries(root: Path) -> Iterator[Entry]:
    number = 0
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in names:
            path = os.path.join(folder, name)
            number += 1
            if number > MOST_ENTRIES:
                raise UnreadableFile("zip_too_many", message="folder_too_many")
            yield Entry(_shown(os.path.relpath(path, root)), os.lstat(path).st_size, path)


def _shown(name: str) -> str:
    """Return a name as every database can store it."""
    return tidy_path(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
