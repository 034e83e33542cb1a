"""What asking well was worth: how many random labels the model of today would have taken.

Reckoned by a worker from the audits alone, which are random; told in words only where the interval
leaves no doubt, as a few audits say little of it (learning-benchmarks.md in docs).
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.models import Project, Round
from annotator.pool import feature_store, model_files, training_set
from annotator.storage import arrays


def report(project: Project) -> dict[str, Any] | None:
    """Return the labels saved with their interval, and the curve of random labels."""
    from selection.evaluation import label_savings

    turn = project.rounds.filter(state=Round.State.DONE, model__isnull=False).first()
    if turn is None or turn.model is None:
        return None
    kept = arrays.find_npz(model_files.audits_path(project.pk, turn.number))
    if kept is None:
        return None
    known = training_set.labelled(project, turn.space, turn.model.labels)
    positions, there, audits = np.intersect1d(
        kept["positions"], known.positions, return_indices=True
    )
    missing = label_savings.audits_missing(len(positions))
    of = {"model": turn.model.number, "labels": turn.model.trained_on}
    if missing:
        return {"missing": missing, **of}
    truth = known.y if known.y.ndim == 2 else known.y[:, None] == np.arange(len(turn.model.labels))
    right = (kept["said"][there] == (truth[audits] == 1)).all(axis=1)
    curve = label_savings.random_baseline_curve(
        feature_store.gather(turn.space, known.positions),
        known.y,
        audits,
        len(turn.model.labels),
        seed=project.seed,
        multi_label=project.multi_label,
    )
    found = (
        None
        if curve is None
        else label_savings.estimate_savings(curve, right, turn.model.trained_on, seed=project.seed)
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
    """Return what random labels would have reached; None where that is not known yet.

    `measured` are models of audits alone, `curve` is what they let expect beyond.
    """
    names = ("model", "labels", "curve", "measured")
    return {name: found.get(name) for name in names} if found.get("curve") else None


def in_words(found: Mapping[str, Any]) -> str:
    """Return what is known of it in one sentence; empty where nothing was reckoned yet."""
    if not found:
        return ""
    if found.get("missing"):
        n = found["missing"]
        return ngettext(
            "%(n)d more audit item needed to tell whether active learning saves labels.",
            "%(n)d more audit items needed to tell whether active learning saves labels.",
            n,
        ) % {"n": n}
    if found["verdict"] == "helps":
        return _helps(found)
    if found["verdict"] == "does_not_help":
        return _(
            "Active learning isn't saving labels here: random sampling would have reached the "
            "same accuracy. Switch the strategy to “random”."
        )
    fewer = max(round(-found["low"]), 0) if found["low"] is not None else 0
    if found["high"] is None:
        words = _(
            "Too early to say whether active learning saves labels: with %(audits)d audit items, "
            "the estimate ranges from %(fewer)d labels lost to many saved."
        )
    else:
        words = _(
            "Too early to say whether active learning saves labels: with %(audits)d audit items, "
            "the estimate ranges from %(fewer)d labels lost to %(more)d saved."
        )
    more = max(round(found["high"] or 0), 0)
    return words % {"audits": found["audits"], "fewer": fewer, "more": more}


def _helps(found: Mapping[str, Any]) -> str:
    low = round(found["low"])
    if found["high"] is None or found["value"] is None:
        return _("Active learning has saved at least %(low)d labels (95%% confidence).") % {
            "low": low
        }
    return _("Active learning has saved about %(n)d labels (95%% CI %(low)d–%(high)d).") % {
        "n": round(found["value"]),
        "low": low,
        "high": round(found["high"]),
    }
