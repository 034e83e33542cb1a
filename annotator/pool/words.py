"""The words of a pool of texts, for the search for a rare label.

They are counted once and kept beside the features; what is missing or damaged is counted again. A
round needs them once in training and once for each shard, so a process keeps the last ones.
"""

from functools import lru_cache
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
    path = counts_path(space)
    found = _weighed(path, _stamp(path))
    if found is None:
        _count(space)
        found = _weighed(path, _stamp(path))
    return found


def counts_path(space: FeatureSpace) -> Path:
    """Return the path of the counts. A space that grew has another one."""
    return feature_store.space_folder(space) / f"words-{space.items}.npz"


def _stamp(path: Path) -> tuple[int, ...]:
    """Return what differs once the file is written anew; empty without a file."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


# One pool takes up to 60 MB.
@lru_cache(maxsize=1)
def _weighed(path: Path, _stamp: tuple[int, ...]) -> Any | None:
    from selection.features.matrix import Features
    from selection.features.text import word_hashes

    stored = storage_arrays.find_npz(path)
    return None if stored is None else word_hashes.weigh(Features.from_arrays(stored).sparse)


def _count(space: FeatureSpace) -> None:
    from selection.features.matrix import Features
    from selection.features.text import word_hashes

    counts = word_hashes.count_words(list(documents.documents(space.project, 0, space.items)))
    storage_arrays.save_npz(counts_path(space), Features(counts, None).to_arrays())
