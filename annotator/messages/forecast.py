"""What more labels would bring, a sentence each."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.flow.evaluation.forecast import KIND
from annotator.i18n import numbers
from annotator.messages import label_savings
from annotator.messages.estimate import needed_in_words
from annotator.models import Project


def in_words(
    project: Project, estimate: Mapping[str, Any] | None, found: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return what may be expected, a sentence each, by the newest reports `found`."""
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


def _of_model(forecast: Mapping[str, Any], estimate: Mapping[str, Any] | None) -> str:
    """Return which model a forecast is of, and that it is made again where there is a newer one."""
    if estimate is None or "model" not in forecast:
        return ""
    said = _("The forecast is of model %(model)s, after %(n)s labels.") % _shown(forecast)
    if forecast["model"] >= estimate["model"]:
        return said
    again = _("A newer model is measured; the forecast for it follows in a moment.")
    return f"{said} {again}"


def _of_other_model(saved: Mapping[str, Any], estimate: Mapping[str, Any] | None) -> str:
    """Return which model the labels saved are told of, where it is not the newest measured one."""
    if estimate is None or "model" not in saved or saved["model"] == estimate["model"]:
        return ""
    return _("What was saved is told of model %(model)s, after %(n)s labels.") % _shown(saved)


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
        # Whether it is proven is told beside it; more labels are not what it takes.
        return _("The newest model is measured at the target of %(target)s %% or above.") % shown
    if needed["value"] is None:
        return (
            _("By the curve so far, the target of %(target)s %% is out of sight for this model.")
            % shown
        )
    more = round(needed["value"] - forecast["labels"])
    if more <= 0:
        return ""
    words = ngettext(
        "By the curve so far, about %(n)s more label would reach the %(target)s %%%(ends)s.",
        "By the curve so far, about %(n)s more labels would reach the %(target)s %%%(ends)s.",
        more,
    )
    ends = _ends(project, forecast, more)
    return words % {**shown, "n": more, "ends": ends}


def _ends(project: Project, forecast: Mapping[str, Any], more: int) -> str:
    """Return the interval of a forecast, and what it would cost, as an aside."""
    needed, spent = forecast["needed"], forecast["labels"]
    low = max(round((needed["low"] or spent) - spent), 0)
    if needed["high"] is None:
        parts = [_("%(low)s or more, 95 %%") % {"low": low}]
    else:
        high = max(round(needed["high"] - spent), low)
        parts = [_("%(low)s to %(high)s, 95 %%") % {"low": low, "high": high}]
    cost = _price(project, forecast, more)
    if cost is not None:
        parts.append(_("about %(cost)s of work") % {"cost": f"{cost:.2f}"})
    return f" ({'; '.join(parts)})"


def _gain_in_words(project: Project, forecast: Mapping[str, Any]) -> str:
    gain = forecast.get("gain")
    if not gain:
        return ""
    said = _(
        "100 more labels would add about %(value)s points of accuracy (%(low)s to %(high)s, 95 %%)"
    ) % {name: numbers.number(gain[name]) for name in ("value", "low", "high")}
    cost = _price(project, forecast, 100)
    if cost is None or gain["value"] < 0.0005:
        return f"{said}."
    each = cost / (100 * gain["value"])
    return _("%(said)s, so a point costs about %(each)s.") % {"said": said, "each": f"{each:.2f}"}


def _price(project: Project, forecast: Mapping[str, Any], labels: int) -> float | None:
    rate, seconds = project.hourly_rate, forecast.get("seconds")
    return None if rate is None or seconds is None else float(rate) * seconds * labels / 3600


def _plateau_in_words(forecast: Mapping[str, Any]) -> str:
    """Return the one of both hints that says more; what each is worth is measured (docs)."""
    if forecast.get("diminishing"):
        return _(
            "The returns diminish: by the last doubling of the labels, 100 more would likely add "
            "less than half a point, and at most one. Stop if that is not worth them."
        )
    if forecast.get("plateau"):
        return _(
            "The model stopped changing: its predictions hardly move, and its accuracy stays "
            "within its interval. Whether more labels would help is not known yet."
        )
    return ""
