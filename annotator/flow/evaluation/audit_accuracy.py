"""Accuracy on audit items, each judged by a model that was not trained on it."""

import time
from dataclasses import asdict
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.flow.evaluation import round_changes, span_f1
from annotator.flow.progress import audit_counts, spending
from annotator.jobs.runner import job
from annotator.models import FeatureSpace, Item, ModelVersion, Project, Round
from annotator.pool import audit_set, feature_store, label_texts, training_set

FOLDS = 5


@job(Round, stage=Round.Stage.EVALUATE, space__state=FeatureSpace.State.DONE)
def evaluate(round_: Round) -> Round:
    """Measure the round's accuracy on audit items, each by a model that was not trained on it."""
    started = time.perf_counter()
    is_of_classes = tasktypes.of(round_.project).answer.of_classes
    measure = _measure if is_of_classes else span_f1.measure
    measured = {} if round_.model is None else measure(round_, round_.model)
    with transaction.atomic():
        round_.finish(
            timings={**round_.timings, "evaluate": round(time.perf_counter() - started, 3)}
        )
        if measured and round_.model is not None:
            ModelVersion.objects.filter(pk=round_.model.pk).update(**measured)
    return round_


def _measure(round_: Round, version: ModelVersion) -> dict[str, Any]:
    from selection.evaluation import per_class
    from selection.models import logistic

    known = training_set.load_training_set(round_.project, round_.space, version.labels)
    if not known.audited.any() or not known.is_trainable:
        return {}
    features = feature_store.gather(round_.space, known.positions)
    space = known.label_space
    proba = logistic.cross_fit(
        features,
        known.y,
        known.audited,
        space,
        folds=FOLDS,
        seed=round_.project.seed,
        texts=label_texts.of_model(version),
    )
    truth = space.indicator(known.y[known.audited])
    said = space.indicator(space.decide(proba))
    right = (said == truth).all(axis=1)
    in_order = right[np.argsort(known.keys[known.audited], kind="stable")]
    f1 = per_class.macro_f1(truth, said, seed=round_.project.seed)
    positions = known.positions[known.audited]
    measured: dict[str, Any] = {
        "macro_f1": None if f1 is None else asdict(f1),
        "classes": _each_class(version, truth, said),
        "change": round_changes.accuracy_change(round_, positions, truth, said),
        "moved": round_changes.prediction_change(round_),
        # A model from before the time of reading labels was stored.
        "spent": version.measured.get("spent") or spending.spent(round_.project),
        "audits": audit_counts.counting_mark(round_.project),
    }
    # For the export, from which anyone can recompute the estimate (`audit_judgements`).
    keys = known.keys[known.audited]
    measured["kept"] = round_changes.store_audit_predictions(
        round_, positions, said, truth, proba, keys
    )
    return {
        "accuracy": _accuracy(round_.project, in_order, known.keys[known.audited].max()),
        "macro_f1": None if f1 is None else f1.value,
        "measured": measured,
    }


def _accuracy(project: Project, right: NDArray[np.bool_], frontier: np.int64) -> dict[str, Any]:
    """Return the share of `right` (n,), in audit order, with its interval and guarantee."""
    from selection.core import intervals
    from selection.evaluation import stopping

    # Items behind the audits may still be drawn; items skipped before are in neither group.
    behind = Item.objects.present(project).filter(audit_key__gt=int(frontier))
    population, target = len(right) + behind.count(), project.target_accuracy
    found = intervals.accuracy_interval(right, population=population)
    assert found is not None, "there is an audit"
    value = float(right.mean())
    # At looks fixed in advance that share the error: valid for stopping.
    proof = stopping.target_reached(right, target or 0.5, population=population)
    told = {
        "value": value,
        "low": min(found.low, value),
        "high": max(found.high, value),
        "n": found.n,
        "confidence": found.confidence,
        "population": population,
        "proven": proof.low,
        "proven_at": proof.at,
    }
    if target is None:
        return told
    left = behind.filter(audit_key__lt=audit_set.audit_threshold(project)).count()
    return {**told, "target": target, "needed": proof.labels_needed, "audits_left": left}


def _each_class(
    version: ModelVersion, truth: NDArray[np.bool_], said: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """Return precision and recall of each label, by its key."""
    from selection.evaluation import per_class

    return [
        {"label": label, **asdict(found)}
        for label, found in zip(version.labels, per_class.per_class(truth, said), strict=True)
    ]
