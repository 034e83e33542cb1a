"""Image encoder: edges, colours, a thumbnail and patches, projected by PCA."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import ClassVar, TypeAlias

import numpy as np

from selection.core.arrays import AnyArray, Float32Array, normalise_rows
from selection.core.translation import gettext_noop
from selection.features.image.hog import hog
from selection.features.image.patches import PICTURES, Patches
from selection.features.image.patches import SIZE as PATCHED
from selection.features.matrix import Blocks, Features
from selection.features.neighbor_mean import Neighbours
from selection.features.text.lsa import principal_directions

# Where only texts are read, Pillow need not be there.
if find_spec("PIL"):
    from PIL import Image, ImageOps, UnidentifiedImageError

SMALL, LARGE = 32, 48  # pixels a side, chosen by the pool; both fit the 4-pixel cells
SMALL_BELOW = 40  # a pool whose middle picture is smaller than this gains nothing from LARGE
THUMBNAIL = 8
LEVELS = 4  # of each colour channel
QUARTERS = 2
FIT_SAMPLE = 4000
BLOCK = 256  # pictures at once: about 40 MB of edges
# Name, dimensions kept, weight, and how far the strong directions are brought down to the weak
# ones (1 = whitened): measured on clothing, objects and surface defects.
PARTS = (
    ("edges", 256, 1.0, 0.0),
    ("thumbnail", 64, 0.7, 0.0),
    ("colours", 64, 0.5, 0.0),
    ("patches", 256, 1.4, 0.5),
)
MEANING = 256
SHARPNESS = 30.0  # 12 to 40 were tried

Picture: TypeAlias = "bytes | Image.Image"


@dataclass(frozen=True)
class ImageEncoder:
    """A fitted image encoder: the common `size`, and mean, scale and components of each part.

    A picture becomes its own columns, in which diversity is measured, and those of its neighbours.
    """

    recipe: ClassVar[str] = "image"
    title: ClassVar[str] = gettext_noop("Shapes and colours")
    reads: ClassVar[str] = "image"

    size: int
    means: tuple[Float32Array, ...]
    directions: tuple[Float32Array, ...]
    patches: Patches
    fold: Float32Array
    neighbours: Neighbours

    @classmethod
    def fit(cls, docs: Sequence[Picture], *, seed: int) -> ImageEncoder:
        """Return an encoder fitted on the sample `docs` (files or images, in random order).

        Raises ValueError naming the first picture that cannot be read.

        >>> encoder = ImageEncoder.fit([Image.new("RGB", (9, 9), "red")], seed=0)
        >>> len(encoder.transform([Image.new("L", (70, 20))]))
        1
        """
        sample = docs[:FIT_SAMPLE]
        sides = [max(_opened(doc, i).size) for i, doc in enumerate(sample)]
        size = SMALL if not sides or np.median(sides) < SMALL_BELOW else LARGE
        patches = _fit_patches(sample, seed)
        described = _describe(sample, size, patches)
        means = tuple(part.mean(axis=0) if len(part) else part.sum(axis=0) for part in described)
        directions = []
        for part, mean, (_, kept, _, evenness) in zip(described, means, PARTS, strict=True):
            directions.append(_main_directions(part - mean, kept, evenness, seed))
        own = _own_columns(described, means, directions)
        fold = principal_directions(own, MEANING, seed=seed)
        return cls(
            size, means, tuple(directions), patches, fold, Neighbours.fit(own @ fold, SHARPNESS)
        )

    def transform(self, docs: Sequence[Picture]) -> Features:
        """Return dense features (n, at most 640 of its own and 256 of its neighbours).

        Raises ValueError naming the first picture that cannot be read.
        """
        starts = range(0, len(docs), BLOCK)
        blocks = [self._transform_block(docs[s : s + BLOCK], s) for s in starts]
        own, width = self.fold.shape[0], sum(self.fold.shape)
        dense = np.concatenate([np.zeros((0, width), dtype=np.float32), *blocks])
        return Features(None, dense, (0, own), Blocks(neighbours=(own, width)))

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return the fitted state as arrays."""
        arrays: dict[str, AnyArray] = {"size": np.array([self.size], dtype=np.int64)}
        for (name, *_), mean, directions in zip(PARTS, self.means, self.directions, strict=True):
            arrays[f"{name}_mean"], arrays[f"{name}_directions"] = mean, directions
        arrays["fold"] = self.fold
        return {**arrays, **self.patches.to_arrays(), **self.neighbours.to_arrays()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> ImageEncoder:
        """Return the encoder that `to_arrays` described."""
        return cls(
            int(arrays["size"][0]),
            tuple(np.asarray(arrays[f"{name}_mean"]) for name, *_ in PARTS),
            tuple(np.asarray(arrays[f"{name}_directions"]) for name, *_ in PARTS),
            Patches.from_arrays(arrays),
            np.asarray(arrays["fold"]),
            Neighbours.from_arrays(arrays),
        )

    def _transform_block(self, docs: Sequence[Picture], first: int) -> Float32Array:
        described = _describe(docs, self.size, self.patches, first)
        own = _own_columns(described, self.means, self.directions)
        return np.hstack([own, self.neighbours.smooth(own @ self.fold)])


def _own_columns(
    described: Sequence[Float32Array],
    means: Sequence[Float32Array],
    directions: Sequence[Float32Array],
) -> Float32Array:
    columns = []
    for part, mean, way, (_, _, weight, _) in zip(described, means, directions, PARTS, strict=True):
        columns.append(weight * normalise_rows((part - mean) @ way))
    return np.hstack(columns).astype(np.float32)


def _fit_patches(docs: Sequence[Picture], seed: int) -> Patches:
    some = [_pixels(doc, PATCHED, i) for i, doc in enumerate(docs[:PICTURES])]
    return Patches.fit(np.array(some, dtype=np.uint8).reshape(-1, PATCHED, PATCHED, 3), seed=seed)


def _describe(
    docs: Sequence[Picture], size: int, patches: Patches, first: int = 0
) -> list[Float32Array]:
    parts: list[list[Float32Array]] = [[], [], [], []]
    for start in range(0, len(docs), BLOCK):
        block = docs[start : start + BLOCK]
        pixels = np.stack([_pixels(doc, size, first + start + i) for i, doc in enumerate(block)])
        parts[0].append(hog(pixels.mean(axis=3, dtype=np.float32)))
        parts[1].append(_thumbnails(pixels))
        parts[2].append(_colours(pixels))
        parts[3].append(patches.describe(_shrunk(pixels)))
    widths = (
        36 * (size // 4 - 1) ** 2,
        THUMBNAIL**2 * 3,
        QUARTERS**2 * LEVELS**3,
        8 * patches.kinds.shape[1],
    )
    return [
        np.concatenate([np.zeros((0, width), dtype=np.float32), *blocks])
        for width, blocks in zip(widths, parts, strict=True)
    ]


def _opened(doc: Picture, row: int) -> Image.Image:
    if isinstance(doc, Image.Image):
        return doc
    try:
        return Image.open(io.BytesIO(doc))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise ValueError(f"the picture cannot be read (row {row})") from error


def _pixels(doc: Picture, size: int, row: int) -> AnyArray:
    picture = _opened(doc, row)
    try:
        if isinstance(doc, bytes):
            # A JPEG can be decoded at reduced size, which saves most of the work.
            picture.draft("RGB", (2 * size, 2 * size))
        upright = _on_white(ImageOps.exif_transpose(picture))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"the picture cannot be read (row {row})") from error
    return np.asarray(upright.resize((size, size), Image.Resampling.BILINEAR))


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        # 16-bit and float grey values would be clipped at 255 instead of scaled.
        grey = np.asarray(picture, dtype=np.float64)
        span = max(float(np.ptp(grey)), 1e-9) if grey.max(initial=0) > 255 else 255.0
        low = grey.min() if span != 255.0 else 0.0
        picture = Image.fromarray(np.clip((grey - low) / span * 255, 0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return picture.convert("RGB")


def _thumbnails(pixels: AnyArray) -> Float32Array:
    n, size = pixels.shape[:2]
    step = size // THUMBNAIL
    fields = pixels.reshape(n, THUMBNAIL, step, THUMBNAIL, step, 3)
    means = fields.mean(axis=(2, 4), dtype=np.float32) / 255
    return np.asarray(means, dtype=np.float32).reshape(n, -1)


def _colours(pixels: AnyArray) -> Float32Array:
    n, size = pixels.shape[:2]
    level = pixels.astype(np.int64) // (256 // LEVELS)
    colour = (level[..., 0] * LEVELS + level[..., 1]) * LEVELS + level[..., 2]
    half = np.arange(size) * QUARTERS // size
    place = (np.arange(n)[:, None, None] * QUARTERS + half[:, None]) * QUARTERS + half
    length = n * QUARTERS**2 * LEVELS**3
    counts = np.bincount((place * LEVELS**3 + colour).ravel(), minlength=length)
    # Square roots reduce the weight of a background of thousands of pixels against a few
    # significant ones.
    roots = np.sqrt(counts / (size / QUARTERS) ** 2)
    return np.asarray(roots, dtype=np.float32).reshape(n, -1)


def _shrunk(pixels: AnyArray) -> AnyArray:
    if pixels.shape[1] == PATCHED:
        return pixels
    size = (PATCHED, PATCHED)
    return np.stack([np.asarray(Image.fromarray(picture).resize(size)) for picture in pixels])


def _main_directions(centred: Float32Array, kept: int, evenness: float, seed: int) -> Float32Array:
    if not np.abs(centred).max(initial=0.0) > 1e-6:
        return np.zeros((centred.shape[1], 0), dtype=np.float32)
    directions = principal_directions(centred, kept, seed=seed)
    return np.asarray(directions / (centred @ directions).std(axis=0) ** evenness, np.float32)
