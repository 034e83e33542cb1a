"""Recall of the rare label against its target, in one sentence."""

import math
from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from annotator.flow.progress import recall_standing
from annotator.models import Project


def reached_words(facts: Mapping[str, Any]) -> str:
    """Return the sentence that the target recall is proven."""
    words = _(
        "Recall of “%(label)s”: at least %(low)s%% with 95%% confidence. The target is "
        "%(target)s%%."
    )
    low, goal = _percent(facts["recall"]), _percent(facts["target"])
    return words % {"low": low, "label": facts["label"], "target": goal}


def outlook(project: Project, found: Mapping[str, Any] | None) -> list[str]:
    """Return what is missing, from the newest report `found`; nothing without a target."""
    target, now = project.target_recall, recall_standing.standing(project, found)
    if target is None:
        return []
    if project.rare_label_id is None:
        return [
            _(
                "The target metric is the recall of the rare label, but no rare label is chosen in "
                "the settings."
            )
        ]
    if now is None or now["recall"] is None or now["recall"]["low"] >= target:
        return []
    words = _("Recall is at least %(low)s%% with 95%% confidence. The target is %(target)s%%.")
    return [words % {"low": _percent(now["recall"]["low"]), "target": _percent(target)}]


def _percent(share: float) -> str:
    # Rounded down, because a bound that is rounded up overstates the recall.
    value = math.floor(1000 * share + 1e-9) / 10
    return str(number_format(value, 0 if value.is_integer() else 1))
