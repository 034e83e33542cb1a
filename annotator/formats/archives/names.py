"""Names of members, whatever program packed them."""

import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from annotator.formats.base import UnreadableFile, because
from annotator.formats.tables import charsets

UTF_8_FLAG = 0x800
UNICODE_PATH = 0x7075
# In what a ZIP has names by its standard.
MS_DOS = "cp437"
NAMES_SHOWN = 5
DRIVE = re.compile(r"[A-Za-z]:")
# As long as a path may be on most systems.
LONGEST_PATH = 1024
# What systems leave in archives.
LEFT_BEHIND = ("thumbs.db", "desktop.ini", "ehthumbs.db")


def names_of(entries: Sequence[zipfile.ZipInfo]) -> tuple[list[str], str]:
    """Return the names of a ZIP's members, with slashes and composed, and their encoding.

    The encoding is told where it was found out: names without the flag of UTF-8 are in that of the
    system on which they were packed.
    """
    raw = [_bytes_of(entry) for entry in entries]
    encoding = _encoding_of([name for name in raw if name])
    names = [
        tidy_path(_told(entry) or (name.decode(encoding) if name else entry.orig_filename))
        for entry, name in zip(entries, raw, strict=True)
    ]
    return names, "" if encoding in ("utf-8", MS_DOS) else encoding


def _bytes_of(entry: zipfile.ZipInfo) -> bytes:
    """Return the bytes of a name that may be in any encoding; none of one that is known."""
    name = entry.orig_filename
    if entry.flag_bits & UTF_8_FLAG or name.isascii() or _told(entry):
        return b""
    return name.encode(MS_DOS)


def _encoding_of(names: Sequence[bytes]) -> str:
    """Return one encoding for all names: UTF-8 if they all are valid, else the best one."""
    joined = b"\n".join(names)
    try:
        joined.decode("utf-8")
    except UnicodeDecodeError:
        found = charsets.codec_of(charsets.guess(joined).encoding)
        # What Western systems write has the same letters in both, and signs for drawing in one.
        return MS_DOS if found == "cp850" and _is_same(joined, found) else found
    return "utf-8"


def _is_same(joined: bytes, encoding: str) -> bool:
    return joined.decode(encoding) == joined.decode(MS_DOS)


def _told(entry: zipfile.ZipInfo) -> str:
    """Return the name in UTF-8 that some programs add to the one of the directory."""
    extra = entry.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == UNICODE_PATH and len(field) == size > 5 and field[0] == 1:
            return _checked(entry, field)
    return ""


def _checked(entry: zipfile.ZipInfo, field: bytes) -> str:
    """Return the added name unless another program renamed the member since."""
    codec = "utf-8" if entry.flag_bits & UTF_8_FLAG else MS_DOS
    try:
        is_of_name = (
            zlib.crc32(entry.orig_filename.encode(codec)) == struct.unpack_from("<I", field, 1)[0]
        )
        return field[5:].decode("utf-8") if is_of_name else ""
    except UnicodeError:
        return ""


def tidy_path(name: str) -> str:
    """Return a path with slashes, its characters composed as other systems write them."""
    path = unicodedata.normalize("NFC", name.replace("\\", "/"))
    # A folder that is packed from inside begins its paths with a dot.
    return re.sub(r"(^|/)(?:\./)+", r"\1", path)


def is_left_behind(name: str) -> bool:
    """Return whether a system left this file in the archive, and nobody meant to pack it."""
    parts = name.split("/")
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return hidden or parts[-1].lower() in LEFT_BEHIND


def archive_holds(code: str, entries: Sequence[Any], **values: Any) -> UnreadableFile:
    """Return the error of an archive without anything to read, with the names of what it holds."""
    names = [f"“{entry.name[:80]}”" for entry in entries if not is_left_behind(entry.name)]
    error = UnreadableFile(code, **values)
    if not names:
        return error
    also = because("archive_holds", n=len(names), names=", ".join(names[:NAMES_SHOWN]))
    return UnreadableFile.because(replace(error.reason, also=(also,)))


def is_unsafe(name: str) -> bool:
    """Return whether a name points outside of its archive."""
    path = name.replace("\\", "/")
    parts = path.split("/")
    return bool(
        path.startswith("/")
        or ".." in parts
        or DRIVE.match(path)
        or "\x00" in path
        or len(path) > LONGEST_PATH
    )
