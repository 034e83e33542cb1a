"""What of a project goes into an archive, and what its rows say without the rest."""

from typing import Any

from django.db.models import Model

from annotator.archives.tables import TABLES
from annotator.models import (
    ArchiveJob,
    FeatureShard,
    FeatureSpace,
    FormerContent,
    GuidelinePicture,
    GuidelineVersion,
    Import,
    Item,
    Label,
    Project,
    QueueEntry,
    Removal,
    VectorShard,
)
from annotator.models.projects import fresh_seed

Scope = ArchiveJob.Scope

HELD: dict[str, set[type[Model]]] = {
    Scope.ALL: set(TABLES),
    Scope.ITEMS: {
        *(Project, Label, GuidelineVersion, GuidelinePicture),
        *(Import, Removal, Item, FormerContent),
        *(FeatureSpace, FeatureShard, VectorShard),
    },
    Scope.SETTINGS: {Project, Label, GuidelineVersion, GuidelinePicture},
}
# The folders of a project's arrays.
FOLDERS: dict[str, set[str]] = {
    Scope.ALL: {"features", "vectors", "models", "rounds", "deliveries"},
    Scope.ITEMS: {"features", "vectors"},
    Scope.SETTINGS: set(),
}

UNLABELLED: dict[str, Any] = {
    "removed_changes": 0,
    "has_looks": False,
    "recounted": {},
    "paused_at": None,
    "paused_by_id": None,
    "paused_reason": "",
}
EMPTY: dict[str, Any] = {"items": 0, "removed": 0, "encoding_paused_at": None}


# By table: what refers to tables that stay behind.
CUT_OFF: dict[type[Model], dict[str, Any]] = {
    Project: {"has_assignments": False},
    QueueEntry: {"assignment_id": None},
}


def without_the_rest(model: type[Model], row: dict[str, Any], scope: str) -> dict[str, Any]:
    """Return a row as it stands where only the rows of `scope` go along."""
    row = row | CUT_OFF.get(model, {})
    if scope == Scope.ALL:
        return row
    if model is Item and row["state"] != Item.State.REMOVED:
        return {**row, "state": Item.State.POOL, "answers": 0, "skips": 0}
    if model is Project:
        return row | UNLABELLED | (_emptied() if scope == Scope.SETTINGS else _merged(row))
    return row


def _emptied() -> dict[str, Any]:
    # Items that come later are drawn anew.
    return {**EMPTY, "removed_labels": {}, "merged_labels": {}, "seed": fresh_seed()}


def _merged(row: dict[str, Any]) -> dict[str, Any]:
    # Gold answers and suggestions may name labels that were merged since.
    names = row["removed_labels"]
    return {"removed_labels": {key: names[key] for key in row["merged_labels"] if key in names}}
