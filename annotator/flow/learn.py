"""One turn of the loop: labels become a model, scores and picks.

Each function below is one stage. It claims its row, does its work, and hands the row on; a second
worker that comes with the same wake-up finds nothing to claim.
"""

import hashlib
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from annotator import artefacts, pool
from annotator.flow import refill
from annotator.flow.jobs import job
from annotator.models import Label, ModelVersion, Project, Round, RoundShard

BINS = 20


# Train -------------------------------------------------------------------------------------------


@job(Round, stage=Round.Stage.TRAIN)
def train(turn: Round) -> Round:
    """Fit the model on all labels, and lay out the scoring of the pool, a row a shard."""
    from selection import models, strategies

    started = time.perf_counter()
    labels = list(turn.project.labels.all())
    known = pool.labelled(turn.project, turn.space, [label.pk for label in labels])
    strategy = strategies.resolve(
        turn.strategy,
        len(known),
        known.seen,
        len(labels),
        multi_label=turn.project.multi_label,
    )
    version = None
    if known.teaches:
        features = pool.gather(turn.space, known.positions)
        model = models.fit(
            features,
            known.y,
            len(labels),
            seed=turn.project.seed,
            multi_label=turn.project.multi_label,
        )
        version = _save_model(turn, labels, known, model)
        if "committee" in strategy.needs:
            version.params["committee"] = _save_committee(turn, features, known, len(labels))
    with transaction.atomic():
        turn.hand_on(
            stage=Round.Stage.SCORE,
            model=_store_version(turn, version),
            phase=strategy.name,
            timings={"train": _since(started)},
        )
        RoundShard.objects.bulk_create(
            [RoundShard(round=turn, shard=shard) for shard in turn.space.shards.all()],
            ignore_conflicts=True,
        )
    return turn


def _save_model(turn: Round, labels: list[Label], known: pool.Labelled, model: Any) -> ModelVersion:
    path = artefacts.model_path(turn.project_id, turn.number)
    return ModelVersion(
        project=turn.project,
        number=turn.number,
        space=turn.space,
        labels=[label.pk for label in labels],
        trained_on=len(known),
        seen={label.name: n for label, n in zip(labels, _class_counts(known, labels), strict=True)},
        path=path.name,
        sha256=pool.save_npz(path, model.to_arrays()),
        snapshot=_snapshot(known),
        params={"seed": turn.project.seed, "recipe": turn.space.recipe},
    )


def _save_committee(turn: Round, features: Any, known: pool.Labelled, n_classes: int) -> str:
    from selection import committee

    members = committee.fit_committee(
        features,
        known.y,
        n_classes,
        seed=turn.project.seed,
        multi_label=turn.project.multi_label,
    )
    arrays = {
        f"{number}.{name}": array
        for number, member in enumerate(members)
        for name, array in member.to_arrays().items()
    }
    return pool.save_npz(artefacts.committee_path(turn.project_id, turn.number), arrays)


def _class_counts(known: pool.Labelled, labels: list[Label]) -> list[int]:
    if known.y.ndim == 2:
        return [int(n) for n in known.y.sum(axis=0)]
    return [int(n) for n in np.bincount(known.y, minlength=len(labels))]


def _snapshot(known: pool.Labelled) -> str:
    digest = hashlib.sha256(known.positions.tobytes())
    digest.update(known.y.tobytes())
    return digest.hexdigest()


def _store_version(turn: Round, version: ModelVersion | None) -> ModelVersion | None:
    """Store the model's row, or bring up to date the one that an attempt before left."""
    if version is None:
        return None
    fields = {
        name: getattr(version, name)
        for name in [
            "space",
            "labels",
            "trained_on",
            "seen",
            "path",
            "sha256",
            "snapshot",
            "params",
        ]
    }
    stored, _made = ModelVersion.objects.update_or_create(
        project=turn.project, number=version.number, defaults=fields
    )
    return stored


# Score -------------------------------------------------------------------------------------------


@job(RoundShard, round__stage=Round.Stage.SCORE)
def score_shard(scoring: RoundShard) -> Round | None:
    """Score one shard and keep its best candidates; return the round once it was the last one."""
    from selection import strategies

    turn = scoring.round
    free = np.flatnonzero(pool.selectable(turn.project, scoring.shard))
    proba = _proba(turn, scoring, free)
    strategy = strategies.STRATEGIES[turn.phase]
    found = _candidates(turn, scoring, strategy, free, proba)
    pool.save_npz(_candidates_path(scoring), found)
    scoring.finish(**_distribution(proba, turn.project.multi_label))
    return close_scoring(turn)


