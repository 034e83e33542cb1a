"""Regions of a delivery on disk: the items that the model may label, in the order of draws.

One .npz file: the arrays of part 0, 1, ... under names such as `positions-0`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from annotator.models import Delivery, Project
from annotator.pool import feature_store
from annotator.storage import arrays as storage_arrays

NAMES = ("positions", "innermost", "confidence", "answers")


@dataclass(frozen=True)
class Region:
    """The boldest region (m items) of one promise, in the order of draws.

    `positions` and `innermost` (m,) are the items and their safest rungs, `confidence` (m,) the
    model's, `answers` (m, bytes) its labels as packed bits.
    """

    positions: NDArray[np.int64]
    innermost: NDArray[np.int64]
    confidence: NDArray[np.float32]
    answers: NDArray[np.uint8]

    def classes(self, number: int) -> NDArray[np.bool_]:
        """Return the labels of each item as a mask (m, number) over the model's classes."""
        return np.unpackbits(self.answers, axis=1, count=number).astype(bool)


def folder(delivery: Delivery) -> Path:
    """Return the folder of a delivery's files."""
    project = feature_store.project_folder(delivery.project_id)
    return project / "deliveries" / f"{delivery.number:06d}"


def save(delivery: Delivery, regions: list[Region]) -> str:
    """Store the regions and return their checksum."""
    arrays = {
        f"{name}-{part}": getattr(region, name)
        for part, region in enumerate(regions)
        for name in NAMES
    }
    return storage_arrays.save_npz(folder(delivery) / "regions.npz", arrays)


def load(delivery: Delivery) -> list[Region]:
    """Return the regions of a delivery, one for each promise; Corrupt if the file was changed."""
    arrays = storage_arrays.load_npz(folder(delivery) / "regions.npz", delivery.regions)
    return [
        Region(**{name: arrays[f"{name}-{part}"] for name in NAMES})
        for part in range(len(delivery.parts))
    ]


def left_to_the_model(project: Project, start: int, stop: int) -> NDArray[np.int64]:
    """Return the positions in [start, stop) that a delivery under way leaves to the model."""
    proving = Delivery.objects.filter(project=project, stage=Delivery.Stage.PROVE).first()
    if proving is None or not proving.parts:
        return np.zeros(0, dtype=np.int64)
    found = np.concatenate([region.positions for region in load(proving)])
    inside: NDArray[np.int64] = found[(found >= start) & (found < stop)]
    return inside
