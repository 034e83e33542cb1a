"""The protocol of a pretrained encoder, and what is known of one before it is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from selection.core.arrays import AnyArray, BoolArray, Float32Array, normalise_rows

Doc = Any  # str for texts; bytes of an image file or a PIL image for pictures
Medium = Literal["text", "image"]
Pooling = Literal["mean", "cls", "none"]


class UnusableEncoder(Exception):
    """An encoder that cannot be opened, or whose output makes no sense; `reason` says why.

    >>> str(UnusableEncoder("missing_file", file="model.onnx"))
    'missing_file (file: model.onnx)'
    """

    def __init__(self, reason: str, **values: Any) -> None:
        told = ", ".join(f"{name}: {value}" for name, value in values.items())
        super().__init__(f"{reason} ({told})" if told else reason)
        self.reason = reason
        self.values = values


@dataclass(frozen=True)
class EncoderTraits:
    """What bears on the vectors of an encoder, besides its files.

    `max_length` counts tokens; longer texts are cut. `size` is the side of a picture in pixels.
    `max_batch` is 1 where a graph gives an item other vectors in other company. `dimensions` is 0
    where they must be measured.
    """

    name: str
    kind: str
    medium: Medium
    dimensions: int = 0
    max_length: int = 256
    max_batch: int = 32
    pooling: Pooling = "mean"
    prefix: str = ""
    size: int = 224
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class EncoderSpec(EncoderTraits):
    """What an encoder is made of: its traits, and the paths of its files.

    `files` are absolute paths by role: "model" and, for texts, "tokenizer".
    """

    files: Mapping[str, Path] = field(default_factory=dict)

    def file(self, role: str) -> Path:
        """Return the path of a file; UnusableEncoder where it is not there."""
        path = self.files.get(role)
        if path is None or not path.is_file():
            raise UnusableEncoder("missing_file", file=path.name if path else role)
        return path


class PretrainedEncoder(Protocol):
    """An encoder with weights of its own. The same document always has the same vector."""

    @property
    def name(self) -> str:
        """The name under which vectors are stored."""
        ...

    @property
    def medium(self) -> Medium:
        """What it reads: texts or pictures."""
        ...

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        ...

    @property
    def max_length(self) -> int:
        """The number of tokens of a text that are read; 0 for pictures, which are read whole."""
        ...

    def encode(self, docs: Sequence[Doc]) -> Float32Array:
        """Return a vector of length 1 for each document (n, dimensions).

        A blank text has a row of zeros: there is nothing that it could be near to.
        Raises UnusableEncoder where the vectors are not finite or have another length, ValueError
        naming the first document that cannot be read.
        """
        ...

    def too_long(self, docs: Sequence[Doc]) -> BoolArray:
        """Return which documents are cut (n,)."""
        ...


class SpecifiedEncoder:
    """What an encoder of an `EncoderSpec` says of itself."""

    spec: EncoderSpec

    @property
    def name(self) -> str:
        """The name under which vectors are stored."""
        return self.spec.name

    @property
    def medium(self) -> Medium:
        """What it reads: texts or pictures."""
        return self.spec.medium

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return self.spec.dimensions

    @property
    def max_length(self) -> int:
        """The number of tokens of a text that are read; 0 for pictures, which are read whole."""
        return self.spec.max_length if self.medium == "text" else 0


def checked_rows(vectors: AnyArray, dimensions: int) -> Float32Array:
    """Return finite `vectors` (n, dimensions) as rows of length 1, or raise UnusableEncoder.

    >>> checked_rows(np.array([[3.0, 4.0]]), 2)
    array([[0.6, 0.8]], dtype=float32)
    >>> checked_rows(np.array([[3.0, 4.0]]), 3)
    Traceback (most recent call last):
    selection.encoders.base.UnusableEncoder: wrong_dimension (expected: 3, found: 2)
    """
    found = vectors.shape[1] if vectors.ndim == 2 else vectors.shape
    if found != dimensions:
        raise UnusableEncoder("wrong_dimension", expected=dimensions, found=found)
    if not np.isfinite(vectors).all():
        raise UnusableEncoder("not_finite")
    return normalise_rows(vectors)
