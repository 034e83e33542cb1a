"""Copies of files from buckets, fetched before they are read.

A copy is a folder: the listing, and each file under the number of its line. It is fetched in
pieces: a call goes on where the last one stopped, or where its process died.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotator.errors import NoRoom, TooLarge
from annotator.flow.datasets.buckets import addresses
from annotator.flow.datasets.buckets.problems import in_words, not_there
from annotator.formats.archives.listed_source import LISTING, WHOLE
from annotator.formats.archives.zip_source import LARGEST_ENTRY, MOST_BYTES, MOST_ENTRIES
from annotator.formats.images import label_table
from annotator.storage import buckets
from annotator.storage.buckets import BucketProblem

# Of the stored path of such a file.
MARK = "bucket:"
SUFFIX = ".bucket"
# How much there was when a worker began.
SEEN = "seen"
# What is left for the database and the work of others.
RESERVED_BYTES = 64 << 20
# Between two looks at the clock.
SEVERAL = 4 * buckets.AT_ONCE
# Waits for whoever fetches the same copy.
LOCK_SECONDS = 0.1


@dataclass(frozen=True)
class _Wanted:
    number: int
    found: buckets.Object


def stored(token: str, path: str, *, is_folder: bool) -> str:
    """Return the path by which an upload or an import names its own copy."""
    return f"{MARK}{token}:{path}{'/' if is_folder else ''}"


def is_stored_there(name: str) -> bool:
    """Return whether a stored path names a copy."""
    return name.startswith(MARK)


def place_of(name: str, uploads: Path) -> Path:
    """Return the path of a copy among the uploads: of its file, or of its folder."""
    folder = folder_of(name, uploads)
    return folder if name.endswith("/") else folder / "0"


def folder_of(name: str, uploads: Path) -> Path:
    """Return the folder of a copy."""
    return uploads / f"{name.removeprefix(MARK).partition(':')[0]}{SUFFIX}"


def remove(name: str, uploads: Path) -> None:
    """Delete a copy; what is in the bucket stays."""
    shutil.rmtree(folder_of(name, uploads), ignore_errors=True)


def can_be_read(name: str, uploads: Path) -> bool:
    """Return whether a copy has its file, or the listing of its folder."""
    folder = folder_of(name, uploads)
    return (folder / (LISTING if name.endswith("/") else "0")).exists()


def fetched(name: str, uploads: Path) -> tuple[int, int]:
    """Return how many files of a copy there are, and how many there will be: 0 if not known yet."""
    folder = folder_of(name, uploads)
    there = sum(path.name.isdecimal() for path in folder.iterdir()) if folder.exists() else 0
    listing = folder / LISTING
    return there, len(listing.read_bytes().splitlines()) if listing.exists() else 0


def has_grown(name: str, uploads: Path) -> bool:
    """Return whether something was fetched since this was asked last."""
    folder = folder_of(name, uploads)
    if not folder.exists():
        return False
    seen = folder / SEEN
    size = sum(path.stat().st_size for path in folder.iterdir() if path != seen)
    before = seen.read_text() if seen.exists() else ""
    seen.write_text(str(size))
    return size > int(before or 0)


def fetch(name: str, uploads: Path, *, seconds: float, most_files: int = 0) -> bool:
    """Fetch what is missing of a copy for so long, and return whether it is whole now.

    With `most_files`, no more than these, tables of labels first.
    """
    folder, until = folder_of(name, uploads), time.monotonic() + seconds
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(folder, until) as is_ours, in_words():
        if (folder / WHOLE).exists():
            return True
        if not is_ours or not _list(name, folder, until):
            return False
        wanted = _wanted(folder)
        _check_room(wanted, folder)
        chosen = wanted[:most_files] if most_files else wanted
        is_done = _fetch(name, folder, chosen, until) and len(chosen) == len(wanted)
        if is_done:
            (folder / WHOLE).touch()
        return is_done


@contextmanager
def _alone(folder: Path, until: float) -> Iterator[bool]:
    """Keep others from the same copy; yield whether that was possible in time."""
    with (folder / "lock").open("a") as file:
        is_ours = False
        while not is_ours:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_ours = True
            except BlockingIOError:
                if time.monotonic() > until:
                    break
                time.sleep(LOCK_SECONDS)
        yield is_ours


# List ---------------------------------------------------------------------------------------------


def _list(name: str, folder: Path, until: float) -> bool:
    """Write down which objects belong to the copy, and return whether these are all."""
    if (folder / LISTING).exists():
        return True
    bucket, key = addresses.parts(name.split(":", 2)[2])
    if not name.endswith("/"):
        exact = buckets.page(bucket, key, most=1).objects[:1]
        if not exact or exact[0].key != key:
            raise not_there(f"{addresses.SCHEME}{bucket}/{key}")
        return _close(folder, [_line(exact[0], key.rpartition("/")[2])])
    return _list_folder(bucket, key, folder, until)


def _list_folder(bucket: str, below: str, folder: Path, until: float) -> bool:
    part = folder / f"{LISTING}.part"
    lines = _whole_lines(part)
    after, total = "", 0
    if lines:
        after = json.loads(lines[-1])["key"]
        total = sum(json.loads(line)["size"] for line in lines)
    token = ""
    while True:
        page = buckets.page(bucket, below, after=after, token=token)
        objects = [each for each in page.objects if not each.key.endswith("/")]
        lines += [_line(each, each.key[len(below) :]) for each in objects]
        total += sum(each.size for each in objects)
        if len(lines) > MOST_ENTRIES:
            raise TooLarge("bucket_too_many", field="server_file", most=MOST_ENTRIES)
        if total > MOST_BYTES:
            raise TooLarge("bucket_too_large", field="server_file", most=MOST_BYTES >> 30)
        token, after = page.token, ""
        if not token:
            return _close(folder, lines)
        if time.monotonic() > until:
            part.write_text("".join(lines), encoding="utf-8")
            return False


def _whole_lines(path: Path) -> list[str]:
    """Return the lines of a listing under way, without one that a dying process left unfinished."""
    if not path.exists():
        return []
    return [each for each in path.read_text("utf-8").splitlines(keepends=True) if each[-1] == "\n"]


def _line(found: buckets.Object, name: str) -> str:
    told = {"key": found.key, "name": name, "size": found.size, "etag": found.etag}
    return json.dumps(told) + "\n"


def _close(folder: Path, lines: list[str]) -> bool:
    part = folder / f"{LISTING}.part"
    part.write_text("".join(lines), encoding="utf-8")
    part.replace(folder / LISTING)
    return True


# Fetch --------------------------------------------------------------------------------------------


def _wanted(folder: Path) -> list[_Wanted]:
    """Return the objects that are still to be fetched, tables first."""
    there = {path.name for path in folder.iterdir()}
    wanted = []
    with (folder / LISTING).open(encoding="utf-8") as file:
        for number, told in enumerate(map(json.loads, file)):
            if str(number) in there or f"{number}.gone" in there:
                continue
            found = buckets.Object(told["key"], told["size"], told["etag"])
            wanted.append(_Wanted(number, found))
    return sorted(wanted, key=lambda each: not each.found.key.lower().endswith(label_table.ENDINGS))


def _check_room(wanted: list[_Wanted], folder: Path) -> None:
    if sum(each.found.size for each in wanted) + RESERVED_BYTES > shutil.disk_usage(folder).free:
        raise NoRoom("no_room")


def _fetch(name: str, folder: Path, wanted: list[_Wanted], until: float) -> bool:
    """Fetch several at once; return whether all of them are there."""
    bucket, is_folder = addresses.parts(name.split(":", 2)[2])[0], name.endswith("/")

    def one(each: _Wanted) -> bool:
        return _fetch_one(bucket, each, folder, until, is_folder=is_folder)

    with ThreadPoolExecutor(buckets.AT_ONCE) as pool:
        for start in range(0, len(wanted), SEVERAL):
            # Something, however short the time is.
            if start and time.monotonic() > until:
                return False
            if not all([*pool.map(one, wanted[start : start + SEVERAL])]):
                return False
    return True


def _fetch_one(
    bucket: str, wanted: _Wanted, folder: Path, until: float, *, is_folder: bool
) -> bool:
    path, part = folder / str(wanted.number), folder / f"{wanted.number}.part"
    if is_folder and _is_too_large(wanted.found):
        (folder / f"{wanted.number}.gone").touch()
        return True
    try:
        if not buckets.fetch(bucket, wanted.found, part, until):
            return False
    except BucketProblem as problem:
        if problem.code in ("bucket_changed", "bucket_gone"):
            part.unlink(missing_ok=True)
            # Of a folder, the others can be imported, and the report has a line for this one.
            if is_folder:
                (folder / f"{wanted.number}.gone").touch()
                return True
        raise
    os.replace(part, path)
    return True


def _is_too_large(found: buckets.Object) -> bool:
    """Return whether no reader takes it, by the size in the listing."""
    is_table = found.key.lower().endswith(label_table.ENDINGS)
    return found.size > LARGEST_ENTRY and not is_table


def told(name: str, uploads: Path) -> dict[str, Any]:
    """Return how far a copy is, for people."""
    there, of = fetched(name, uploads)
    folder = folder_of(name, uploads)
    size = sum(path.stat().st_size for path in folder.iterdir()) if folder.exists() else 0
    return {"done": there, "total": of, "megabytes": size >> 20}
