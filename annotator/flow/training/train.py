"""One turn of the loop: labels become a model, scores and picks.

Each function below is one stage. It claims its row, does its work, and hands the row on; a second
worker that comes with the same wake-up finds nothing to claim.
"""

import hashlib
import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from annotator.flow.labels import naming
from annotator.flow.progress import spending
from annotator.flow.queue import refill
from annotator.flow.training import confident_items
from annotator.jobs.runner import job
from annotator.models import FeatureSpace, Label, ModelVersion, Project, Round, RoundShard
from annotator.pool import documents, feature_store, model_files, training_set
from annotator.storage import arrays as storage_arrays

if TYPE_CHECKING:
    from selection.strategies.candidates import Candidates
    from selection.strategies.shortlist import Question, Shortlist

BINS = 20


# Train -------------------------------------------------------------------------------------------


@job(Round, stage=Round.Stage.TRAIN, space__state=FeatureSpace.State.DONE)
def train(turn: Round) -> Round:
    """Fit the model on all labels, and lay out the scoring of the pool, a row a shard."""
    from selection.models import logistic
    from selection.strategies import registry

    started = time.perf_counter()
    feature_store.check_encoder(turn.space)
    labels = list(turn.project.labels.all())
    keys = [label.pk for label in labels]
    known, spent = spending.read_with(
        turn.project, lambda: training_set.labelled(turn.project, turn.space, keys)
    )
    strategy = registry.resolve(
        turn.strategy,
        len(known),
        known.seen,
        len(labels),
        multi_label=turn.project.multi_label,
        has_prior=documents.has_suggestions(turn.project),
    )
    version = None
    if known.teaches:
        features = feature_store.gather(turn.space, known.positions)
        model = logistic.fit(
            features,
            known.y,
            len(labels),
            seed=turn.project.seed,
            multi_label=turn.project.multi_label,
        )
        version = _save_model(turn, labels, known, model)
        version.measured = {"spent": spent}
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


def _save_model(
    turn: Round, labels: list[Label], known: training_set.Labelled, model: Any
) -> ModelVersion:
    from selection.strategies.shortlist import class_counts

    path = model_files.model_path(turn.project_id, turn.number)
    counts = class_counts(known.y, len(labels))
    return ModelVersion(
        project=turn.project,
        number=turn.number,
        space=turn.space,
        labels=[label.pk for label in labels],
        trained_on=len(known),
        seen={str(label.pk): n for label, n in zip(labels, counts, strict=True)},
        path=path.name,
        sha256=storage_arrays.save_npz(path, model.to_arrays()),
        snapshot=_snapshot(known),
        params={"seed": turn.project.seed, "recipe": turn.space.recipe},
    )


def _save_committee(
    turn: Round, features: Any, known: training_set.Labelled, n_classes: int
) -> str:
    from selection.models import committee

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
    return storage_arrays.save_npz(model_files.committee_path(turn.project_id, turn.number), arrays)


def _snapshot(known: training_set.Labelled) -> str:
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
            "measured",
        ]
    }
    stored, _made = ModelVersion.objects.update_or_create(
        project=turn.project, number=version.number, defaults=fields
    )
    return stored


# Score -------------------------------------------------------------------------------------------


@job(RoundShard, round__stage=Round.Stage.SCORE, round__space__state=FeatureSpace.State.DONE)
def score_shard(scoring: RoundShard) -> Round | None:
    """Score one shard and keep its best and surest; return the round once it was the last one."""
    from selection.strategies import shortlist

    turn = scoring.round
    free = np.flatnonzero(feature_store.selectable(turn.project, scoring.shard))
    whole = _proba(turn, scoring)
    proba = None if whole is None else whole[free]
    votes = _votes(turn, scoring, free)
    question, ids = _question(turn), free + scoring.shard.start
    found = shortlist.shortlist(question, ids, _doubted(turn, scoring, free, proba), votes)
    stored = {"candidates": storage_arrays.save_npz(_candidates_path(scoring), found.to_arrays())}
    stored |= confident_items.keep(scoring, ids, proba, question.seed)
    distribution = _distribution(_rest(turn, scoring, whole), turn.project.multi_label)
    scoring.finish(checksums=stored, **distribution)
    return close_scoring(turn)


def close_scoring(turn: Round) -> Round | None:
    """Move the round on when all its shards are scored; only one caller gets it back."""
    if turn.shards.exclude(state=RoundShard.State.DONE).exists():
        return None
    moved = Round.objects.filter(pk=turn.pk, stage=Round.Stage.SCORE, state=Round.State.QUEUED)
    return turn if moved.update(stage=Round.Stage.SELECT) else None


def _proba(turn: Round, scoring: RoundShard) -> NDArray[np.float32] | None:
    if turn.model is None:
        return None
    features = feature_store.load_features(scoring.shard)
    return model_files.load_model(turn.model).predict_proba(features)


def _rest(
    turn: Round, scoring: RoundShard, whole: NDArray[np.float32] | None
) -> NDArray[np.float32] | None:
    """Return what the model says of all that is unlabelled, also where nobody may choose it."""
    return None if whole is None else whole[feature_store.unlabelled(turn.project, scoring.shard)]


def _doubted(
    turn: Round, scoring: RoundShard, free: NDArray[np.int64], proba: NDArray[np.float32] | None
) -> NDArray[np.float32] | None:
    """Return what the strategy judges by: at first what came with the items, then the model."""
    from selection.strategies.prior import with_prior
    from selection.strategies.registry import STRATEGIES, is_early

    labels, project = _classes(turn), turn.project
    is_known = turn.model is not None and not is_early(turn.model.trained_on, len(labels))
    judges = "proba" in STRATEGIES[turn.phase].needs
    if is_known or not judges or not documents.has_suggestions(project):
        return proba
    prior = documents.suggested_proba(project, scoring.shard, [label.pk for label in labels])
    return with_prior(proba, prior[free], multi_label=project.multi_label)


