"""Picture files, decoded at about the size that is needed."""

from __future__ import annotations

import io
from importlib.util import find_spec
from typing import TypeAlias

import numpy as np

from selection.core.arrays import Float32Array
from selection.encoders import webp

# Where only texts are read, Pillow need not be there.
if find_spec("PIL"):
    from PIL import Image, ImageOps, UnidentifiedImageError

Picture: TypeAlias = "bytes | Image.Image"
MOST_PIXELS = 100_000_000  # more would not fit a worker's memory
MOST_PIXELS_WHOLE = 20_000_000  # of a WebP that must be decoded whole, at 16 bytes for each
BACKGROUND = (255, 255, 255, 255)


def read_pixels(
    doc: Picture,
    size: int,
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
) -> Float32Array:
    """Return a picture as (3, size, size): squeezed to a square, less `mean`, divided by `std`.

    Raises ValueError for bytes that are no picture, or one that is too large.
    """
    try:
        picture = _squeezed(doc, size)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as problem:
        raise ValueError(f"cannot be read: {problem}") from problem
    pixels = np.asarray(picture, dtype=np.float32) / 255
    scaled = (pixels - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1), dtype=np.float32)


def _squeezed(doc: Picture, size: int) -> Image.Image:
    picture = Image.open(io.BytesIO(doc)) if isinstance(doc, bytes) else doc
    if picture.width * picture.height > MOST_PIXELS:
        raise ValueError(f"has more than {MOST_PIXELS:,} pixels")
    if isinstance(doc, bytes):
        # JPEG decodes to an eighth at least.
        picture.draft("RGB", (2 * size, 2 * size))
        picture = _shrunk_webp(picture, doc, size)
    small = ImageOps.exif_transpose(_shrunk(picture, size))
    return _opaque(small).resize((size, size), Image.Resampling.BICUBIC)


def _shrunk_webp(picture: Image.Image, doc: bytes, size: int) -> Image.Image:
    """Return a large WebP picture shrunk while it is decoded, and any other one as it is."""
    factor = min(picture.width, picture.height) // (2 * size)
    if picture.format != "WEBP" or factor < 2:
        return picture
    small = webp.read_shrunk(doc, factor)
    if small is None:
        if picture.width * picture.height > MOST_PIXELS_WHOLE:
            raise ValueError(f"is a WebP animation of more than {MOST_PIXELS_WHOLE:,} pixels")
        return picture
    # It says how the picture is to be turned.
    small.info = picture.info
    return small


def _shrunk(picture: Image.Image, size: int) -> Image.Image:
    """Return a large picture shrunk by a whole number, so that what follows takes little memory."""
    factor = min(picture.width, picture.height) // (2 * size)
    if factor < 2 or picture.mode.startswith("I;"):
        return picture
    if picture.mode in {"P", "1"}:
        # Numbers of colours have no mean.
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    return picture.reduce(factor)


def _opaque(picture: Image.Image) -> Image.Image:
    """Return a picture in colours, on white where it is transparent."""
    if picture.mode.startswith("I"):
        # 16 bits of grey: Pillow would cut them off at 255.
        grey = np.asarray(picture, dtype=np.float32) / 257
        return Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    ground = Image.new("RGBA", layer.size, BACKGROUND)
    return Image.alpha_composite(ground, layer).convert("RGB")
