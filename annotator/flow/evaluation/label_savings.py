"""Label savings: how many random labels the current model's accuracy would have cost.

Computed by a worker from the audits alone, which are random. Worded only where the interval is
conclusive, because a few audits say little (learning-benchmarks.md in docs).
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from annotator.models import Project, Round
from annotator.pool import feature_store, label_texts, model_files, training_set
from annotator.storage import arrays


def build_label_savings(project: Project) -> dict[str, Any] | None:
    """Return the labels saved with their interval, and the random baseline curve."""
    from selection.evaluation import label_savings

    round_ = project.rounds.filter(state=Round.State.DONE, model__isnull=False).first()
    if round_ is None or round_.model is None:
        return None
    kept = arrays.find_npz(model_files.audits_path(project.pk, round_.number))
    if kept is None:
        return None
    known = training_set.load_training_set(project, round_.space, round_.model.labels)
    positions, there, audits = np.intersect1d(
        kept["positions"], known.positions, return_indices=True
    )
    missing = label_savings.audits_missing(len(positions))
    of = {"model": round_.model.number, "labels": round_.model.trained_on}
    if missing:
        return {"missing": missing, **of}
    truth = known.label_space.indicator(known.y[audits])
    right = (kept["said"][there] == truth).all(axis=1)
    curve = label_savings.random_baseline_curve(
        feature_store.gather(round_.space, known.positions),
        known.y,
        audits,
        known.label_space,
        seed=project.seed,
        texts=label_texts.of_model(round_.model),
    )
    found = (
        None
        if curve is None
        else label_savings.estimate_savings(
            curve, right, round_.model.trained_on, seed=project.seed
        )
    )
    if curve is None or found is None:
        return None
    return {
        **of,
        **{name: value for name, value in asdict(found).items() if name != "curve"},
        "curve": [asdict(mark) for mark in found.curve],
        "measured": [
            {"labels": int(size), "value": float(value)}
            for size, value in zip(curve.sizes, curve.accuracy, strict=True)
        ],
    }


def baseline(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the accuracy of random labels; None if not known yet.

    `measured` are models trained on audits alone, `curve` is the extrapolation from them.
    """
    names = ("model", "labels", "curve", "measured")
    return {name: found.get(name) for name in names} if found.get("curve") else None
