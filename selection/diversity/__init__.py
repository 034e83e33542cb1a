"""Diversity: batches of items that differ from each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selection.diversity.batch_diversity import badge, k_center, kmeans_pp

__all__ = ["badge", "k_center", "kmeans_pp"]


def __getattr__(name: str) -> Any:
    # Imported on demand: a similarity search in a web process must not load SciPy.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from selection.diversity import batch_diversity

    return getattr(batch_diversity, name)
