"""The figures at the top of the dashboard: the message within five seconds."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.flow.progress import estimate, recall_standing
from annotator.messages import forecast, reliance
from annotator.messages.estimate import proven_in_words
from annotator.messages.recall import outlook as recall_outlook
from annotator.models import Project
from annotator.projectsettings.currency import CURRENCY
from annotator.views import number_format
from annotator.views.charts.data import ChartData
from annotator.views.key_figures import KeyFigure, Trend

Progress = Mapping[str, Any]


def for_leads(project: Project, progress: Progress, facts: ChartData) -> list[KeyFigure]:
    """Return accuracy, target, progress, and what is left in time and cost."""
    return [
        _accuracy(project, progress, facts),
        _target(project, progress, facts),
        labelled(progress),
        _to_go(project, progress, facts),
    ]


def of_annotator(progress: Progress, mine: Mapping[str, int]) -> list[KeyFigure]:
    """Return the progress of the project, and the annotator's own."""
    return [
        labelled(progress),
        KeyFigure("today", _("yours today (UTC)"), number_format.count(mine["today"])),
        KeyFigure("total", _("yours in total"), number_format.count(mine["total"])),
    ]


def labelled(progress: Progress) -> KeyFigure:
    """Return how many items are labelled."""
    return KeyFigure(
        "labelled",
        _("Labelled"),
        number_format.count(progress["labelled"]),
        unit=_("of %(n)s items") % {"n": number_format.count(progress["items"])},
        notes=[_annotations(progress["answers"])],
        share=(progress["labelled"], progress["items"] or 1),
    )


def _annotations(number: int) -> str:
    words = ngettext("%(n)s annotation", "%(n)s annotations", number)
    return words % {"n": number_format.count(number)}


# Accuracy ----------------------------------------------------------------------------------------


def _accuracy(project: Project, progress: Progress, facts: ChartData) -> KeyFigure:
    measured = progress["accuracy"]
    about = [
        number_format.standing(progress, estimate.FIRST_ESTIMATE),
        *number_format.audited(progress),
        reliance.in_words(progress["model"], project.task),
    ]
    about = [sentence for sentence in about if sentence]
    if measured is None:
        return _first_audits(progress, about)
    return KeyFigure(
        "accuracy",
        _("Accuracy"),
        number_format.percent(measured["value"]),
        notes=[_interval(measured), _sample(measured)],
        trend=_change(facts),
        about=about,
    )


def _first_audits(progress: Progress, about: Sequence[str]) -> KeyFigure:
    first = estimate.FIRST_ESTIMATE
    answered = min(progress["audits_answered"], first)
    return KeyFigure(
        "accuracy",
        _("Accuracy"),
        "–",
        notes=[
            _("%(n)s of %(first)s audits labelled")
            % {"n": number_format.count(answered), "first": number_format.count(first)}
        ],
        share=(answered, first),
        about=about,
    )


def _interval(measured: Mapping[str, Any]) -> str:
    return _("95%% CI %(low)s–%(high)s") % {
        "low": number_format.percent_number(measured["low"]),
        "high": number_format.percent(measured["high"]),
    }


def _sample(measured: Mapping[str, Any]) -> str:
    words = ngettext("%(n)s audit item", "%(n)s audit items", measured["n"])
    said = words % {"n": number_format.count(measured["n"])}
    if "model" not in measured:
        return said
    model = _("model %(model)s") % {"model": number_format.count(measured["model"])}
    return f"{said} · {model}"


def _change(facts: ChartData) -> Trend | None:
    """Return the newest change, which was measured on shared audits."""
    changes = [point["change"] for point in facts.curve if point["change"]]
    if not changes:
        return None
    value = changes[-1]["value"]
    words = _("%(n)s points") % {"n": number_format.points(value)}
    return Trend.of(round(value, 3), words)


# Target ------------------------------------------------------------------------------------------


def _target(project: Project, progress: Progress, facts: ChartData) -> KeyFigure:
    about = recall_outlook(project, facts.reports.get(recall_standing.KIND))
    target = project.target_value
    if not target:
        return KeyFigure("target", _("Target"), "–", notes=[_("No target set")], about=about)
    proven = (progress["accuracy"] or {}).get("proven") or 0
    is_accuracy = project.target_accuracy is not None
    notes = [str(project.get_target_metric_display())]
    if progress["target_proven"]:
        notes.append(_("proven"))
    elif is_accuracy and progress["accuracy"]:
        notes.append(proven_in_words(progress["accuracy"]) or _("not proven yet"))
    return KeyFigure(
        "target",
        _("Target"),
        number_format.percent(target),
        notes=notes,
        share=(min(round(1000 * proven), round(1000 * target)), round(1000 * target))
        if is_accuracy
        else None,
        about=about,
    )


# Time and cost -----------------------------------------------------------------------------------


def _to_go(project: Project, progress: Progress, facts: ChartData) -> KeyFigure:
    """Return the labels to the target with their time and cost, else what was spent."""
    about = forecast.in_words(project, progress["accuracy"], facts.reports)
    left = forecast.to_go(project, progress["accuracy"], facts.reports)
    if left is None:
        return _spent(progress, about, CURRENCY.value(project))
    words = ngettext("%(n)s more label", "%(n)s more labels", left.labels)
    notes = [words % {"n": number_format.count(left.labels)}]
    if left.cost is not None:
        cost = number_format.money(left.cost, CURRENCY.value(project))
        notes.append(_("about %(cost)s") % {"cost": cost})
    value = "–" if left.seconds is None else number_format.duration(left.seconds)
    return KeyFigure("to-go", _("To the target"), value, notes=notes, about=about)


def _spent(progress: Progress, about: Sequence[str], currency: str) -> KeyFigure:
    if progress["cost"] is None:
        notes = [_("Needs a target and measured rounds")]
        return KeyFigure("to-go", _("To the target"), "–", notes=notes, about=about)
    value = number_format.money(progress["cost"], currency)
    return KeyFigure("to-go", _("Cost so far"), value, about=about)
