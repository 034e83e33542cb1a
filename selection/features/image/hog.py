"""Histograms of oriented gradients: edge directions, robust to light and colour."""

from __future__ import annotations

import numpy as np

from selection.core.arrays import AnyArray, Float32Array

BINS = 9
CELL = 4
CLIP = 0.2


def hog(pictures: AnyArray) -> Float32Array:
    """Return the histograms (n, d) of grey `pictures` (n, size, size), any numeric type.

    Dalal and Triggs 2005: 9 unsigned directions per cell of 4 x 4 pixels, blocks of 2 x 2 cells
    normalised, clipped at 0.2 and normalised again; d = 36 (size / 4 - 1)^2. Raises ValueError
    where the side is no multiple of 4 or shorter than 8.

    >>> hog(np.zeros((1, 8, 8))).shape
    (1, 36)
    """
    grey = np.asarray(pictures, dtype=np.float32)
    if grey.ndim != 3 or grey.shape[1] != grey.shape[2] or grey.shape[1] % CELL:
        raise ValueError(f"pictures must be (n, size, size), size a multiple of {CELL}")
    if grey.shape[1] < 2 * CELL:
        raise ValueError(f"pictures must be at least {2 * CELL} pixels wide")
    cells = _cells(grey)
    blocks = np.concatenate(
        [cells[:, :-1, :-1], cells[:, :-1, 1:], cells[:, 1:, :-1], cells[:, 1:, 1:]], axis=3
    )
    clipped = np.minimum(_unit(blocks), CLIP)
    return _unit(clipped).reshape(len(grey), -1)


def _cells(grey: Float32Array) -> Float32Array:
    down, right = np.gradient(grey, axis=(1, 2))
    strength = np.sqrt(down**2 + right**2)
    place = (np.arctan2(down, right) % np.pi) * (BINS / np.pi) - 0.5
    lower = np.floor(place)
    share = place - lower
    n, size = len(grey), grey.shape[1] // CELL
    across = np.arange(grey.shape[1]) // CELL
    cell = (np.arange(n)[:, None, None] * size + across[:, None]) * size + across
    first = lower.astype(np.int64) % BINS
    # A direction between two bins counts for both, so a small rotation changes little.
    codes = [cell * BINS + first, cell * BINS + (first + 1) % BINS]
    weights = [strength * (1 - share), strength * share]
    length = n * size * size * BINS
    cells = sum(
        np.bincount(code.ravel(), weight.ravel(), minlength=length)
        for code, weight in zip(codes, weights, strict=True)
    )
    return np.asarray(cells, dtype=np.float32).reshape(n, size, size, BINS)


def _unit(blocks: Float32Array) -> Float32Array:
    lengths = np.sqrt((blocks**2).sum(axis=-1, keepdims=True) + 1e-3)
    return np.asarray(blocks / lengths, dtype=np.float32)
