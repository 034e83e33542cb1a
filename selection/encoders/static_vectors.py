"""Texts as the mean of one vector for each token (model2vec and its like): fast, less precise.

M. van Dongen and S. Tulkens, "Model2Vec: Fast State-of-the-Art Static Embeddings", 2024.
"""

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
from selection.encoders.safetensors import Tensors
from selection.encoders.tokens import Tokenizer

BLOCK = 4096  # texts at once


class StaticVectors(SpecifiedEncoder):
    """A table of token vectors: `model` is a safetensors file, `tokenizer` its tokenizer file."""

    def __init__(self, spec: EncoderSpec) -> None:
        self.spec = spec
        self._tokenizer = Tokenizer.open(spec.file("tokenizer"), spec.max_length)
        self._unknown = _unknown_token(self._tokenizer)
        self._table = _table(Tensors(spec.file("model")), spec)

    def encode(self, docs: Sequence[str]) -> Float32Array:
        """Return a vector of length 1 for each text (n, dimensions), zeros for unknown ones."""
        blocks = [self._block(docs[start : start + BLOCK]) for start in range(0, len(docs), BLOCK)]
        return np.concatenate([np.zeros((0, self.dimensions), dtype=np.float32), *blocks])

    def too_long(self, docs: Sequence[str]) -> BoolArray:
        """Return which texts are cut (n,)."""
        return self._tokenizer.too_long([self.spec.prefix + doc for doc in docs])

    def _block(self, docs: Sequence[str]) -> Float32Array:
        # Web processes list encoders, and never run this one.
        from scipy import sparse

        split = self._tokenizer.split([self.spec.prefix + doc for doc in docs], special=False)
        known = [[each for each in ids if each != self._unknown] for ids in split]
        starts = np.cumsum([0, *map(len, known)])
        columns = np.array([each for ids in known for each in ids], dtype=np.int64)
        if len(columns) and columns.max() >= len(self._table):
            raise UnusableEncoder("wrong_tokenizer", tokens=int(columns.max()) + 1)
        ones = np.ones(len(columns), dtype=np.float32)
        counts = sparse.csr_array((ones, columns, starts), shape=(len(docs), len(self._table)))
        return checked_rows(np.asarray(counts @ self._table), self.dimensions)


def _table(tensors: Tensors, spec: EncoderSpec) -> AnyArray:
    """Return the vector of each token, weighted where the file has weights."""
    name = "embeddings" if "embeddings" in tensors else next(iter(tensors), "")
    if not name or tensors[name].ndim != 2:
        raise UnusableEncoder("wrong_output", shape=tensors[name].shape if name else ())
    table = tensors[name].astype(np.float32)
    if table.shape[1] != spec.dimensions:
        raise UnusableEncoder("wrong_dimension", expected=spec.dimensions, found=table.shape[1])
    if "mapping" in tensors:
        table = table[tensors["mapping"].astype(np.int64)]
    if "weights" in tensors:
        table = table * tensors["weights"].astype(np.float32)[:, None]
    return table


def _unknown_token(tokenizer: Tokenizer) -> int:
    """Return the number of the token for what the tokenizer does not know, -1 for none."""
    known = tokenizer.tokenizer
    found = [known.token_to_id(token) for token in ("[UNK]", "<unk>")]
    return next((each for each in found if each is not None), -1)
