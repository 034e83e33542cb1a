"""The accuracy estimate in one sentence, and what would prove the target."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.i18n.numbers import (
    bound,
    count,
    number,
    percent,
    percent_number,
    with_percent_sign,
)
from annotator.models import Project


def in_words(estimate: Mapping[str, Any] | None) -> str:
    """Return an estimate with its interval, model and guarantee; empty without one."""
    if not estimate:
        return ""
    said = _measured(estimate) % {
        "value": percent(estimate["value"]),
        # A range has one percent sign, at its end.
        "low": percent_number(estimate["low"]),
        "high": percent(estimate["high"]),
        "n": count(estimate["n"]),
    }
    proven = proven_in_words(estimate)
    return "; ".join(part for part in (f"{said}{_of_model(estimate)}", proven) if part)


def _measured(estimate: Mapping[str, Any]) -> str:
    if estimate.get("metric") == "span_f1":
        return ngettext(
            "Span F1 %(value)s (95%% CI %(low)s–%(high)s) on %(n)s audit item",
            "Span F1 %(value)s (95%% CI %(low)s–%(high)s) on %(n)s audit items",
            estimate["n"],
        )
    return ngettext(
        "Accuracy %(value)s (95%% CI %(low)s–%(high)s) on %(n)s audit item",
        "Accuracy %(value)s (95%% CI %(low)s–%(high)s) on %(n)s audit items",
        estimate["n"],
    )


def _of_model(estimate: Mapping[str, Any]) -> str:
    """Name the model and its number of labels; more labels may exist since."""
    if "model" not in estimate:
        return ""
    words = ngettext(
        "after %(n)s label (model %(model)s)",
        "after %(n)s labels (model %(model)s)",
        estimate["labels"],
    )
    return f" {words % {'n': count(estimate['labels']), 'model': count(estimate['model'])}}"


def proven_in_words(estimate: Mapping[str, Any]) -> str:
    """Describe the guaranteed accuracy; empty before the first one."""
    if not estimate.get("proven"):
        return ""
    return _("guaranteed: at least %(low)s") % {"low": with_percent_sign(bound(estimate["proven"]))}


def why_two(estimate: Mapping[str, Any] | None) -> str:
    """Explain the difference between interval and guarantee; empty without a guarantee."""
    if not estimate or not estimate.get("proven"):
        return ""
    said = _(
        "The interval holds for a single measurement, the guarantee for all measurements "
        "together. The guarantee is updated only after 25, 50, 100, 200, … audit items."
    )
    if not estimate.get("proven_at"):
        return said
    last = ngettext(
        "It was last updated after %(n)s audit item.",
        "It was last updated after %(n)s audit items.",
        estimate["proven_at"],
    )
    return f"{said} {last % {'n': count(estimate['proven_at'])}}"


def needed_in_words(project: Project, estimate: Mapping[str, Any] | None) -> str:
    """Return how many more audits would prove the target; empty if nothing is known.

    The number is computed with a measurement, so it ignores a target set since.
    """
    target = project.target_accuracy
    if not estimate or target is None or estimate.get("target") != target:
        return ""
    needed, items = estimate["needed"], estimate.get("population")
    goal = {"target": number(target)}
    if needed == 0:
        return ""
    if needed is None:
        return _never(estimate, items, goal)
    return " ".join(part for part in (_would_prove(estimate, goal), _too_few(estimate)) if part)


def _would_prove(estimate: Mapping[str, Any], goal: Mapping[str, str]) -> str:
    needed, items = estimate["needed"], estimate.get("population")
    if items is not None and needed >= items - estimate["n"]:
        words = _(
            "At the current accuracy, only auditing all %(items)s items would prove the target of "
            "%(target)s%%."
        )
        return words % {"items": count(items), **goal}
    words = ngettext(
        "At the current accuracy, about %(n)d more audit item would prove the target of "
        "%(target)s%%.",
        "At the current accuracy, about %(n)d more audit items would prove the target of "
        "%(target)s%%.",
        needed,
    )
    return words % {"n": needed, **goal}


def _too_few(estimate: Mapping[str, Any]) -> str:
    """Return that fewer audits are drawn than needed; empty if enough are."""
    left = estimate.get("audits_left")
    if left is None or estimate["needed"] <= left:
        return ""
    words = ngettext(
        "The current audit sample adds only %(n)s more. Increase its share to reach the target.",
        "The current audit sample adds only %(n)s more. Increase its share to reach the target.",
        left,
    )
    return words % {"n": count(left)}


def _never(estimate: Mapping[str, Any], items: int | None, goal: Mapping[str, str]) -> str:
    if items is None:
        words = _(
            "The accuracy is not above the target of %(target)s%% yet. More audit items alone "
            "can't prove it; the model must improve first."
        )
        return words % goal
    words = _(
        "The accuracy of %(value)s%% is below the target of %(target)s%%. Even auditing all "
        "%(items)s items would not prove it; the model must improve first."
    )
    return words % {"value": number(estimate["value"]), "items": count(items), **goal}
