"""Pictures through an ONNX graph that gives a vector for each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from selection.core.arrays import AnyArray, BoolArray, Float32Array
from selection.encoders.base import (
    EncoderSpec,
    SpecifiedEncoder,
    UnusableEncoder,
    checked_rows,
)
from selection.encoders.onnx_session import open_session
from selection.encoders.pictures import Picture, read_pixels

# The first layers of a network take some 10 MB for each picture; more at once is no faster.
PICTURES_PER_BATCH = 4


class OnnxImageEncoder(SpecifiedEncoder):
    """A network for pictures: its graph takes (n, 3, size, size) and gives (n, dimensions)."""

    def __init__(self, spec: EncoderSpec) -> None:
        self.spec = spec
        self._session = open_session(spec.file("model"))
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4:
            raise UnusableEncoder("wrong_inputs", found=", ".join(each.name for each in inputs))
        self._input = inputs[0].name

    def encode(self, docs: Sequence[Picture]) -> Float32Array:
        """Return a vector of length 1 for each picture (n, dimensions)."""
        vectors = np.zeros((len(docs), self.dimensions), dtype=np.float32)
        size = min(self.spec.max_batch, PICTURES_PER_BATCH)
        for start in range(0, len(docs), size):
            block = docs[start : start + size]
            pixels = np.stack([self._pixels(doc, start + i) for i, doc in enumerate(block)])
            vectors[start : start + len(block)] = checked_rows(self._run(pixels), self.dimensions)
        return vectors

    def too_long(self, docs: Sequence[Picture]) -> BoolArray:
        """Return that no picture is cut (n,)."""
        return np.zeros(len(docs), dtype=bool)

    def _pixels(self, doc: Picture, row: int) -> Float32Array:
        try:
            return read_pixels(doc, self.spec.size, self.spec.mean, self.spec.std)
        except ValueError as problem:
            raise ValueError(f"picture {row} {problem}") from problem

    def _run(self, pixels: Float32Array) -> AnyArray:
        try:
            output = np.asarray(self._session.run(None, {self._input: pixels})[0])
        except Exception as problem:  # its errors have no common class
            raise UnusableEncoder("failed_run", problem=str(problem)[:200]) from problem
        # Some graphs keep the two sides of the picture, one pixel each.
        return output.reshape(len(output), -1) if output.shape[2:] in {(1, 1)} else output
