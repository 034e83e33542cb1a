"""What changes in rows that arrive: nobody here holds a lease, and no job here was running."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Model

from annotator.i18n import stored_texts
from annotator.models import (
    Annotation,
    FeatureShard,
    FeatureSpace,
    Import,
    Job,
    Lease,
    ModelVersion,
    QueueEntry,
    Removal,
    ReviewRequest,
    VectorShard,
)
from annotator.pool import model_files

# UUIDs beside those that are keys: another project has others.
UUIDS: dict[type[Model], tuple[str, ...]] = {
    QueueEntry: ("lease_id",),
    Annotation: ("client_id",),
}
# What goes on with the rows and files that came. Others read what stayed behind.
RESUMED = {Removal, FeatureSpace, FeatureShard, VectorShard}


def settled_job(model: type[Job], row: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return a job as one that nobody works at, and whether it goes on once all is there."""
    nobody = {"token": None, "owner": "", "heartbeat_at": None, "retry_at": None}
    if row["state"] not in {Job.State.QUEUED, Job.State.RUNNING}:
        return {**row, **nobody}, False
    error = stored_texts.ARCHIVED_MEANWHILE
    ended = {"state": Job.State.FAILED, "error": error, "finished_at": row["created_at"]}
    return {**row, **nobody, **ended}, model in RESUMED


def removed_item(key: int) -> dict[str, Any]:
    """Return what stands in for the content of a removed item, as `datasets.removal` stores it."""
    return {"key": f"removed-{key}", "content_hash": f"-{key:015d}".encode()}


def _import(_row: dict[str, Any], _at: datetime) -> dict[str, Any]:
    # Its files stayed behind.
    return {"path": "", "vectors_path": "", "vector_ids_path": ""}


def _model_version(row: dict[str, Any], _at: datetime) -> dict[str, Any]:
    return {"path": model_files.model_path(0, row["number"]).name}


def _queue_entry(row: dict[str, Any], _at: datetime) -> dict[str, Any]:
    everybodys = {"assignment_id": None}
    if row["state"] != QueueEntry.State.LEASED:
        return everybodys
    nobody = {"user_id": None, "lease_id": None, "leased_until": None}
    return {"state": QueueEntry.State.OPEN, **nobody, **everybodys}


def _lease(row: dict[str, Any], at: datetime) -> dict[str, Any]:
    if row["ended_at"] is not None:
        return {}
    return {"ended_at": at, "outcome": Lease.Outcome.RELEASED}


def _review_request(row: dict[str, Any], _at: datetime) -> dict[str, Any]:
    is_held = row["state"] == ReviewRequest.State.LEASED
    return {"state": ReviewRequest.State.OPEN, "lease_id": None} if is_held else {}


SETTLE: dict[type[Model], Callable[[dict[str, Any], datetime], dict[str, Any]]] = {
    Import: _import,
    ModelVersion: _model_version,
    QueueEntry: _queue_entry,
    Lease: _lease,
    ReviewRequest: _review_request,
}
