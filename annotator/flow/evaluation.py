"""How good the model is: told by audit items alone, each judged by a model that never saw it."""

import time
from dataclasses import asdict
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Count, Sum
from numpy.typing import NDArray

from annotator import pool
from annotator.flow import changes, monitor
from annotator.flow.jobs import job
from annotator.models import Annotation, FeatureSpace, ModelVersion, Project, Round, Tally

FOLDS = 5


@job(Round, stage=Round.Stage.EVALUATE, space__state=FeatureSpace.State.DONE)
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
    from selection import estimate, models, performance, stopping

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
    answers = known.y[known.audited]
    truth = answers == 1 if multi_label else performance.as_rows(answers, n_classes)
    said = proba >= 0.5 if multi_label else performance.as_rows(proba.argmax(axis=1), n_classes)
    right = (said == truth).all(axis=1)
    found = estimate.accuracy(right)
    if found is None:
        return {}
    in_order = right[np.argsort(known.keys[known.audited], kind="stable")]
    f1 = performance.macro_f1(truth, said, seed=turn.project.seed)
    positions = known.positions[known.audited]
    measured: dict[str, Any] = {
        "macro_f1": None if f1 is None else asdict(f1),
        "classes": _each_class(version, truth, said),
        "change": changes.on_audits(turn, positions, truth, said),
        "moved": changes.in_pool(turn),
        "spent": _spent(turn.project),
        "audits": monitor.audits_mark(turn.project),
    }
    # For the export, from which anybody can count the estimate again (flow.judged).
    keys = known.keys[known.audited]
    measured["kept"] = changes.keep(turn, positions, said, truth, proba, keys)
    return {
        "accuracy": {
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "n": found.n,
            "confidence": found.confidence,
            # In audit order, at looks set beforehand that share the error: fit to stop on.
            "proven": stopping.target_reached(in_order, 0.5).low,
            **_still_needed(turn.project, in_order),
        },
        "macro_f1": None if f1 is None else f1.value,
        "measured": measured,
    }


def _each_class(
    version: ModelVersion, truth: NDArray[np.bool_], said: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """Return precision and recall of each label, by its key."""
    from selection import performance

    return [
        {"label": label, **asdict(found)}
        for label, found in zip(version.labels, performance.per_class(truth, said), strict=True)
    ]


def _spent(project: Project) -> dict[str, Any]:
    """Return what was spent by now: answers, their seconds, and answers by why they were asked."""
    sums = Tally.objects.filter(project=project).aggregate(
        answers=Sum("labels"), seconds=Sum("seconds")
    )
    sources = Annotation.objects.filter(project=project, withdrawn_at=None).values_list("source")
    return {
        "answers": sums["answers"] or 0,
        "seconds": round(sums["seconds"] or 0.0, 1),
        "sources": dict(sources.annotate(n=Count("pk"))),
    }


def _still_needed(project: Project, right: NDArray[np.bool_]) -> dict[str, Any]:
    """Return how many more audits would prove the project's target, None where none would."""
    from selection import stopping

    target = project.target_accuracy
    if target is None:
        return {}
    return {"target": target, "needed": stopping.target_reached(right, target).labels_needed}