def _votes(turn: Round, scoring: RoundShard, free: NDArray[np.int64]) -> Any:
    """Return what each member of the committee says, where the strategy asks one."""
    from selection.models.committee import predict_committee
    from selection.strategies.registry import STRATEGIES

    if turn.model is None or "committee" not in STRATEGIES[turn.phase].needs:
        return None
    members = model_files.load_committee(turn.model)
    return predict_committee(members, feature_store.load_features(scoring.shard))[:, free]


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
    folder = model_files.round_folder(scoring.round.project_id, scoring.round.number)
    return folder / f"{scoring.shard.number:05d}.npz"


def _question(turn: Round) -> "Question":
    from selection.strategies.registry import STRATEGIES
    from selection.strategies.shortlist import Question, round_seed

    return Question(
        STRATEGIES[turn.phase],
        wanted=turn.project.batch_size * refill.BATCHES_AHEAD,
        pool_items=turn.space.items,
        seed=round_seed(turn.project.seed, turn.number),
        multi_label=turn.project.multi_label,
        rare_class=_rare_class(turn),
    )


# Select ------------------------------------------------------------------------------------------


@job(Round, stage=Round.Stage.SELECT, space__state=FeatureSpace.State.DONE)
def select(turn: Round) -> Round:
    """Choose the picks among the candidates of all shards."""
    started = time.perf_counter()
    question, labels = _question(turn), _classes(turn)
    found = _merge(turn, question)
    chosen = question.strategy.choose(
        _as_candidates(turn, question, found, labels),
        question.wanted,
        np.random.default_rng(question.seed),
    )
    picks = _picks(turn, found, chosen, labels)
    confident_items.gather(turn, question.seed)
    scored = (timezone.now() - turn.created_at).total_seconds() - _since(started)
    timings = {**turn.timings, "select": _since(started)}
    timings["score"] = round(max(scored - timings.get("train", 0.0), 0.0), 3)
    turn.hand_on(
        stage=Round.Stage.REFILL,
        picks=picks,
        timings=timings,
        distribution=_whole_distribution(turn, found, chosen),
    )
    return turn


def _merge(turn: Round, question: "Question") -> "Shortlist":
    from selection.strategies import shortlist

    parts = [
        model_files.load_found(each, _candidates_path(each), "candidates")
        for each in turn.shards.select_related("round", "shard")
    ]
    return shortlist.merge(question, [shortlist.Shortlist.from_arrays(each) for each in parts])


def _as_candidates(
    turn: Round, question: "Question", found: "Shortlist", labels: list[Label]
) -> "Candidates":
    from selection.strategies import shortlist

    known = training_set.labelled(turn.project, turn.space, [label.pk for label in labels])
    return shortlist.as_candidates(
        question,
        found,
        feature_store.gather(turn.space, found.ids).spread_block(),
        feature_store.gather(turn.space, known.positions).spread_block(),
        known.y,
        len(labels),
    )


def _rare_class(turn: Round) -> int | None:
    """Return the class number of the label that is looked for, None where none is."""
    wanted = turn.project.rare_label_id
    pks = [] if wanted is None else [label.pk for label in _classes(turn)]
    return pks.index(wanted) if wanted in pks else None


def _classes(turn: Round) -> list[Label]:
    """Return the labels in the order of the model's classes, whatever became of them since."""
    labels = {label.pk: label for label in turn.project.labels.all()}
    if turn.model is None:
        return list(labels.values())
    return [labels.get(pk, Label(name="")) for pk in turn.model.labels]


def _picks(
    turn: Round, found: "Shortlist", chosen: Any, labels: list[Label]
) -> list[dict[str, Any]]:
    picks = []
    names = [naming.mark(label) for label in labels]
    rows = zip(chosen.rows, chosen.scores, chosen.probability, chosen.reasons, strict=True)
    for row, score, probability, reason in rows:
        proba = None if found.proba is None else found.proba[row]
        picks.append(
            {
                "position": int(found.ids[row]),
                "score": _number(score),
                "probability": _number(probability),
                "reason": reason,
                "why": _why(turn, reason, score, proba, names),
                "suggestion": _suggestion(turn.project, proba, labels),
            }
        )
    return picks


def _why(
    turn: Round, reason: str, score: float, proba: NDArray[np.float32] | None, names: list[str]
) -> str:
    from selection.strategies import registry

    return registry.explain(
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
    project: Project, proba: NDArray[np.float32] | None, labels: list[Label]
) -> dict[str, Any] | None:
    """Return the labels that the model would give; None where one of them is removed since."""
    if proba is None:
        return None
    if project.multi_label:
        likely = [index for index, p in enumerate(proba) if p >= 0.5]
        sure = float(np.maximum(proba, 1.0 - proba).min())
    else:
        likely = [int(proba.argmax())]
        sure = float(proba[likely[0]])
    refs = [labels[index].pk for index in likely]
    return None if None in refs else {"labels": refs, "confidence": round(sure, 4)}


def _whole_distribution(turn: Round, found: "Shortlist", chosen: Any) -> dict[str, Any]:
    if found.proba is None:
        return {}
    shards = [shard for shard in turn.shards.all() if shard.histogram]
    if not shards:
        # Everything is labelled or in somebody's hands.
        return {}
    torn = _uncertainty(found.proba[chosen.rows], turn.project.multi_label)
    return {
        "pool": [int(n) for n in np.sum([shard.histogram for shard in shards], axis=0)],
        "picks": _histogram(torn),
        "predicted": [int(n) for n in np.sum([shard.predicted for shard in shards], axis=0)],
    }


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)
