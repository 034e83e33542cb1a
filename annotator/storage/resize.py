"""Resizing of a stored image for small screens."""

import io
import warnings
from typing import IO

from PIL import Image

from annotator.formats.image_zip import FORMATS, MOST_PIXELS

LOSSLESS_MAY_BE = 2  # drop a lossless copy this many times larger than the lossy one


def shrink(file: IO[bytes], longest: int) -> tuple[bytes, str] | None:
    """Return the picture with its longer side at `longest` pixels, and its extension.

    None for a picture that is not larger, or that cannot be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _shrunk(file, longest)
        except (
            Image.DecompressionBombError,
            Image.DecompressionBombWarning,
            OSError,
            SyntaxError,
            ValueError,
            EOFError,
        ):
            return None


def _shrunk(file: IO[bytes], longest: int) -> tuple[bytes, str] | None:
    picture = Image.open(file, formats=FORMATS)
    width, height = picture.size
    # Only the header has been read so far, so a large picture costs nothing yet.
    if max(width, height) <= longest or width * height > MOST_PIXELS:
        return None
    lossy = picture.format in {"JPEG", "WEBP"}
    # A JPEG is decoded at about the target size (draft mode), not at full size.
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    picture.info = {}
    return _encoded(picture if picture.mode == "L" else picture.convert("RGB"), lossy)


def _encoded(picture: Image.Image, lossy: bool) -> tuple[bytes, str]:
    """Return the bytes: drawings stay lossless, which suits them; photos would grow by it."""
    if lossy:
        return _saved(picture, "JPEG", quality=88), "jpg"
    # A lossless original keeps its full colour resolution.
    photo = _saved(picture, "JPEG", quality=92, subsampling=0)
    exact = _saved(picture, "PNG", compress_level=6)
    if len(exact) <= LOSSLESS_MAY_BE * len(photo):
        return exact, "png"
    return photo, "jpg"


def _saved(picture: Image.Image, kind: str, **options: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
