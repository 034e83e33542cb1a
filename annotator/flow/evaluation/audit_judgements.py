"""Judgements of audit items behind the shown estimate, kept for a recount."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator.flow.labels import naming
from annotator.models import Project, Round
from annotator.pool import model_files
from annotator.storage import arrays as storage_arrays
from annotator.storage import checksums


@dataclass(frozen=True)
class Judged:
    """The audits behind the newest estimate; `rows` maps an item's position to its row."""

    project: Project
    model: int | None = None
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    rows: Mapping[int, int] = field(default_factory=dict)

    def of(self, position: int) -> dict[str, Any] | None:
        """Return the prediction of a model not trained on the item, and whether it was right.

        `place` is the item's place in audit order, from 0.
        """
        row = self.rows.get(position)
        if row is None:
            return None
        said, truth = self.arrays["said"][row], self.arrays["truth"][row]
        return {
            "labels": self._named(said),
            "confidence": round(float(self.arrays["sure"][row]), 4),
            "truth": self._named(truth),
            "right": bool((said == truth).all()),
            "place": int(self.arrays["places"][row]),
            "model": self.model,
        }

    def _named(self, given: NDArray[np.bool_]) -> list[str]:
        return naming.names(self.project, [int(key) for key in self.arrays["labels"][given]])


def of_audits(project: Project) -> Judged:
    """Return the judgements behind the newest estimate; empty if damaged or deleted."""
    measured = project.models.filter(accuracy__isnull=False)
    newest = measured.values_list("pk", "number", "measured__kept").first()
    if newest is None or not newest[2]:
        return Judged(project)
    pk, number, sha256 = newest
    turns = Round.objects.filter(project=project, model=pk)
    path = model_files.audits_path(project.pk, turns.values_list("number", flat=True).first() or 0)
    try:
        arrays = storage_arrays.load_npz(path, sha256)
    except checksums.Corrupt:
        return Judged(project)
    rows = {int(position): row for row, position in enumerate(arrays["positions"])}
    return Judged(project, number, arrays, rows)
