"""The accuracy of a model, told everywhere from one source and in one sentence.

An estimate names its model and the labels that model learnt from, also where the newest model is
another one that is not measured yet.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Max
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.models import ModelVersion, Project

FIRST_ESTIMATE = 20
NARROW = "\u202f"
FIELDS = ("number", "trained_on", "accuracy")

Estimate = dict[str, Any]


def newest(project: Project, **when: Any) -> Estimate | None:
    """Return the newest estimate that rests on enough audits, of models made `when`."""
    measured = project.models.filter(accuracy__isnull=False, **when)
    found = measured.values_list(*FIELDS).first()
    return None if found is None else told(*found)


def of_all(projects: Iterable[int]) -> dict[int, Estimate]:
    """Return the same for each of many projects that has one."""
    measured = ModelVersion.objects.filter(project__in=projects, accuracy__isnull=False)
    last = measured.order_by().values("project").annotate(newest=Max("pk")).values("newest")
    rows = ModelVersion.objects.filter(pk__in=last).values_list("project", *FIELDS)
    found = {project: told(*row) for project, *row in rows}
    return {project: estimate for project, estimate in found.items() if estimate}


def told(number: int, trained_on: int, accuracy: Mapping[str, Any] | None) -> Estimate | None:
    """Return an estimate with the model that it is of; None where it rests on too few audits."""
    if not accuracy or accuracy["n"] < FIRST_ESTIMATE:
        return None
    return {**accuracy, "model": number, "labels": trained_on}


# In words ----------------------------------------------------------------------------------------


def in_words(estimate: Mapping[str, Any] | None) -> str:
    """Return an estimate with its interval, its model and what is proven; empty without one."""
    if not estimate:
        return ""
    said = ngettext(
        "Accuracy %(value)s (95%% CI %(low)s–%(high)s) on %(n)s audit item",
        "Accuracy %(value)s (95%% CI %(low)s–%(high)s) on %(n)s audit items",
        estimate["n"],
    ) % {
        "value": percent(estimate["value"]),
        # A range has one sign, at its end.
        "low": percent_number(estimate["low"]),
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
    return _("guaranteed: at least %(low)s") % {"low": with_percent_sign(bound(estimate["proven"]))}


def why_two(estimate: Mapping[str, Any] | None) -> str:
    """Return why the interval and the proof differ; empty where nothing is proven yet."""
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
    """Return that fewer audits are drawn than are needed; empty where enough are."""
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


# Numbers -----------------------------------------------------------------------------------------


def percent(share: float) -> str:
    """Return 0.934 as “93%”; next to the ends with a decimal, as 100% would claim too much."""
    return with_percent_sign(percent_number(share))


def with_percent_sign(number: str) -> str:
    """Return a formatted number with the percent sign as the reader's language writes it."""
    return _("%(number)s%%") % {"number": number}


def percent_number(share: float) -> str:
    """Return a share as `percent` does, without the sign: the lower end of a range."""
    value = 100 * share
    digits = 1 if 99 < value < 100 or 0 < value < 1 else 0
    if digits:
        value = min(max(value, 0.1), 99.9)
    return _rounded(value, digits)


def number(share: float) -> str:
    """Return a share as a number of hundredths, with a decimal where it needs one."""
    value = round(100 * share, 1)
    return _rounded(value, 0 if value.is_integer() else 1)


def bound(share: float) -> str:
    """Return a lower bound as `number` does, but cut off, as rounding up would claim too much."""
    return number(math.floor(1000 * share + 1e-9) / 1000)


def count(number: int) -> str:
    """Return a whole number with the thousands separator of the reader's language."""
    return str(number_format(number, use_l10n=True, force_grouping=True))


def _rounded(value: float, digits: int) -> str:
    # Left to itself, `number_format` cuts digits off.
    return str(number_format(round(value, digits), digits))


def newest_with_mark(project: Project) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the newest estimate that may be told, and where its audits were counted up to."""
    newest = project.models.filter(accuracy__isnull=False)
    row = newest.values_list(*FIELDS, "measured__audits").first()
    return (None, None) if row is None else (told(*row[:3]), row[3])
