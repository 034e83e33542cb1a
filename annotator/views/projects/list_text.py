"""Rows of the project list: sentences and progress bars."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator import tasktypes
from annotator.flow.progress import estimate, stopping
from annotator.flow.projects.overview import ProjectRow
from annotator.i18n.stored_messages import translated
from annotator.messages.stopping import pause_words, reason_words
from annotator.models import Job, Role, Round
from annotator.views import number_format

NAMED = 5
BAR, GAP, TALL = 6, 2, 20


def row_in_words(row: ProjectRow) -> dict[str, Any]:
    """Build a project's row; leads see extra columns."""
    shown = {
        "project": row.project,
        "task": str(tasktypes.of(row.project).title),
        "role": row.role.label,
        "administers": row.role in Role.at_least(Role.ADMIN),
        "leads": row.leads,
        "importing": row.importing,
        "labelled": row.finished,
        "labelled_words": number_format.count(row.finished),
        "items_words": number_format.count(row.project.population),
        "accuracy": number_format.accuracy(row.estimate) or _missing(row),
        "paused": _paused(row),
    }
    if not row.leads:
        return shown
    return {
        **shown,
        "decisions": _decisions(row),
        "week": _week(row.days),
        "bars": _bars(row.days),
        "people": _people(row.people),
        "running": _running(row),
    }


def _paused(row: ProjectRow) -> str:
    if row.pause is None:
        return ""
    # For leads, the reasons of an automatic stop are among the decisions.
    if row.leads and row.pause.cause != stopping.LEAD:
        return _("Paused: no new items are served.")
    return pause_words(row.pause)


def _decisions(row: ProjectRow) -> list[str]:
    """Return the decisions that the project's leads must take."""
    return [
        *map(reason_words, row.reasons),
        *_running_out(row),
        *map(_import_failed, row.failed_imports),
        *_round_failed(row),
        *_set_aside(row.set_aside),
    ]


def _running_out(row: ProjectRow) -> list[str]:
    if not row.is_running_out:
        return []
    budget = row.project.budget or 0
    words = ngettext(
        "%(n)d of %(budget)d labels in the budget is left.",
        "%(n)d of %(budget)d labels in the budget are left.",
        budget - row.answers,
    )
    return [words % {"n": budget - row.answers, "budget": budget}]


def _import_failed(each: Mapping[str, Any]) -> str:
    words = _("Import of %(name)s failed: %(error)s")
    return words % {"name": each["name"], "error": translated(each["error"])}


def _round_failed(row: ProjectRow) -> list[str]:
    if row.round is None or not row.has_failed_round:
        return []
    words = _("Round %(n)d failed: %(error)s Labelling continues; the round will be retried.")
    return [words % {"n": row.round["number"], "error": translated(row.round["error"])}]


def _set_aside(number: int) -> list[str]:
    words = ngettext(
        "%(n)d item was skipped by every annotator and is parked.",
        "%(n)d items were skipped by every annotator and are parked.",
        number,
    )
    return [words % {"n": number}] if number else []


def _missing(row: ProjectRow) -> str:
    if not row.leads or not row.project.population:
        return _("No accuracy estimate yet")
    missing = estimate.FIRST_ESTIMATE - row.counted.get("audits_answered", 0)
    if missing <= 0:
        return number_format.no_estimate(row.counted["audited"])
    said = ngettext(
        "First accuracy estimate after %(n)s more audit item",
        "First accuracy estimate after %(n)s more audit items",
        missing,
    )
    return said % {"n": number_format.count(missing)}


def _week(days: list[int]) -> str:
    total = sum(days)
    said = ngettext("%(n)s label in 7 days (UTC)", "%(n)s labels in 7 days (UTC)", total)
    return said % {"n": number_format.count(total)}


def _bars(days: list[int]) -> list[dict[str, int]]:
    """Return a bar per day; a day without labels has a minimal bar, so that days can be counted."""
    most = max(days, default=0) or 1
    heights = [max(round(TALL * number / most), 1) for number in days]
    return [
        {"x": place * (BAR + GAP), "y": TALL - height, "height": height, "width": BAR}
        for place, height in enumerate(heights)
    ]


def _people(names: list[str]) -> str:
    if not names:
        return _("No annotators active today or yesterday (UTC)")
    shown = ", ".join(names[:NAMED])
    if len(names) > NAMED:
        shown = _("%(names)s and %(n)d more") % {"names": shown, "n": len(names) - NAMED}
    said = ngettext("%(n)d active: %(names)s", "%(n)d active: %(names)s", len(names))
    return said % {"n": len(names), "names": shown}


def _running(row: ProjectRow) -> str:
    if row.importing:
        return _("Import running")
    round_ = row.round
    if round_ is None:
        return _("No round yet")
    if round_["state"] == Job.State.RUNNING:
        stage = Round.Stage(round_["stage"]).label
        return _("Round %(n)d: %(stage)s.") % {"n": round_["number"], "stage": stage}
    state = Job.State(round_["state"]).label
    since = (timezone.now() - (round_["finished_at"] or round_["created_at"])).total_seconds()
    shown = {"n": round_["number"], "state": state, "ago": number_format.ago(max(since, 0.0))}
    return _("Round %(n)d: %(state)s, %(ago)s") % shown
