"""Features with vectors: those learnt from the pool, and beside them the encoder's."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator import tasktypes
from annotator.errors import Conflict
from annotator.models import FeatureShard, FeatureSpace, Item, Job
from annotator.pool import documents as pool_documents
from annotator.pool import feature_store, new_vectors, vector_encoder, vector_store

if TYPE_CHECKING:
    from selection.features import Features

SAMPLE = 8_192


def fit(space: FeatureSpace) -> vector_encoder.VectorEncoder:
    """Learn from a random sample of the vectors how they lie, and take over the pool's encoder."""
    from selection.features.vectors import VectorBlock

    base = _base(space)
    if base is None:
        raise Conflict("base_features_missing")
    rows = Item.objects.present(space.project).filter(position__lt=space.items)
    # The end of the random order: audits are drawn from its beginning.
    positions = rows.order_by("-audit_key").values_list("position", flat=True)[:SAMPLE]
    sample = vector_store.gather(
        space.project,
        space.encoder,
        space.encoder_sha256,
        np.fromiter(positions, dtype=np.int64),
    )
    pool = feature_store.load_encoder(base)
    assert not isinstance(pool, vector_encoder.VectorEncoder)
    encode = new_vectors.for_space(space)
    return vector_encoder.VectorEncoder(
        pool, VectorBlock.fit(sample, seed=space.project.seed), encode
    )


def features(shard: FeatureShard, encoder: vector_encoder.VectorEncoder) -> "Features":
    """Return the features of a shard's items: the pool's, and their vectors beside them."""
    space = shard.space
    vectors = vector_store.rows(
        space.project, space.encoder, space.encoder_sha256, shard.start, shard.stop
    )
    return encoder.extend(_of_pool(shard, encoder), vectors)


def _base(space: FeatureSpace) -> FeatureSpace | None:
    recipe = vector_encoder.base_recipe(space.recipe)
    own = space.project.spaces.filter(recipe=recipe, items=space.items, dropped=False)
    return own.filter(state=Job.State.DONE).order_by("-id").first()


def _of_pool(shard: FeatureShard, encoder: vector_encoder.VectorEncoder) -> "Features":
    """Return the pool's features of a shard's items, read where they are stored."""
    from selection.features import Features

    base = _base(shard.space)
    if base is not None and _is_same(base, encoder):
        return feature_store.gather(base, np.arange(shard.start, shard.stop))
    documents = pool_documents.documents(shard.space.project, shard.start, shard.stop)
    size = tasktypes.of(shard.space.project).media.limits.encode
    return Features.concat([encoder.base.transform(some) for some in _blocks(documents, size)])


def _is_same(base: FeatureSpace, encoder: vector_encoder.VectorEncoder) -> bool:
    """Tell whether stored features are of the encoder that was taken over, not of a newer one."""
    stored = feature_store.load_encoder(base).to_arrays()
    own = encoder.base.to_arrays()
    return stored.keys() == own.keys() and all(
        np.array_equal(stored[name], own[name]) for name in stored
    )


def _blocks(documents: Iterator[Any], size: int) -> Iterator[list[Any]]:
    return iter(lambda: list(islice(documents, size)), [])
