"""The accuracy estimate in one sentence, and what would prove the target."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.i18n.numbers import NARROW, bound, count, number, percent
from annotator.models import Project


def in_words(estimate: Mapping[str, Any] | None) -> str:
    """Return an estimate with its interval, its model and what is proven; empty without one."""
    if not estimate:
        return ""
    said = ngettext(
        "%(value)s right, %(low)s to %(high)s, from %(n)s audit item",
        "%(value)s right, %(low)s to %(high)s, from %(n)s audit items",
        estimate["n"],
    ) % {
        "value": percent(estimate["value"]),
        "low": percent(estimate["low"]),
        "high": percent(estimate["high"]),
        "n": count(estimate["n"]),
    }
    proven = proven_in_words(estimate)
    return "; ".join(part for part in (f"{said}{_of_model(estimate)}", proven) if part)


def _of_model(estimate: Mapping[str, Any]) -> str:
    """Return what the model learnt from: others may have been given since."""
    if "model" not in estimate:
        return ""
    words = ngettext(
        "after %(n)s label (model %(model)s)",
        "after %(n)s labels (model %(model)s)",
        estimate["labels"],
    )
    return f" {words % {'n': count(estimate['labels']), 'model': count(estimate['model'])}}"


def proven_in_words(estimate: Mapping[str, Any]) -> str:
    """Return what is proven so far; empty where the first look is still to come."""
    if not estimate.get("proven"):
        return ""
    return _("proven so far: %(low)s") % {"low": f"{bound(estimate['proven'])}{NARROW}%"}


def why_two(estimate: Mapping[str, Any] | None) -> str:
    """Return why the interval and the proof differ; empty where nothing is proven yet."""
    if not estimate or not estimate.get("proven"):
        return ""
    said = _(
        "The interval holds for one look, the proof for all looks together: so the two differ, and "
        "the proof moves only after 25, 50, 100, 200, … audits."
    )
    if not estimate.get("proven_at"):
        return said
    last = ngettext(
        "Its last look was after %(n)s audit.",
        "Its last look was after %(n)s audits.",
        estimate["proven_at"],
    )
    return f"{said} {last % {'n': count(estimate['proven_at'])}}"


def needed_in_words(project: Project, estimate: Mapping[str, Any] | None) -> str:
    """Return how many more audits would prove the target; empty where nothing is known.

    It comes with a measurement, so it says nothing of a target that was set since.
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
            "If as many stay right, only an audit of all %(items)s items would prove the target of "
            "%(target)s %%."
        )
        return words % {"items": count(items), **goal}
    words = ngettext(
        "If as many stay right, about %(n)d more audit would prove the target of %(target)s %%.",
        "If as many stay right, about %(n)d more audits would prove the target of %(target)s %%.",
        needed,
    )
    return words % {"n": needed, **goal}


def _too_few(estimate: Mapping[str, Any]) -> str:
    """Return that fewer audits are drawn than are needed; empty where enough are."""
    left = estimate.get("audits_left")
    if left is None or estimate["needed"] <= left:
        return ""
    words = ngettext(
        "At the present audit share, %(n)s more is drawn: raise the share to get there.",
        "At the present audit share, only %(n)s more are drawn: raise the share to get there.",
        left,
    )
    return words % {"n": count(left)}


def _never(estimate: Mapping[str, Any], items: int | None, goal: Mapping[str, str]) -> str:
    if items is None:
        words = _(
            "Not more than the target of %(target)s %% are right so far, so more audits alone "
            "would not prove it: the model has to get better."
        )
        return words % goal
    words = _(
        "%(value)s %% are right so far, less than the target of %(target)s %%: even all %(items)s "
        "items would not prove it, so the model has to get better."
    )
    return words % {"value": number(estimate["value"]), "items": count(items), **goal}
