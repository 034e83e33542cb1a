"""Vectors that came with items, as far as single rows are concerned."""

from collections.abc import Collection

import numpy as np

from annotator.models import Project, VectorShard
from annotator.pool import vector_store


def clear(project: Project, positions: Collection[int]) -> None:
    """Set the given vectors of the items at these positions to zero, in the caller's transaction.

    They cannot be made again without the file that they came in, so the others stay as they are.
    """
    wanted = np.array(sorted(positions), dtype=np.int64)
    shards = VectorShard.objects.select_for_update().filter(
        project=project, encoder=VectorShard.GIVEN, start__lte=wanted[-1], stop__gt=wanted[0]
    )
    for shard in shards.done():
        low, high = np.searchsorted(wanted, [shard.start, shard.stop])
        if high > low:
            vectors = np.array(vector_store.load(shard))
            vectors[wanted[low:high] - shard.start] = 0
            vector_store.replace(shard, vectors)
