"""Texts through a tokenizer and an ONNX graph that gives a vector for each token or text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from selection.core.arrays import AnyArray, BoolArray, Float32Array
from selection.encoders.base import (
    EncoderSpec,
    SpecifiedEncoder,
    UnusableEncoder,
    checked_rows,
)
from selection.encoders.onnx_session import open_session
from selection.encoders.tokens import Tokenizer

if TYPE_CHECKING:
    import onnxruntime

# What fits the caches of a core: batches of long texts are smaller.
TOKENS_PER_BATCH = 1024
KNOWN_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class OnnxTextEncoder(SpecifiedEncoder):
    """A transformer of texts: `model` is its graph, `tokenizer` its tokenizer file."""

    def __init__(self, spec: EncoderSpec) -> None:
        self.spec = spec
        self._tokenizer = Tokenizer.open(spec.file("tokenizer"), spec.max_length)
        self._session = open_session(spec.file("model"))
        self._types = _input_types(self._session)

    def encode(self, docs: Sequence[str]) -> Float32Array:
        """Return a vector of length 1 for each text (n, dimensions), zeros for a blank one."""
        vectors = np.zeros((len(docs), self.dimensions), dtype=np.float32)
        blank = np.array([not doc.strip() for doc in docs], dtype=bool)
        tokens = self._tokenizer.split([self.spec.prefix + doc for doc in docs])
        lengths = np.array([len(each) for each in tokens], dtype=np.int64)
        read = np.flatnonzero(~blank & (lengths > 0))
        for rows in _batches(read, lengths, self.spec.max_batch):
            pooled = self._run([tokens[row] for row in rows])
            vectors[rows] = checked_rows(pooled, self.dimensions)
        return vectors

    def too_long(self, docs: Sequence[str]) -> BoolArray:
        """Return which texts are cut (n,)."""
        return self._tokenizer.too_long([self.spec.prefix + doc for doc in docs])

    def _run(self, tokens: Sequence[Sequence[int]]) -> AnyArray:
        ids = np.zeros((len(tokens), max(map(len, tokens))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, each in enumerate(tokens):
            ids[row, : len(each)] = each
            mask[row, : len(each)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        feed: dict[str, AnyArray] = {
            name: given[name].astype(kind) for name, kind in self._types.items()
        }
        try:
            output = np.asarray(self._session.run(None, feed)[0])
        except Exception as problem:  # its errors have no common class
            raise UnusableEncoder("failed_run", problem=str(problem)[:200]) from problem
        return self._pool(output, mask)

    def _pool(self, output: AnyArray, mask: AnyArray) -> AnyArray:
        if output.ndim != 3:
            return output
        if self.spec.pooling == "cls":
            return np.asarray(output[:, 0])
        if self.spec.pooling == "none" or output.shape[:2] != mask.shape:
            raise UnusableEncoder("wrong_output", shape=output.shape)
        # The length does not matter, so the sum does for the mean.
        pooled: AnyArray = np.einsum("bs,bsd->bd", mask.astype(output.dtype), output)
        return pooled


def _input_types(session: onnxruntime.InferenceSession) -> dict[str, type]:
    """Return the number type of each input of a graph; UnusableEncoder for inputs of no text."""
    found = {each.name: each.type for each in session.get_inputs()}
    unknown = sorted(set(found) - KNOWN_INPUTS) or sorted(set(found.values()) - set(TYPES))
    if unknown or "input_ids" not in found:
        raise UnusableEncoder("wrong_inputs", found=", ".join(sorted(found)))
    return {name: TYPES[kind] for name, kind in found.items()}


def _batches(rows: AnyArray, lengths: AnyArray, most: int) -> Iterator[AnyArray]:
    """Yield `rows` sorted by length in batches of at most `most` rows and about 1,024 tokens.

    >>> [batch.tolist() for batch in _batches(np.arange(3), np.array([600, 3, 600]), 32)]
    [[1], [0], [2]]
    """
    order = rows[np.argsort(lengths[rows], kind="stable")]
    start = 0
    while start < len(order):
        stop = start + 1
        while (
            stop < len(order)
            and stop - start < most
            and lengths[order[stop]] * (stop + 1 - start) <= TOKENS_PER_BATCH
        ):
            stop += 1
        yield order[start:stop]
        start = stop
