"""Files on the server: what its operator put into a folder or a bucket, to be imported from there.

Paths in the folder begin below it; those in buckets are addresses such as `s3://scans/2026`.
"""

import os
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path, PurePosixPath

from django.conf import settings

from annotator.errors import Invalid, NotFound
from annotator.flow.datasets.buckets import addresses, copies

# Of the stored path of a file that lies there; those of uploads have no such letter.
MARK = "server:"
# What a row has room for.
LONGEST_PATH = 240
MOST_LISTED = 1_000


@dataclass(frozen=True)
class ServerFile:
    """A file or a folder there."""

    path: str
    is_folder: bool
    size: int
    # Folders of buckets have no time.
    changed_at: datetime | None
    # Of the copy that one in a bucket gets.
    token: str = ""

    @property
    def name(self) -> str:
        """Return its name without the folders that it lies in."""
        return PurePosixPath(self.path).name

    @property
    def stored(self) -> str:
        """Return the path by which an upload or an import names it."""
        if self.token:
            return copies.stored(self.token, self.path, is_folder=self.is_folder)
        return f"{MARK}{self.path}"


def is_on() -> bool:
    """Return whether the operator allows a folder or a bucket."""
    return settings.IMPORT_FOLDER is not None or addresses.is_on()


def is_stored_there(name: str) -> bool:
    """Return whether a stored path names a file in the folder, which is not ours to delete."""
    return name.startswith(MARK)


def above(path: str) -> str:
    """Return the folder that one lies in; an empty text for the first of all."""
    upper = path.rpartition("/")[0]
    return "" if upper == addresses.SCHEME.rstrip("/") + "/" else upper


def place_of(name: str) -> Path:
    """Return the path of the file that a stored path names; NotFound where it is none any more."""
    return _inside(name.removeprefix(MARK))


def find(path: str) -> ServerFile:
    """Return the file or folder of that path; NotFound where there is none."""
    if addresses.is_address(path):
        return _in_bucket(addresses.find(path))
    place = _inside(path)
    if len(path) > LONGEST_PATH:
        raise Invalid("server_path_too_long", field="server_file", most=LONGEST_PATH)
    found = _told(place, PurePosixPath(path).as_posix())
    if found is None:
        raise _unknown(path)
    return found


def listed(path: str = "") -> list[ServerFile]:
    """Return what is in the folder, or in one of its folders: folders first, then by name.

    The buckets stand beside what the folder has.
    """
    if addresses.is_address(path):
        return [_in_bucket(each) for each in addresses.listed(path, MOST_LISTED)]
    own = [_in_bucket(each) for each in addresses.all_buckets()] if not path else []
    if own and settings.IMPORT_FOLDER is None:
        return own
    return [*own, *_listed_in_folder(path)][:MOST_LISTED]


def _in_bucket(found: addresses.Found) -> ServerFile:
    token = uuid.uuid4().hex
    return ServerFile(found.path, found.is_folder, found.size, found.changed_at, token)


def _listed_in_folder(path: str) -> list[ServerFile]:
    place = _inside(path) if path else _root()
    if not place.is_dir():
        raise _unknown(path)
    found = sorted(_children(place, path), key=lambda each: (not each.is_folder, each.path))
    return found[:MOST_LISTED]


def _children(place: Path, path: str) -> Iterator[ServerFile]:
    with os.scandir(place) as entries:
        # Sorting a folder of millions would take too long for a request.
        for entry in islice(entries, 20 * MOST_LISTED):
            if entry.name.startswith(".") or entry.is_symlink() or not _is_text(entry.name):
                continue
            found = _told(Path(entry.path), f"{path}/{entry.name}" if path else entry.name)
            if found:
                yield found


def _told(place: Path, path: str) -> ServerFile | None:
    """Return the file; None for what is no file and no folder, such as a pipe."""
    about = place.stat()
    if not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):
        return None
    changed_at = datetime.fromtimestamp(about.st_mtime, UTC)
    return ServerFile(path, stat.S_ISDIR(about.st_mode), about.st_size, changed_at)


# Places -------------------------------------------------------------------------------------------


def _root() -> Path:
    if settings.IMPORT_FOLDER is None:
        raise NotFound("no_import_folder", field="server_file")
    return Path(settings.IMPORT_FOLDER).resolve()


def _inside(path: str) -> Path:
    """Return the place of a path below the folder; NotFound for every other one.

    It is looked for anew each time, as a link may have come meanwhile.
    """
    root = _root()
    parts = path.split("/")
    if not path or not all(map(_is_plain, parts)) or not _is_text(path):
        raise _unknown(path)
    try:
        place = root.joinpath(*parts).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        raise _unknown(path) from None
    if not place.is_relative_to(root):
        raise _unknown(path)
    return place


def _is_plain(part: str) -> bool:
    """Return whether it is a name; files that begin with a dot are hidden from the list as well."""
    return bool(part) and not part.startswith(".") and "\x00" not in part


def _is_text(name: str) -> bool:
    # Bytes that are no text become lone surrogates, which no database stores.
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _unknown(path: str) -> NotFound:
    shown = path[:100].encode("utf-8", "replace").decode().replace("\x00", "")
    return NotFound("unknown_server_file", field="server_file", name=shown)
