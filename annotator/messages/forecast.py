"""Forecast of more labels, in sentences."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.flow.evaluation.forecast import KIND
from annotator.i18n import numbers
from annotator.messages import label_savings
from annotator.messages.estimate import needed_in_words
from annotator.models import Project
from annotator.projectsettings.currency import CURRENCY


def in_words(
    project: Project, estimate: Mapping[str, Any] | None, found: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return the forecast, one sentence each, from the newest reports `found`."""
    forecast, saved = found.get(KIND) or {}, found.get("worth") or {}
    expected = [
        _to_target(project, estimate, forecast),
        _gain_in_words(project, forecast),
        _plateau_in_words(forecast),
    ]
    sentences = [
        needed_in_words(project, estimate),
        *expected,
        *([_of_model(forecast, estimate)] if any(expected) else []),
        label_savings.in_words(saved),
        *([_of_other_model(saved, estimate)] if "n" in saved else []),
    ]
    return [sentence for sentence in sentences if sentence]


@dataclass(frozen=True)
class ToGo:
    """The labels to the target, and what they take; None where it is not known."""

    labels: int
    seconds: float | None
    cost: float | None


def to_go(
    project: Project, estimate: Mapping[str, Any] | None, found: Mapping[str, Mapping[str, Any]]
) -> ToGo | None:
    """Return what the target still takes; None without a forecast or beyond the target."""
    forecast = found.get(KIND) or {}
    target, needed = project.target_accuracy, forecast.get("needed")
    if not needed or needed["value"] is None or target is None or forecast["target"] != target:
        return None
    more = round(needed["value"] - forecast["labels"])
    if more <= 0 or (estimate is not None and estimate["value"] >= target):
        return None
    each = forecast.get("seconds")
    return ToGo(more, None if each is None else each * more, _price(project, forecast, more))


def _of_model(forecast: Mapping[str, Any], estimate: Mapping[str, Any] | None) -> str:
    """Name the model of a forecast, and say that it is computed again if a newer model exists."""
    if estimate is None or "model" not in forecast:
        return ""
    said = _("Forecast by model %(model)s, after %(n)s labels.") % _shown(forecast)
    if forecast["model"] >= estimate["model"]:
        return said
    again = _("A newer model has been measured. Its forecast follows in a moment.")
    return f"{said} {again}"


def _of_other_model(saved: Mapping[str, Any], estimate: Mapping[str, Any] | None) -> str:
    """Name the model behind the label savings, if it is not the newest measured one."""
    if estimate is None or "model" not in saved or saved["model"] == estimate["model"]:
        return ""
    return _("Label savings of model %(model)s, after %(n)s labels.") % _shown(saved)


def _shown(report: Mapping[str, Any]) -> dict[str, str]:
    names = {"model": "model", "n": "labels"}
    return {hole: numbers.count(report[name]) for hole, name in names.items()}


def _to_target(
    project: Project, estimate: Mapping[str, Any] | None, forecast: Mapping[str, Any]
) -> str:
    target, needed = project.target_accuracy, forecast.get("needed")
    if not needed or target is None or forecast["target"] != target:
        return ""
    shown = {"target": numbers.number(target)}
    if estimate is not None and estimate["value"] >= target:
        # The proof is described beside it; more labels would not help.
        return _("The newest model has reached the target of %(target)s%%.") % shown
    if needed["value"] is None:
        return (
            _("The learning curve suggests that this model can't reach the target of %(target)s%%.")
            % shown
        )
    more = round(needed["value"] - forecast["labels"])
    if more <= 0:
        return ""
    words = ngettext(
        "About %(n)s more label is needed to reach %(target)s%%%(ends)s.",
        "About %(n)s more labels are needed to reach %(target)s%%%(ends)s.",
        more,
    )
    ends = _ends(project, forecast, more)
    return words % {**shown, "n": more, "ends": ends}


def _ends(project: Project, forecast: Mapping[str, Any], more: int) -> str:
    """Return the interval of a forecast, and its cost, in parentheses."""
    needed, spent = forecast["needed"], forecast["labels"]
    low = max(round((needed["low"] or spent) - spent), 0)
    if needed["high"] is None:
        parts = [_("95%% CI %(low)s or more") % {"low": low}]
    else:
        high = max(round(needed["high"] - spent), low)
        parts = [_("95%% CI %(low)s–%(high)s") % {"low": low, "high": high}]
    cost = _price(project, forecast, more)
    if cost is not None:
        parts.append(_("about %(cost)s") % {"cost": numbers.money(cost, CURRENCY.value(project))})
    return f" ({'; '.join(parts)})"


def _gain_in_words(project: Project, forecast: Mapping[str, Any]) -> str:
    gain = forecast.get("gain")
    if not gain:
        return ""
    said = _(
        "100 more labels would add about %(value)s percentage points of accuracy (95%% CI %(low)s "
        "to %(high)s)"
    ) % {name: numbers.number(gain[name]) for name in ("value", "low", "high")}
    cost = _price(project, forecast, 100)
    if cost is None or gain["value"] < 0.0005:
        return f"{said}."
    each = cost / (100 * gain["value"])
    return _("%(said)s; each extra percentage point costs about %(each)s.") % {
        "said": said,
        "each": numbers.money(each, CURRENCY.value(project)),
    }


def _price(project: Project, forecast: Mapping[str, Any], labels: int) -> float | None:
    rate, seconds = project.hourly_rate, forecast.get("seconds")
    return None if rate is None or seconds is None else float(rate) * seconds * labels / 3600


def _plateau_in_words(forecast: Mapping[str, Any]) -> str:
    """Return the more informative of both hints (see the learning benchmarks in docs)."""
    if forecast.get("diminishing"):
        return _(
            "Diminishing returns: 100 more labels would probably add less than half a percentage "
            "point, and at most one. Stop if that isn't worth the cost."
        )
    if forecast.get("plateau"):
        return _(
            "The model has stabilised: its predictions hardly change, and its accuracy stays "
            "within its interval. It is too early to say whether more labels would help."
        )
    return ""
