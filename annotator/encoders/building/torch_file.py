"""The tensors of a PyTorch file of the old form, read without PyTorch and without running anything.

Such a file is a row of pickles, then the numbers. A pickle may name any function to be called, so
only the three that make a tensor are known here, and they only note what they are given.
"""

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from selection.core.arrays import AnyArray
from selection.encoders import UnusableEncoder

MAGIC = 0x1950A86A20F9469CFC6C
TYPES = {"FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8"}


@dataclass(frozen=True)
class _Tensor:
    storage: tuple[str, str]
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Plain(pickle.Unpickler):
    """Reads numbers, texts, lists and dictionaries; whatever else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of weights")


class _Table(_Plain):
    """Reads the table of tensors, too."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _noted,
        }
        if module == "torch" and name in TYPES:
            return name
        return known.get((module, name)) or super().find_class(module, name)

    def persistent_load(self, pid: Any) -> tuple[str, str]:
        _kind, number_type, key = pid[:3]
        return str(key), TYPES[number_type]


def read_tensors(path: Path) -> dict[str, AnyArray]:
    """Return the tensors in a file by name; UnusableEncoder where it holds anything else."""
    try:
        with path.open("rb") as file:
            if _Plain(file).load() != MAGIC:
                raise ValueError("it is no file of PyTorch's old form")
            _version, _machine = _Plain(file).load(), _Plain(file).load()
            table: dict[str, _Tensor] = _Table(file).load()
            keys = _Plain(file).load()
            types = dict(each.storage for each in table.values())
            numbers = {key: _numbers(file, types[key]) for key in keys}
        return {name: _array(each, numbers) for name, each in table.items()}
    except (
        pickle.UnpicklingError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        EOFError,
        IndexError,
    ) as problem:
        raise UnusableEncoder(
            "damaged_model", file=path.name, problem=str(problem)[:200]
        ) from problem


def _noted(storage: tuple[str, str], start: int, shape: Any, strides: Any, *_rest: Any) -> _Tensor:
    return _Tensor(storage, int(start), tuple(shape), tuple(strides))


def _numbers(file: IO[bytes], kind: str) -> AnyArray:
    count = int.from_bytes(file.read(8), "little")
    return np.frombuffer(file.read(count * np.dtype(kind).itemsize), dtype=kind)


def _array(tensor: _Tensor, numbers: dict[str, AnyArray]) -> AnyArray:
    flat = numbers[tensor.storage[0]]
    sides = list(zip(tensor.shape, tensor.strides, strict=True))
    last = tensor.start + sum((side - 1) * step for side, step in sides)
    is_inside = 0 <= tensor.start <= last < len(flat)
    if not is_inside or any(side < 1 or step < 0 for side, step in sides):
        raise ValueError("a tensor reaches beyond its numbers")
    steps = [step * flat.itemsize for step in tensor.strides]
    return np.lib.stride_tricks.as_strided(
        flat[tensor.start :], tensor.shape, steps, writeable=False
    )
