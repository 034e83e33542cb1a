"""The words of a pool of texts, for the search for a rare label.

They are counted once and kept beside the features; what is missing or damaged is counted again.
"""

from pathlib import Path
from typing import Any

from annotator import tasktypes
from annotator.models import FeatureSpace
from annotator.pool import documents, feature_store
from annotator.storage import arrays as storage_arrays


def load_words(space: FeatureSpace) -> Any | None:
    """Return the TF-IDF (space.items, columns) of the words; None for pictures or a large pool."""
    from selection.features.text import word_hashes

    media = tasktypes.of(space.project).media
    if media.pretrained != "text" or space.items > word_hashes.MOST:
        return None
    return word_hashes.weigh(_counts(space))


def counts_path(space: FeatureSpace) -> Path:
    """Return the path of the counts. A space that grew has another one."""
    return feature_store.space_folder(space) / f"words-{space.items}.npz"


def _counts(space: FeatureSpace) -> Any:
    from selection.features.matrix import Features
    from selection.features.text import word_hashes

    stored = storage_arrays.find_npz(counts_path(space))
    if stored is not None:
        return Features.from_arrays(stored).sparse
    counts = word_hashes.count_words(list(documents.documents(space.project, 0, space.items)))
    storage_arrays.save_npz(counts_path(space), Features(counts, None).to_arrays())
    return counts