def close_scoring(turn: Round) -> Round | None:
    """Move the round on when all its shards are scored; only one caller gets it back."""
    if turn.shards.exclude(state=RoundShard.State.DONE).exists():
        return None
    moved = Round.objects.filter(pk=turn.pk, stage=Round.Stage.SCORE, state=Round.State.QUEUED)
    return turn if moved.update(stage=Round.Stage.SELECT) else None


def _proba(turn: Round, scoring: RoundShard, free: NDArray[np.int64]) -> NDArray[np.float32] | None:
    if turn.model is None:
        return None
    features = pool.load_features(scoring.shard)
    return artefacts.load_model(turn.model).predict_proba(features)[free]


def _candidates(
    turn: Round,
    scoring: RoundShard,
    strategy: Any,
    free: NDArray[np.int64],
    proba: NDArray[np.float32] | None,
) -> dict[str, NDArray[Any]]:
    from selection import shards

    positions = free + scoring.shard.start
    multi_label = turn.project.multi_label
    scores = strategy.score(
        _judged(turn, scoring, strategy, free, proba),
        positions,
        _tie_seed(turn),
        multi_label=multi_label,
        rare_class=_rare_class(turn),
    )
    most = strategy.prefilter_size(_wanted(turn.project), turn.space.items)
    best = shards.best(scores, positions, most, _tie_seed(turn))
    found = {"positions": positions[best], "scores": scores[best], "free": np.array([len(free)])}
    if proba is None:
        return found
    weight = strategy.weights(proba, multi_label=multi_label).sum()
    return {**found, "proba": proba[best], "weight": np.array([weight])}


def _judged(
    turn: Round,
    scoring: RoundShard,
    strategy: Any,
    free: NDArray[np.int64],
    proba: NDArray[np.float32] | None,
) -> NDArray[np.float32] | None:
    """Return what the strategy judges by: nothing, the model's word or that of a committee."""
    from selection.committee import predict_committee

    if turn.model is None or not strategy.needs & {"proba", "committee"}:
        return None
    if "committee" not in strategy.needs:
        return proba
    members = artefacts.load_committee(turn.model)
    return predict_committee(members, pool.load_features(scoring.shard))[:, free]


def _distribution(proba: NDArray[np.float32] | None, multi_label: bool) -> dict[str, Any]:
    if proba is None or not len(proba):
        return {}
    classes = proba.argmax(axis=1) if not multi_label else np.nonzero(proba >= 0.5)[1]
    return {
        "histogram": _histogram(_uncertainty(proba, multi_label)),
        "predicted": [int(n) for n in np.bincount(classes, minlength=proba.shape[1])],
    }


def _uncertainty(proba: NDArray[np.float32], multi_label: bool) -> NDArray[np.float64]:
    """Return how torn the model is, from 0 (sure) to 1 (the first two are equally likely)."""
    from selection import scores

    if multi_label:
        return 1.0 - np.abs(2.0 * proba.astype(np.float64) - 1.0).min(axis=1)
    return 1.0 + scores.margin(proba)


def _histogram(uncertainty: NDArray[np.float64]) -> list[int]:
    counts, _edges = np.histogram(np.clip(uncertainty, 0.0, 1.0), bins=BINS, range=(0.0, 1.0))
    return [int(n) for n in counts]


def _candidates_path(scoring: RoundShard) -> Any:
    folder = pool.project_folder(scoring.round.project_id) / "rounds" / str(scoring.round.number)
    return folder / f"{scoring.shard.number:05d}.npz"


def _wanted(project: Project) -> int:
    return project.batch_size * refill.BATCHES_AHEAD


def _tie_seed(turn: Round) -> int:
    return (turn.project.seed * 1_000_003 + turn.number) % 2**31


# Select ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Merged:
    """The best candidates of all shards."""

    positions: NDArray[np.int64]
    scores: NDArray[np.float64]
    proba: NDArray[np.float32] | None
    pool_size: int
    total_weight: float


@job(Round, stage=Round.Stage.SELECT)
def select(turn: Round) -> Round:
    """Choose the picks among the candidates of all shards."""
    from selection import strategies

    started = time.perf_counter()
    merged = _merge(turn)
    labels = _classes(turn)
    chosen = strategies.STRATEGIES[turn.phase].choose(
        _as_candidates(turn, merged, labels),
        _wanted(turn.project),
        np.random.default_rng(_tie_seed(turn)),
    )
    picks = _picks(turn, merged, chosen, [label.name for label in labels])
    scored = (timezone.now() - turn.created_at).total_seconds() - _since(started)
    timings = {**turn.timings, "select": _since(started)}
    timings["score"] = round(max(scored - timings.get("train", 0.0), 0.0), 3)
    turn.hand_on(
        stage=Round.Stage.REFILL,
        picks=picks,
        timings=timings,
        distribution=_whole_distribution(turn, merged, chosen),
    )
    return turn


