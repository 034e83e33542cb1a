"""Patch codebook of the pool's images, and the frequency of its entries per quadrant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from selection.core.arrays import AnyArray, Float32Array, normalise_rows

SIDE = 6  # pixels
SIZE = 32  # pixels a side of the pictures that are cut into patches
STRIDE = 2
KINDS = 300
PICTURES = 2000
PATCHES = 60_000
STEPS = 10
SOFT = 0.5  # likeness below which a kind is absent
CONTRAST = 10.0  # of grey levels; less variance than this is noise
NOISE = 0.1
ROWS = 4096  # patches at once: their likenesses take 5 MB
BLOCK = 64  # pictures at once: their likenesses take 30 MB


@dataclass(frozen=True)
class Patches:
    """A codebook of K whitened patches, `kinds` (108, K), and the mean patch.

    Coates, Ng and Lee 2011, Coates and Ng 2012: patches of 6 x 6 pixels, contrast normalised and
    whitened (ZCA), grouped by spherical k-means; a picture is how much of each kind, and of its
    negative, there is in each quarter of it.
    """

    mean: Float32Array
    kinds: Float32Array

    @classmethod
    def fit(cls, pictures: AnyArray, *, seed: int) -> Patches:
        """Return a codebook fitted on `pictures` (n, 32, 32, 3) of bytes."""
        generator = np.random.default_rng(seed)
        windows = _windows(pictures[:PICTURES], 3)
        count = int(np.prod(windows.shape[:3]))
        if not count:
            width = 3 * SIDE * SIDE
            return cls(np.zeros(width, np.float32), np.zeros((width, 0), np.float32))
        found = _some(windows, generator.permutation(count)[:PATCHES])
        mean = found.mean(axis=0)
        # In place, as each further copy would be 26 MB of the worker's memory.
        found -= mean
        whitening = _whitening(found)
        for rows in _blocks(found):
            rows[:] = rows @ whitening
        kinds = _spherical_k_means(found, generator)
        # One product whitens and compares at once.
        return cls(mean.astype(np.float32), (whitening @ kinds.T).astype(np.float32))

    def describe(self, pictures: AnyArray) -> Float32Array:
        """Return the shares (n, 8 K) of each kind in each quarter of `pictures` (n, 32, 32, 3)."""
        blocks = [self._describe(pictures[i : i + BLOCK]) for i in range(0, len(pictures), BLOCK)]
        empty = np.zeros((0, 8 * self.kinds.shape[1]), dtype=np.float32)
        return np.concatenate([empty, *blocks])

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return the fitted state as arrays."""
        return {"patch_mean": self.mean, "patch_kinds": self.kinds}

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Patches:
        """Return what `to_arrays` described."""
        return cls(np.asarray(arrays["patch_mean"]), np.asarray(arrays["patch_kinds"]))

    def _describe(self, pictures: AnyArray) -> Float32Array:
        likeness = (_cut(pictures, STRIDE) - self.mean) @ self.kinds
        middle = likeness.shape[1] // 2
        halves = (slice(None, middle), slice(middle, None))
        shares = []
        for rows in halves:
            for columns in halves:
                quarter = likeness[:, rows, columns]
                shares.append(np.maximum(quarter - SOFT, 0).mean(axis=(1, 2)))
                shares.append(np.maximum(-quarter - SOFT, 0).mean(axis=(1, 2)))
        # Square roots keep a frequent patch from dominating all others.
        return np.asarray(np.sqrt(np.concatenate(shares, axis=1)), dtype=np.float32)


def _windows(pictures: AnyArray, stride: int) -> AnyArray:
    return sliding_window_view(pictures, (SIDE, SIDE), axis=(1, 2))[:, ::stride, ::stride]


def _cut(pictures: AnyArray, stride: int) -> Float32Array:
    windows = _windows(pictures, stride)
    return _even(windows.reshape(*windows.shape[:3], 3 * SIDE * SIDE))


def _some(windows: AnyArray, chosen: AnyArray) -> Float32Array:
    """Return the patches (n, 108) of the windows with these numbers."""
    found = np.empty((len(chosen), 3 * SIDE * SIDE), dtype=np.float32)
    for rows, numbers in zip(_blocks(found), _blocks(chosen), strict=True):
        places = np.unravel_index(numbers, windows.shape[:3])
        rows[:] = _even(windows[places].reshape(len(numbers), -1))
    return found


def _blocks(rows: AnyArray) -> Iterator[AnyArray]:
    return (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))


def _even(pixels: AnyArray) -> Float32Array:
    """Return patches with the same brightness and contrast."""
    patches = pixels.astype(np.float32)
    patches -= patches.mean(axis=-1, keepdims=True)
    patches /= np.sqrt(patches.var(axis=-1, keepdims=True) + CONTRAST)
    return patches


def _whitening(centred: Float32Array) -> Float32Array:
    width = centred.shape[1]
    covariance = np.zeros((width, width), dtype=np.float64)
    for rows in _blocks(centred):
        exact = rows.astype(np.float64)
        covariance += exact.T @ exact
    covariance /= len(centred)
    values, vectors = np.linalg.eigh(covariance)
    whitening = (vectors / np.sqrt(np.maximum(values, 0.0) + NOISE)) @ vectors.T
    return np.asarray(whitening, dtype=np.float32)


def _spherical_k_means(patches: Float32Array, generator: np.random.Generator) -> Float32Array:
    kinds = normalise_rows(generator.normal(size=(KINDS, patches.shape[1])))
    for _ in range(STEPS):
        nearest, pull = _nearest(patches, kinds)
        order = np.argsort(nearest, kind="stable")
        sizes = np.bincount(nearest, minlength=KINDS)
        held = np.flatnonzero(sizes)
        starts = np.concatenate([[0], np.cumsum(sizes[held])[:-1]])
        # A centroid without members restarts at a random place.
        sums = generator.normal(size=kinds.shape)
        pulled = patches[order]
        pulled *= pull[order]
        sums[held] = np.add.reduceat(pulled, starts, axis=0)
        kinds = normalise_rows(sums)
    return kinds


def _nearest(patches: Float32Array, kinds: Float32Array) -> tuple[AnyArray, AnyArray]:
    """Return the most alike kind of each patch (n,), and how alike it is (n, 1)."""
    nearest, pull = [], []
    for rows in _blocks(patches):
        likeness = rows @ kinds.T
        best = np.abs(likeness).argmax(axis=1)
        nearest.append(best)
        pull.append(np.take_along_axis(likeness, best[:, None], axis=1))
    return np.concatenate(nearest), np.concatenate(pull)
