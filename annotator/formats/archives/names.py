"""Names of members, whatever program packed them."""

import unicodedata
import zipfile

# What systems leave in archives.
LEFT_BEHIND = ("thumbs.db", "desktop.ini", "ehthumbs.db")


def name_of(entry: zipfile.ZipInfo) -> str:
    """Return the name of a ZIP's member: with slashes, and composed."""
    name = entry.orig_filename
    if not entry.flag_bits & 0x800 and not name.isascii():
        name = _decoded(name)
    return tidy_path(name)


def _decoded(name: str) -> str:
    """Return a name without the UTF-8 flag: UTF-8 anyway where it is valid, else code page 437."""
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def tidy_path(name: str) -> str:
    """Return a path with slashes, its characters composed as other systems write them."""
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def is_left_behind(name: str) -> bool:
    """Return whether a system left this file in the archive, and nobody meant to pack it."""
    parts = name.split("/")
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return hidden or parts[-1].lower() in LEFT_BEHIND


def is_unsafe(name: str) -> bool:
    """Return whether a name points outside of its archive."""
    path = name.replace("\\", "/")
    parts = path.split("/")
    return (
        path.startswith("/")
        or ".." in parts
        or ":" in parts[0]
        or "\x00" in path
        or len(path) > 300
    )