def _merge(turn: Round) -> Merged:
    from selection import shards, strategies

    parts = [pool.load_npz(_candidates_path(each)) for each in turn.shards.all()]
    positions = np.concatenate([part["positions"] for part in parts])
    scores = np.concatenate([part["scores"] for part in parts])
    strategy = strategies.STRATEGIES[turn.phase]
    most = strategy.prefilter_size(_wanted(turn.project), turn.space.items)
    best = shards.best(scores, positions, most, _tie_seed(turn))
    proba = np.concatenate([part["proba"] for part in parts])[best] if turn.model else None
    return Merged(
        positions[best],
        scores[best],
        proba,
        pool_size=sum(int(part["free"][0]) for part in parts),
        total_weight=sum(float(part["weight"][0]) for part in parts if "weight" in part),
    )


def _as_candidates(turn: Round, merged: Merged, labels: list[Label]) -> Any:
    from selection.strategies import Candidates

    known = pool.labelled(turn.project, turn.space, [label.pk for label in labels])
    return Candidates(
        ids=merged.positions,
        scores=merged.scores,
        proba=merged.proba,
        spread=pool.gather(turn.space, merged.positions).spread_block(),
        existing=pool.gather(turn.space, known.positions).spread_block(),
        n_labelled=len(known),
        n_classes=len(labels),
        classes_seen=known.seen,
        multi_label=turn.project.multi_label,
        pool_size=merged.pool_size,
        total_weight=merged.total_weight,
        class_counts=_class_counts(known, labels),
        rare_class=_rare_class(turn),
    )


def _rare_class(turn: Round) -> int | None:
    """Return the class number of the label that is looked for, None where none is."""
    pks = [label.pk for label in _classes(turn)]
    wanted = turn.project.rare_label_id
    return pks.index(wanted) if wanted in pks else None


def _classes(turn: Round) -> list[Label]:
    """Return the labels in the order of the model's classes, whatever became of them since."""
    labels = {label.pk: label for label in turn.project.labels.all()}
    if turn.model is None:
        return list(labels.values())
    return [labels.get(pk, Label(name="")) for pk in turn.model.labels]


def _picks(turn: Round, merged: Merged, chosen: Any, names: list[str]) -> list[dict[str, Any]]:
    picks = []
    rows = zip(chosen.rows, chosen.scores, chosen.probability, chosen.reasons, strict=True)
    for row, score, probability, reason in rows:
        proba = None if merged.proba is None else merged.proba[row]
        picks.append(
            {
                "position": int(merged.positions[row]),
                "score": _number(score),
                "probability": _number(probability),
                "reason": reason,
                "why": _why(turn, reason, score, proba, names),
                "suggestion": _suggestion(turn.project, proba, names),
            }
        )
    return picks


def _why(
    turn: Round, reason: str, score: float, proba: NDArray[np.float32] | None, names: list[str]
) -> str:
    from selection import strategies

    return strategies.explain(
        reason,
        float(score),
        proba,
        names,
        rare_class=_rare_class(turn),
        multi_label=turn.project.multi_label,
    )[:500]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _suggestion(
    project: Project, proba: NDArray[np.float32] | None, names: list[str]
) -> dict[str, Any] | None:
    if proba is None:
        return None
    if project.multi_label:
        likely = [index for index, p in enumerate(proba) if p >= 0.5]
        sure = float(np.maximum(proba, 1.0 - proba).min())
        return {"labels": [names[index] for index in likely], "confidence": round(sure, 4)}
    first = int(proba.argmax())
    return {"labels": [names[first]], "confidence": round(float(proba[first]), 4)}


def _whole_distribution(turn: Round, merged: Merged, chosen: Any) -> dict[str, Any]:
    if merged.proba is None:
        return {}
    shards = [shard for shard in turn.shards.all() if shard.histogram]
    if not shards:
        # Everything is labelled or in somebody's hands.
        return {}
    torn = _uncertainty(merged.proba[chosen.rows], turn.project.multi_label)
    return {
        "pool": [int(n) for n in np.sum([shard.histogram for shard in shards], axis=0)],
        "picks": _histogram(torn),
        "predicted": [int(n) for n in np.sum([shard.predicted for shard in shards], axis=0)],
    }


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)
