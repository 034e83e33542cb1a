"""Explanations: the reason of a pick as a sentence for the annotator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import FloatArray
from selection.core.translation import gettext_noop
from selection.models import LabelSpace
from selection.models.label_space import Ambiguity

_WITHOUT_MODEL = {
    "random": gettext_noop("Drawn at random."),
    "cluster-seed": gettext_noop("Typical of a cluster of similar items."),
    "spread": gettext_noop("Unlike any labelled item."),
}
_BEGINNINGS = {
    "cover-margin": gettext_noop("Unlike the labelled items."),
    "typical-margin": gettext_noop("Uncertain, and typical of similar uncertain items."),
    "uncertain-cluster": gettext_noop("Typical of a cluster of uncertain items without a label."),
    "margin-apart": gettext_noop("Uncertain, and unlike the other selected items."),
    "badge": gettext_noop("Uncertain, with a gradient unlike the other selected items."),
    "cluster-margin": gettext_noop("The most uncertain of a cluster of similar items."),
    "committee": gettext_noop("A committee of models disagrees on this item."),
    "model-change": gettext_noop("Large expected model change."),
    "balanced": gettext_noop("From a class with few labels."),
    "near-found": gettext_noop("Similar to an item with the rare label."),
    "drawn": gettext_noop("Drawn at random, uncertain items more often."),
}
_PICKED = gettext_noop("Selected by %(reason)s (score %(score)s).")
_LOOKS = gettext_noop("Looks like %(label)s (%(share)s %%).")
_EXPECTS = gettext_noop("The model expects %(label)s (%(share)s %%).")
_HESITATES = gettext_noop(
    "The model hesitates between %(label)s (%(share)s %%) and %(other)s (%(other_share)s %%)."
)
_UNSURE = gettext_noop("The model is unsure about %(label)s (%(share)s %%).")
_DOUBTS = {"expects": _EXPECTS, "hesitates": _HESITATES, "unsure": _UNSURE}


def explain(
    reason: str,
    score: float,
    proba_row: ArrayLike | None,
    class_names: Sequence[str],
    space: LabelSpace,
    *,
    rare_class: int | None = None,
) -> str:
    """Return one or two sentences for a machine `reason`; probabilities (C,) where there are any.

    `score` is told for reasons that have no sentence of their own.

    >>> from selection.models import SingleLabel
    >>> explain("margin", -0.03, [0.48, 0.45, 0.07], ["spam", "ham", "other"], SingleLabel(3))
    'The model hesitates between spam (48 %) and ham (45 %).'
    """
    if reason in _WITHOUT_MODEL:
        return _WITHOUT_MODEL[reason]
    if proba_row is None:
        return _BEGINNINGS.get(reason, _PICKED % {"reason": reason, "score": f"{score:.2f}"})
    proba = np.asarray(proba_row, dtype=np.float64)
    if reason == "rare":
        wanted = int(proba.argmax()) if rare_class is None else rare_class
        return _LOOKS % _share(wanted, proba, class_names)
    doubt = _doubt(space.ambiguity(proba), proba, class_names)
    return f"{_BEGINNINGS[reason]} {doubt}" if reason in _BEGINNINGS else doubt


def _doubt(found: Ambiguity, proba: FloatArray, names: Sequence[str]) -> str:
    first, *rivals = (_share(c, proba, names) for c in found.classes)
    other = rivals[0] if rivals else {"label": "", "share": ""}
    words = {**first, "other": other["label"], "other_share": other["share"]}
    return _DOUBTS[found.kind] % words


def _share(c: int, proba: FloatArray, names: Sequence[str]) -> dict[str, str]:
    return {"label": names[c], "share": f"{100 * proba[c]:.0f}"}
