"""The picture of a DICOM file, where pydicom is installed; nothing about the patient is kept."""

import io
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from annotator.formats.base import BadContent


class Unsupported(BadContent):
    """This DICOM file has no picture that can be shown."""


def is_dicom(content: bytes) -> bool:
    """Return whether the bytes are those of a DICOM file."""
    return content[128:132] == b"DICM"


def opened(content: bytes, most_pixels: int) -> Image.Image:
    """Return the picture as a radiologist sees it: windowed, and white where it is dense."""
    if find_spec("pydicom") is None:
        raise Unsupported("dicom_missing")
    import pydicom

    try:
        dataset = pydicom.dcmread(io.BytesIO(content))
        _refuse_others(dataset, most_pixels)
        values = np.asarray(dataset.pixel_array)
        return _shown(dataset, values)
    except Unsupported:
        raise
    except Exception as problem:
        # Damaged files make the library raise arbitrary exceptions.
        why = str(problem)[:200]
        raise Unsupported("unsupported_image", message="bad_dicom", problem=why) from problem


def _refuse_others(dataset: Any, most_pixels: int) -> None:
    if int(dataset.get("NumberOfFrames") or 1) > 1:
        raise Unsupported("unsupported_image", message="dicom_frames")
    if not dataset.get("Rows") or not dataset.get("Columns"):
        raise Unsupported("unsupported_image", message="dicom_without_picture")
    if int(dataset.Rows) * int(dataset.Columns) > most_pixels:
        raise Unsupported("image_too_large")


def _shown(dataset: Any, values: NDArray[Any]) -> Image.Image:
    if values.ndim == 3:
        from pydicom.pixels.processing import convert_color_space

        space = str(dataset.PhotometricInterpretation)
        colours = values if space == "RGB" else convert_color_space(values, space, "RGB")
        return Image.fromarray(np.asarray(colours, dtype=np.uint8))
    from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

    grey = np.asarray(apply_voi_lut(apply_modality_lut(values, dataset), dataset), dtype=float)
    low, high = float(grey.min()), float(grey.max())
    shades = (grey - low) * (255.0 / max(high - low, 1e-9))
    if str(dataset.PhotometricInterpretation) == "MONOCHROME1":
        shades = 255.0 - shades
    return Image.fromarray(shades.round().astype(np.uint8))
