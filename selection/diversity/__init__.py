"""Diversity: batches of items that differ from each other."""

from selection.diversity.batch_diversity import badge, k_center, kmeans_pp

__all__ = ["badge", "k_center", "kmeans_pp"]
