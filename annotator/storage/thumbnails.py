"""Thumbnails of images: made on first request and stored beside the original.

Also the size of the original, which a copy does not have.
"""

import logging
import secrets
import threading
from pathlib import Path, PurePosixPath

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from annotator.formats.image_zip import FORMATS
from annotator.storage.resize import shrink

# Longest side in pixels: a thumbnail, a phone, a desktop, a large or dense screen.
SIZES = (160, 640, 1280, 2560)
ENDINGS = ("jpg", "png")

log = logging.getLogger(__name__)

# The largest picture takes some 250 MB while it is resized, so a web process does one at a time.
_one_at_a_time = threading.Lock()


def original_size(name: str) -> tuple[int, int] | None:
    """Return width and height of the picture in pixels; None if it cannot be read."""
    try:
        # Only the header is read; stored pictures are upright.
        with default_storage.open(name) as file, Image.open(file, formats=FORMATS) as picture:
            return picture.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def copy_of(name: str, size: int) -> str:
    """Return the stored name of the picture at `size`: the original if it is not larger."""
    if size not in SIZES:
        raise ValueError(f"{size} is none of the sizes {SIZES}")
    kept = _kept(name, size)
    if kept is not None:
        return kept
    with _one_at_a_time:
        # The previous holder of the lock may have made it.
        return _kept(name, size) or _make(name, size)


def copies(name: str) -> list[str]:
    """Return the names that copies of the picture can have."""
    return [_copy_name(name, size, ending) for size in SIZES for ending in ENDINGS]


def is_copy(name: str) -> bool:
    """Return whether a stored name is that of a thumbnail, which can be made again."""
    return any(name.endswith(f".{size}.{ending}") for size in SIZES for ending in ENDINGS)


def _kept(name: str, size: int) -> str | None:
    names = (_copy_name(name, size, ending) for ending in ENDINGS)
    return next((each for each in names if default_storage.exists(each)), None)


def _copy_name(name: str, size: int, ending: str) -> str:
    return str(PurePosixPath(name).with_suffix(f".{size}.{ending}"))


def _make(name: str, size: int) -> str:
    with default_storage.open(name) as file:
        made = shrink(file, size)
    if made is None:
        return name
    content, ending = made
    copy = _copy_name(name, size, ending)
    try:
        _store(copy, content)
    except OSError:
        log.exception("The smaller copy %s could not be stored", copy)
        return name
    return copy


def _store(name: str, content: bytes) -> None:
    """Store the copy atomically; of two simultaneous writers the last one wins."""
    try:
        path = Path(default_storage.path(name))
    except NotImplementedError:
        # In a bucket, an object is visible only once it is complete.
        default_storage.save(name, ContentFile(content))
        return
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
