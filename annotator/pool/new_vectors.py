"""Vectors of documents that are not stored, such as those of a prediction."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.errors import Conflict, Invalid
from annotator.models import FeatureSpace, VectorShard
from annotator.pool import encoder_process, pretrained, vector_store
from annotator.pool.vector_encoder import VectorEncoder, Vectors


def for_space(space: FeatureSpace) -> Vectors:
    """Return a function that encodes documents as those of a feature space were."""
    return partial(encode, space)


def given(space: FeatureSpace, encoder: Any, rows: Sequence[Sequence[float] | None]) -> Any:
    """Return the encoder of a space, with vectors that came with the documents to encode.

    Invalid where the space has no use for them, or one is missing or wrong.
    """
    if space.encoder != VectorShard.GIVEN or not isinstance(encoder, VectorEncoder):
        raise Invalid("vectors_unused", field="items")
    width = vector_store.slices(space.project, space.encoder, "").values("dimensions")[:1]
    wanted = width.get()["dimensions"]
    for number, row in enumerate(rows, start=1):
        if row is None:
            raise Invalid("vector_missing", field="items", row=number)
        if len(row) != wanted:
            raise Invalid("vector_dimensions", field="items", found=len(row), wanted=wanted)
        if not np.isfinite(row).all():
            raise Invalid("bad_vector", field="items", row=number)
    # As precise as those that are stored.
    found = normalise(rows).astype(np.float16).astype(np.float32)
    return replace(encoder, vectors=lambda _docs: found)


def normalise(rows: Any) -> NDArray[np.float64]:
    """Return vectors as rows of length 1; zeros stay zeros."""
    # In float64, as the squares of large numbers would not fit.
    wide = np.asarray(rows, dtype=np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    found: NDArray[np.float64] = np.divide(
        wide, lengths, out=np.zeros_like(wide), where=lengths > 0
    )
    return found


def encode(space: FeatureSpace, docs: Sequence[Any]) -> NDArray[np.float32]:
    """Return the vectors (n, d) of documents; Conflict where their encoder is not there."""
    if space.encoder == VectorShard.GIVEN:
        raise Conflict("predict_without_vectors")
    medium = tasktypes.of(space.project).media.pretrained
    found = pretrained.find(medium, space.encoder)
    if found is None:
        raise Conflict("predict_without_encoder", name=space.encoder)
    if found.sha256 != space.encoder_sha256:
        raise Conflict("predict_with_changed_encoder", name=space.encoder)
    return encoder_process.encode(found.name, found.sha256, list(docs))
