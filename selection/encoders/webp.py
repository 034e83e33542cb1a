"""WebP pictures, shrunk while they are decoded.

Pillow decodes them whole and holds four copies meanwhile. The library that it brings along can
shrink row by row, so it is called directly (`webp/decode.h` of libwebp, stable since 2011).
"""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec

# Where only texts are read, Pillow need not be there.
if find_spec("PIL"):
    from PIL import Image


ABI = 0x0209  # WEBP_DECODER_ABI_VERSION; only a new first byte breaks it
RGB, RGBA = 0, 1  # WEBP_CSP_MODE


class _Features(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in ("width", "height", "alpha", "animation", "format")),
        ("pad", ctypes.c_uint32 * 5),
    )


class _Pixels(ctypes.Structure):
    # The first member of a union, whose other one is the larger: four pointers, numbers and sizes.
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("stride", ctypes.c_int),
        ("size", ctypes.c_size_t),
        ("rest", ctypes.c_size_t * 7),
    )


class _Output(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in ("colours", "width", "height", "external")),
        ("pixels", _Pixels),
        ("pad", ctypes.c_uint32 * 4),
        ("private", ctypes.c_void_p),
    )


class _Options(ctypes.Structure):
    _fields_ = (
        ("before", ctypes.c_int * 7),
        *((name, ctypes.c_int) for name in ("scales", "width", "height")),
        ("after", ctypes.c_int * 4),
        ("pad", ctypes.c_uint32 * 5),
    )


class _Config(ctypes.Structure):
    _fields_ = (("input", _Features), ("output", _Output), ("options", _Options))


def read_shrunk(data: bytes, factor: int) -> Image.Image | None:
    """Return the picture shrunk by `factor`; None where this cannot be done, as with animations."""
    library = _library()
    config = _Config()
    if library is None or not library.WebPInitDecoderConfigInternal(ctypes.byref(config), ABI):
        return None
    if library.WebPGetFeaturesInternal(data, len(data), ctypes.byref(config.input), ABI):
        return None
    config.output.colours = RGBA if config.input.alpha else RGB
    config.options.scales = 1
    config.options.width = -(-config.input.width // factor)
    config.options.height = -(-config.input.height // factor)
    try:
        if library.WebPDecode(data, len(data), ctypes.byref(config)):
            return None
        return _picture(config.output)
    finally:
        library.WebPFreeDecBuffer(ctypes.byref(config.output))


def _picture(output: _Output) -> Image.Image:
    mode = "RGBA" if output.colours == RGBA else "RGB"
    pixels = ctypes.string_at(output.pixels.data, output.pixels.size)
    size = (output.width, output.height)
    return Image.frombytes(mode, size, pixels, "raw", mode, output.pixels.stride)


@cache
def _library() -> ctypes.CDLL | None:
    """Return the library that Pillow is linked to; None where its functions cannot be found."""
    try:
        from PIL import _webp

        library = ctypes.CDLL(_webp.__file__)
        start = (ctypes.c_char_p, ctypes.c_size_t)
        library.WebPGetFeaturesInternal.argtypes = (*start, ctypes.c_void_p, ctypes.c_int)
        library.WebPDecode.argtypes = (*start, ctypes.c_void_p)
        library.WebPInitDecoderConfigInternal.argtypes = (ctypes.c_void_p, ctypes.c_int)
        library.WebPFreeDecBuffer.argtypes = (ctypes.c_void_p,)
        library.WebPFreeDecBuffer.restype = None
    except (ImportError, OSError, AttributeError):
        return None
    return library
