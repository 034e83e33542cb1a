"""Confident items for bulk pages, found beside the candidates of a round.

They are stored in a file of the round, because a list of rounds would otherwise load thousands of
rows with it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from numpy.typing import NDArray

from annotator.models import Project, Round, RoundShard
from annotator.pool import model_files, training_set
from annotator.storage import arrays, checksums
from annotator.storage.sealed import sealed, unsealed

LEAST = 0.8
PER_LABEL = 72  # three pages of pictures, more than an annotator confirms between two rounds


@dataclass(frozen=True)
class SureItem:
    """An item with its complete answer, as label keys, and the model's confidence in it."""

    position: int
    confidence: float
    labels: list[int]


@dataclass(frozen=True)
class SureLabel:
    """Confident predictions of one label: `count` in all, the most confident as `items`."""

    count: int
    items: list[SureItem]


# In the worker -----------------------------------------------------------------------------------


def store_shard(
    scoring: RoundShard, ids: NDArray[Any], proba: NDArray[Any] | None, seed: int
) -> dict[str, str]:
    """Store the most confident items of one shard, free items `ids`, and return the checksum.

    Stores nothing without a model.
    """
    from selection.strategies import confident

    if proba is None:
        return {}
    space = training_set.label_space(scoring.round.project, proba.shape[1])
    found = confident.most_confident(ids, proba, PER_LABEL, seed, space, least=LEAST)
    return {"surest": arrays.save_npz(_shard_path(scoring), found.to_arrays())}


def merge_round(round_: Round, seed: int) -> None:
    """Store the most confident items of the pool, once all shards are scored."""
    from selection.strategies import confident

    if round_.model is None:
        return
    shards = [
        model_files.load_found(each, _shard_path(each), "surest")
        for each in round_.shards.select_related("round", "shard")
    ]
    found = confident.merge(
        [confident.ConfidentItems.from_arrays(each) for each in shards], PER_LABEL, seed
    )
    told = orjson.dumps(_by_label(found, round_.model.labels))
    arrays.save_bytes(_round_path(round_), sealed(told))


def _by_label(found: Any, labels: list[int]) -> dict[str, Any]:
    told: dict[str, Any] = {
        str(pk): {"count": int(n), "items": []} for pk, n in zip(labels, found.counts, strict=True)
    }
    rows = zip(found.ids, found.classes, found.confidence, found.answers, strict=True)
    for position, number, confidence, answer in rows:
        given = [pk for pk, is_given in zip(labels, answer, strict=True) if is_given]
        item = {"position": int(position), "confidence": round(float(confidence), 4)}
        told[str(labels[number])]["items"].append({**item, "labels": given})
    return told


def _shard_path(scoring: RoundShard) -> Path:
    folder = model_files.round_folder(scoring.round.project_id, scoring.round.number)
    return folder / f"{scoring.shard.number:05d}-surest.npz"


def _round_path(round_: Round) -> Path:
    return model_files.round_folder(round_.project_id, round_.number) / "surest.json"


# In the web process -------------------------------------------------------------------------------


def newest_round(project: Project) -> Round | None:
    """Return the round whose picks are in the queue, without columns for the worker."""
    served = project.rounds.filter(refilled_at__isnull=False)
    return served.defer("picks", "distribution", "timings").first()


def of_round(round_: Round) -> dict[int, SureLabel]:
    """Return the most confident items of the round by label key."""
    path = _round_path(round_)
    try:
        told = orjson.loads(unsealed(arrays.read_checked(path), path.name))
    except (checksums.Corrupt, orjson.JSONDecodeError):
        # The round had no model, or its files are deleted or damaged.
        return {}
    return {
        int(pk): SureLabel(each["count"], [SureItem(**item) for item in each["items"]])
        for pk, each in told.items()
    }
