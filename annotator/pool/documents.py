"""Documents for the encoders: the texts and pictures of items, and imported suggestions."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.models import FeatureShard, Import, Item, Project
from annotator.pool.training_set import label_space

AT_ONCE = 500


# Documents ---------------------------------------------------------------------------------------


def sample_documents(project: Project, items: int, limit: int | None = None) -> list[Any]:
    """Return a random sample of the items below position `items`, as documents.

    The audit permutation is random already. The sample is its end and audits come from its
    beginning, so the encoder is not fitted to the audit items.
    """
    rows = Item.objects.present(project).filter(position__lt=items).order_by("-audit_key")
    media = tasktypes.of(project).media
    return list(media.documents(rows[: media.limits.fit if limit is None else limit]))


def documents(project: Project, start: int, stop: int) -> Iterator[Any]:
    """Yield the documents at positions [start, stop), in order."""
    span = {"position__gte": start, "position__lt": stop}
    rows = Item.objects.filter(project=project, **span).order_by("position")
    yield from tasktypes.of(project).media.documents(rows)


def documents_at(project: Project, positions: Sequence[int]) -> Iterator[Any]:
    """Yield the documents at `positions`, which are sorted."""
    for start in range(0, len(positions), AT_ONCE):
        few = [int(position) for position in positions[start : start + AT_ONCE]]
        rows = Item.objects.filter(project=project, position__in=few).order_by("position")
        yield from tasktypes.of(project).media.documents(rows)


def has_suggestions(project: Project) -> bool:
    """Return whether items came with suggestions of another model."""
    return project.imports.filter(labels_are=Import.LabelUse.SUGGESTION, created__gt=0).exists()


def suggested_proba(
    project: Project, shard: FeatureShard, classes: Sequence[int | None]
) -> NDArray[np.float32]:
    """Return the imported scores (stop - start, C) of a shard's items; NaN where there are none."""
    from selection.strategies.prior import suggested_proba as as_proba

    column = {label: index for index, label in enumerate(classes)}
    labels: list[list[int]] = [[] for _ in range(shard.stop - shard.start)]
    sure: list[float | None] = [None] * len(labels)
    span = {"position__gte": shard.start, "position__lt": shard.stop}
    rows = Item.objects.filter(project=project, suggested__isnull=False, **span)
    said: Any
    for position, said in rows.values_list("position", "suggested"):
        known = [column[label] for label in said["labels"] if label in column]
        labels[position - shard.start] = known
        # The confidence for a deleted label says nothing about the others.
        if len(known) == len(said["labels"]):
            sure[position - shard.start] = said["confidence"]
    return as_proba(labels, sure, label_space(project, len(classes)))
