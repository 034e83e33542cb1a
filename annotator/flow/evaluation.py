"""How good the model is: told by audit items alone, each judged by a model that never saw it."""

import time
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from annotator import pool
from annotator.flow.jobs import job
from annotator.models import ModelVersion, Project, Round

FOLDS = 5


@job(Round, stage=Round.Stage.EVALUATE)
def evaluate(turn: Round) -> Round:
    """Measure the round's model on audit items, each by a model that did not train on it."""
    started = time.perf_counter()
    measured = {} if turn.model is None else _measure(turn, turn.model)
    with transaction.atomic():
        turn.finish(timings={**turn.timings, "evaluate": round(time.perf_counter() - started, 3)})
        if measured and turn.model is not None:
            ModelVersion.objects.filter(pk=turn.model.pk).update(**measured)
    return turn


def _measure(turn: Round, version: ModelVersion) -> dict[str, Any]:
    from selection import estimate, models, stopping

    known = pool.labelled(turn.project, turn.space, version.labels)
    if not known.audited.any() or not known.teaches:
        return {}
    features = pool.gather(turn.space, known.positions)
    n_classes, multi_label = len(version.labels), turn.project.multi_label
    proba = models.cross_fit(
        features,
        known.y,
        known.audited,
        n_classes,
        folds=FOLDS,
        seed=turn.project.seed,
        multi_label=multi_label,
    )
    truth = known.y[known.audited]
    said = (proba >= 0.5).astype(np.int64) if multi_label else proba.argmax(axis=1)
    right = (said == truth).all(axis=1) if multi_label else said == truth
    order = np.argsort(known.keys[known.audited], kind="stable")
    found = estimate.accuracy(right)
    if found is None:
        return {}
    return {
        "accuracy": {
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "n": found.n,
            "confidence": found.confidence,
            # In audit order, at looks set beforehand that share the error: fit to stop on.
            "proven": stopping.target_reached(right[order], 0.5).low,
            **_still_needed(turn.project, right[order]),
        },
        "macro_f1": _macro_f1(truth, said, n_classes),
    }


def _still_needed(project: Project, right: NDArray[np.bool_]) -> dict[str, Any]:
    """Return how many more audits would prove the project's target, None where none would."""
    from selection import stopping

    target = project.target_accuracy
    if target is None:
        return {}
    return {"target": target, "needed": stopping.target_reached(right, target).labels_needed}


def _macro_f1(truth: NDArray[np.int64], said: NDArray[np.int64], n_classes: int) -> float:
    """Return the mean F1 over the labels that occur in the truth."""
    from sklearn.metrics import f1_score

    if truth.ndim == 2:
        present = np.flatnonzero(truth.any(axis=0))
    else:
        present = np.intersect1d(np.arange(n_classes), truth)
    return float(f1_score(truth, said, labels=present, average="macro", zero_division=0.0))
