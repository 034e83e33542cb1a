"""Arrays of a model with a checksum, and names as arrays: a damaged model is never used."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from selection.core.arrays import AnyArray

SEAL = "checksum"


def sealed(arrays: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    """Return `arrays` with the SHA-256 of all of them, as `checksum`.

    >>> sorted(sealed({"a": np.zeros(2)}))
    ['a', 'checksum']
    """
    return {**arrays, SEAL: _checksum(arrays)}


def unsealed(arrays: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    """Return `arrays` without their checksum; ValueError if it is missing or another.

    >>> unsealed({"a": np.zeros(2)})
    Traceback (most recent call last):
    ValueError: the model is damaged
    """
    inner = {name: np.asarray(array) for name, array in arrays.items() if name != SEAL}
    if SEAL not in arrays or not np.array_equal(arrays[SEAL], _checksum(inner)):
        raise ValueError("the model is damaged")
    return inner


def pack_names(prefix: str, names: Sequence[str]) -> dict[str, AnyArray]:
    """Return `names` as two arrays: their bytes and where each ends.

    >>> unpack_names("words", pack_names("words", ["a", "é"]))
    ['a', 'é']
    """
    # A lone surrogate is no character, but a text may hold one.
    encoded = [name.encode(errors="surrogatepass") for name in names]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    letters = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    return {f"{prefix}_bytes": letters, f"{prefix}_ends": ends}


def unpack_names(prefix: str, arrays: Mapping[str, AnyArray]) -> list[str]:
    """Return the names that `pack_names` stored."""
    letters = np.asarray(arrays[f"{prefix}_bytes"]).tobytes()
    ends = np.asarray(arrays[f"{prefix}_ends"]).tolist()
    return [letters[a:b].decode(errors="surrogatepass") for a, b in pairwise(ends)]


def _checksum(arrays: Mapping[str, AnyArray]) -> AnyArray:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        digest.update(array.tobytes())
    return np.frombuffer(digest.digest(), dtype=np.uint8)
