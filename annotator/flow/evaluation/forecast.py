"""Forecast: the gain of more labels, fitted by a worker to the learning curve.

It is only a hint, because it assumes that the curve continues as before; guarantees are in
`progress.stopping`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from annotator.flow.progress import model_history
from annotator.models import Project

KIND = "forecast"
WINDOW = 3
CONFIDENCE = 0.95


# In a worker --------------------------------------------------------------------------------------


def report(project: Project) -> dict[str, Any] | None:
    """Forecast the gain of 100 more labels, the labels to the target, and the cost of one."""
    from selection.evaluation import learning_curve

    points = model_history.told(project)
    if not points:
        return None
    labels, values = [p["labels"] for p in points], [p["value"] for p in points]
    gain, target = learning_curve.expected_gain(labels, values), project.target_accuracy
    needed = None if target is None else learning_curve.labels_needed(labels, values, target)
    return {
        "model": points[-1]["model"],
        "labels": labels[-1],
        "gain": None if gain is None else asdict(gain),
        "target": target,
        "needed": None if needed is None else asdict(needed),
        "plateau": _is_plateau(points),
        "diminishing": _is_diminishing(points),
        "seconds": _seconds_a_label(points[-1]["spent"]),
    }


def _is_plateau(points: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether predictions stopped changing and accuracy stopped rising, if measured."""
    from selection.evaluation.stopping import STABLE

    newest, recent = points[-1], points[-(WINDOW + 1) :]
    kappas = (newest["moved"] or {}).get("kappas", [])
    if len(recent) <= WINDOW or len(kappas) < WINDOW:
        return False
    level = all(newest["low"] <= point["value"] <= newest["high"] for point in recent)
    return level and float(np.mean(kappas[-WINDOW:])) >= STABLE


def _is_diminishing(points: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the last doubling of labels gained almost nothing."""
    from selection.core.intervals import Estimate
    from selection.evaluation import stopping

    # The newest point per number of labels; points measured before a withdrawal are left out.
    rising: list[Mapping[str, Any]] = []
    for point in reversed(points):
        if not rising or point["labels"] < rising[-1]["labels"]:
            rising.append(point)
    rising.reverse()
    accuracies = [
        Estimate(point["value"], point["low"], point["high"], point["n"], CONFIDENCE)
        for point in rising
    ]
    return stopping.diminishing([point["labels"] for point in rising], accuracies)


def _seconds_a_label(spent: Mapping[str, Any] | None) -> float | None:
    return spent["seconds"] / spent["answers"] if spent and spent["answers"] else None
