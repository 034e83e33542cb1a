"""Why an item was picked, as a plain sentence for the person who labels it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from selection.arrays import FloatArray

_WITHOUT_MODEL = {
    "random": "Drawn at random.",
    "cluster-seed": "A typical example of a group of similar items.",
    "spread": "Unlike anything labelled so far.",
}
_BEGINNINGS = {
    "cover-margin": "Unlike what is labelled so far.",
    "margin-apart": "Doubtful in its own way.",
    "badge": "Would pull the model in its own direction.",
    "cluster-margin": "The most doubtful of a group of similar items.",
    "committee": "Models trained on different labels disagree here.",
    "model-change": "Its label would change the model a lot.",
    "balanced": "From a class with few labels.",
    "near-found": "Similar to one that was found.",
    "drawn": "Drawn at random, doubtful items more often.",
}
SURE = 0.8  # from here on the model no longer "hesitates"


def explain(
    reason: str,
    score: float,
    proba_row: ArrayLike | None,
    class_names: Sequence[str],
    *,
    rare_class: int | None = None,
    multi_label: bool = False,
) -> str:
    """Return one or two sentences for a machine `reason`; probabilities (C,) where there are any.

    `score` is told for reasons that have no sentence of their own.

    >>> explain("margin", -0.03, [0.48, 0.45, 0.07], ["spam", "ham", "other"])
    'The model hesitates between spam (48 %) and ham (45 %).'
    """
    if reason in _WITHOUT_MODEL:
        return _WITHOUT_MODEL[reason]
    if proba_row is None:
        return _BEGINNINGS.get(reason, f"Picked by {reason} (score {score:.2f}).")
    proba = np.asarray(proba_row, dtype=np.float64)
    if reason == "rare":
        wanted = int(proba.argmax()) if rare_class is None else rare_class
        return f"Looks like {_share(wanted, proba, class_names)}."
    doubt = _doubt_many(proba, class_names) if multi_label else _doubt(proba, class_names)
    return f"{_BEGINNINGS[reason]} {doubt}" if reason in _BEGINNINGS else doubt


def _doubt(proba: FloatArray, names: Sequence[str]) -> str:
    order = np.argsort(-proba, kind="stable")
    first = int(order[0])
    if len(order) < 2 or proba[first] >= SURE:
        return f"The model expects {_share(first, proba, names)}."
    second = int(order[1])
    return (
        f"The model hesitates between {_share(first, proba, names)} "
        f"and {_share(second, proba, names)}."
    )


def _doubt_many(proba: FloatArray, names: Sequence[str]) -> str:
    unsure = int(np.abs(2 * proba - 1).argmin())
    return f"The model is unsure about {_share(unsure, proba, names)}."


def _share(c: int, proba: FloatArray, names: Sequence[str]) -> str:
    return f"{names[c]} ({100 * proba[c]:.0f} %)"
