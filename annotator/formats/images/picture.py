"""One picture: decoded, checked and encoded anew."""

import io
import math
import warnings
from typing import cast

import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from annotator.formats.base import BadContent
from annotator.formats.images import dicom

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
OF_FRAMES = ("PNG", "WEBP", "GIF", "TIFF")
LOSSY = {"JPEG", "MPO", "WEBP", "AVIF", "HEIF"}
MOST_PIXELS = 50_000_000
SMALLEST_SIDE = 8
LONGEST_SIDE_RATIO = 50

Image.MAX_IMAGE_PIXELS = MOST_PIXELS
pillow_heif.register_heif_opener(thumbnails=False)


class BadPicture(BadContent):
    """These bytes are not a picture that can be shown."""


def clean(content: bytes) -> tuple[bytes, str]:
    """Return the picture, re-encoded by us, and its extension: "png" or "jpg".

    Upright, first frame only, without metadata and colour profile: anything else in the file (a web
    page, say) is dropped. Raises BadPicture with the reason.
    """
    try:
        return _cleaned(content)
    except (BadPicture, MemoryError):
        raise
    except Exception as problem:
        # Damaged metadata makes decoders raise arbitrary exceptions.
        raise BadPicture("image_broken", problem=str(problem)) from problem


def frames_of(content: bytes) -> int:
    """Return the number of pictures in an animation or a file of several pages; 1 of any other.

    Photographs have small copies of themselves beside them, which do not count.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=OF_FRAMES) as picture:
                return int(getattr(picture, "n_frames", 1))
    except Exception:
        # What is wrong with it is told when it is decoded.
        return 1


def _cleaned(content: bytes) -> tuple[bytes, str]:
    picture, lossy = _decoded(content)
    # Comments and profiles would be saved again.
    picture.info = {}
    out = io.BytesIO()
    if lossy:
        picture.convert("RGB").save(out, "JPEG", quality=92)
        return out.getvalue(), "jpg"
    picture.save(out, "PNG", compress_level=4)
    return out.getvalue(), "png"


def _decoded(content: bytes) -> tuple[Image.Image, bool]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = _opened(content)
            _refuse_size(*picture.size)
            lossy = picture.format in LOSSY
            # Only loading detects a truncated file; verify() does not.
            picture.load()
            upright = ImageOps.exif_transpose(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise BadPicture("image_too_large") from problem
    except UnidentifiedImageError as problem:
        raise BadPicture("unsupported_image") from problem
    except BadPicture:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as problem:
        code = "image_truncated" if "truncated" in str(problem).lower() else "image_broken"
        raise BadPicture(code, message="image_incomplete", problem=str(problem)) from problem
    return _plain_mode(upright), lossy


def _opened(content: bytes) -> Image.Image:
    if not dicom.is_dicom(content):
        return Image.open(io.BytesIO(content), formats=FORMATS)
    try:
        return dicom.opened(content, MOST_PIXELS)
    except dicom.Unsupported as problem:
        raise BadPicture.because(problem.reason) from problem


def _refuse_size(width: int, height: int) -> None:
    if min(width, height) < SMALLEST_SIDE:
        raise BadPicture("image_too_small", width=width, height=height)
    if max(width, height) > LONGEST_SIDE_RATIO * min(width, height):
        raise BadPicture("image_too_long", width=width, height=height)


def _plain_mode(picture: Image.Image) -> Image.Image:
    """Return the picture as 8-bit grey or RGB, on white if it was transparent."""
    if picture.mode in {"L", "RGB"}:
        return picture
    if picture.mode.startswith("I") or picture.mode == "F":
        # Conversion clips everything above 255 to white; stretch the range instead.
        deep = picture.convert("F")
        low, high = (float(end) for end in cast("tuple[float, float]", deep.getextrema()))
        if not math.isfinite(high - low):
            raise BadPicture("image_broken", message="image_not_finite")
        scale = 255.0 / max(high - low, 1.0)
        return deep.point(lambda v: v * scale - low * scale).convert("L")
    if "A" in picture.getbands() or "transparency" in picture.info:
        layers = picture.convert("RGBA")
        white = Image.new("RGBA", layers.size, "white")
        return Image.alpha_composite(white, layers).convert("RGB")
    return picture.convert("L" if picture.mode == "1" else "RGB")
