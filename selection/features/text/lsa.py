"""Latent semantic analysis: TF-IDF rows folded into a few hundred dense columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from selection.core.arrays import AnyArray, Float32Array, IntArray, normalise_rows

DIMENSIONS = 256
MAX_COLUMNS = 20_000  # the rarer ones hardly bend the first 256 directions, but fill memory
MAX_ROWS = 15_000


@dataclass(frozen=True)
class Latent:
    """The main directions (columns, d) of a TF-IDF matrix over its most used `columns`.

    Deerwester et al. 1990, Indexing by latent semantic analysis; solved by the randomised
    range finder of Halko, Martinsson and Tropp 2011.
    """

    columns: IntArray
    directions: Float32Array

    @classmethod
    def fit(cls, X: Any, *, seed: int) -> Latent:
        """Return the directions of the sparse `X` (n, V); fewer than 256 for a tiny pool."""
        used = np.bincount(X.indices, minlength=X.shape[1])
        columns = np.sort(np.argsort(-used, kind="stable")[:MAX_COLUMNS])
        rows = X[:MAX_ROWS][:, columns]
        return cls(columns, principal_directions(rows, DIMENSIONS, seed=seed))

    def project(self, X: Any) -> Float32Array:
        """Return `X` (n, V) in the main directions, rows of length 1: (n, d)."""
        return normalise_rows(X[:, self.columns] @ self.directions)

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return the fitted state as arrays."""
        return {"latent_columns": self.columns, "latent_directions": self.directions}

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Latent:
        """Return what `to_arrays` described."""
        return cls(np.asarray(arrays["latent_columns"]), np.asarray(arrays["latent_directions"]))


def principal_directions(X: Any, d: int, *, seed: int) -> Float32Array:
    """Return the at most `d` strongest right singular vectors of `X` (n, V) as (V, r).

    >>> from scipy.sparse import csr_array
    >>> principal_directions(csr_array(np.diag([2.0, 1.0])), 1, seed=0).round(3)
    array([[1.],
           [0.]], dtype=float32)
    """
    # Costs 50 MB, and web processes read the registry of encoders, but fit none.
    from sklearn.utils.extmath import randomized_svd

    rank = min(d, *X.shape)
    if rank == 0 or not abs(X).max() > 0:
        return np.zeros((X.shape[1], 0), dtype=np.float32)
    _, strengths, directions = randomized_svd(
        X, rank, n_iter=2, n_oversamples=10, random_state=seed, power_iteration_normalizer="QR"
    )
    real = strengths > strengths[0] * 1e-5
    return np.ascontiguousarray(directions[real].T, dtype=np.float32)
