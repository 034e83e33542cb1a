"""Tensors of a safetensors file, read where they lie; the format holds numbers and nothing else.

A length of 8 bytes, a JSON table of names, types, shapes and offsets, then the numbers.
"""

from __future__ import annotations

import json
import math
import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from selection.core.arrays import AnyArray
from selection.encoders.base import UnusableEncoder

TYPES = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "I32": "<i4", "I8": "<i1"}
LONGEST_TABLE = 100 << 20


class Tensors(Mapping[str, AnyArray]):
    """The tensors of a file by name, memory-mapped and read-only."""

    def __init__(self, path: Path) -> None:
        """Read the table of the file; UnusableEncoder where it is damaged."""
        self._file = path.name
        try:
            with path.open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
                if not 0 < length <= LONGEST_TABLE:
                    raise ValueError("no table")
                self._table: dict[str, dict[str, Any]] = json.loads(file.read(length))
            self._table.pop("__metadata__", None)
            self._data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length)
        except (ValueError, OSError) as problem:
            raise self._damaged(problem) from problem

    def __getitem__(self, name: str) -> AnyArray:
        entry = self._table[name]
        try:
            kind = np.dtype(TYPES[entry["dtype"]])
            start, stop = entry["data_offsets"]
            if stop - start != kind.itemsize * math.prod(entry["shape"]) or stop > len(self._data):
                raise ValueError(f"{name} is not all there")
            return self._data[start:stop].view(kind).reshape(entry["shape"])
        except (KeyError, ValueError, TypeError) as problem:
            raise self._damaged(problem) from problem

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def release(self) -> None:
        """Give the memory of what was read back; it is read from the file again where needed."""
        mapped = getattr(self._data, "_mmap", None)
        if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)

    def __len__(self) -> int:
        return len(self._table)

    def _damaged(self, problem: Exception) -> UnusableEncoder:
        return UnusableEncoder("damaged_model", file=self._file, problem=str(problem)[:200])
