"""Vectors of documents that are not stored, such as those of a prediction."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.errors import Conflict
from annotator.models import FeatureSpace, VectorShard
from annotator.pool import encoder_process, pretrained
from annotator.pool.vector_encoder import Vectors


def for_space(space: FeatureSpace) -> Vectors:
    """Return a function that encodes documents as those of a feature space were."""
    return partial(encode, space)


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
