"""Pause and resume a project, and the words for a budget that is spent.

A paused project hands out nothing by any path; `leasing` asks once for all of them. Saving goes on:
what is on a screen, what waits in a browser, corrections. So do a lead's own acts, which hand
nothing out: seeds that they find, decisions on disagreements, imports, settings. Rounds go on, too:
they learn from what is saved and refill a queue from which nobody is served until the resume.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from annotator.db import clock
from annotator.errors import Invalid
from annotator.flow.progress import estimate, recall_standing
from annotator.flow.queue import skipped_items
from annotator.models import Item, Project, QueueEntry, Tally, User

LONGEST_REASON = 500
UNLIMITED = 2**31
LEAD, TARGET, BUDGET, DONE = "lead", "target", "budget", "done"


@dataclass(frozen=True)
class Pause:
    """Why nothing is handed out: `cause` is lead, target, budget or done.

    `reason` is what the lead typed, or what the project's own stop says; `by` and `at` are known
    where a lead paused it. `words` say all of it to people.
    """

    cause: str
    reason: str
    words: str
    by: str | None = None
    at: datetime | None = None

    def told(self) -> dict[str, Any]:
        """Return the pause as the API tells it."""
        names = ("cause", "reason", "by", "at", "words")
        return {name: getattr(self, name) for name in names}


# By a lead ---------------------------------------------------------------------------------------


def pause(project: Project, user: User, reason: str = "") -> None:
    """Hand out nothing from now on; once more, it changes who paused it and why."""
    said = reason.strip()
    if "\x00" in said:
        raise Invalid("nul_byte", _("A reason can't contain a NUL byte."), field="reason")
    if len(said) > LONGEST_REASON:
        words = _("A reason can have at most %(most)d characters.") % {"most": LONGEST_REASON}
        raise Invalid("too_long", words, field="reason")
    _store(project, paused_at=clock.now(), paused_by=user, paused_reason=said)


def resume(project: Project) -> None:
    """Hand out items again; a project that stopped by itself stays stopped."""
    _store(project, paused_at=None, paused_by=None, paused_reason="")


def _store(project: Project, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(project, name, value)
    project.save(update_fields=list(fields))


def by_lead(project: Project) -> Pause | None:
    """Return the pause that a lead made; None where none did."""
    if project.paused_at is None:
        return None
    by = project.paused_by.username if project.paused_by else None
    words = _by_lead_in_words(by, project.paused_at, project.paused_reason)
    return Pause(LEAD, project.paused_reason, words, by, project.paused_at)


def _by_lead_in_words(by: str | None, at: datetime, reason: str) -> str:
    shown = date_format(at, pgettext("date and time", "j M Y, H:i"))
    if by is None:
        said = _("Paused since %(at)s UTC.") % {"at": shown}
    else:
        said = _("Paused by %(by)s since %(at)s UTC.") % {"by": by, "at": shown}
    if not reason:
        return said
    why = _("Reason: “%(reason)s”.") % {"reason": reason.rstrip(" .")}
    return f"{said} {why}"


# By itself ---------------------------------------------------------------------------------------


def by_itself(reasons: Sequence[tuple[str, str]]) -> Pause:
    """Return the pause of a project that stopped: for each reason its cause and its words."""
    reason = " ".join(words for _cause, words in reasons)
    words = _("%(reasons)s The project is paused; its lead can resume it.") % {"reasons": reason}
    return Pause(reasons[0][0], reason, words)


def answers_given(project: Project) -> int:
    """Return how many labels were given, as the budget counts them."""
    return Tally.objects.filter(project=project).aggregate(n=Sum("labels"))["n"] or 0


def left(project: Project, given: int | None = None, besides: Sequence[UUID] = ()) -> int:
    """Return how many labels a budget that stops the project lets in beside what is held already.

    `given` are the labels so far, where that is known; the leases `besides` do not count as held.
    """
    if not project.auto_stop or not project.budget:
        return UNLIMITED
    held = QueueEntry.objects.filter(
        project=project, state=QueueEntry.State.LEASED, leased_until__gt=clock.now()
    )
    if besides:
        held = held.exclude(lease_id__in=besides)
    # Held first: what is saved in between counts twice, the other way round it would not count.
    number = held.count()
    return project.budget - number - (answers_given(project) if given is None else given)


def budget_spent(
    project: Project,
    answers: int,
    measured: Mapping[str, Any] | None,
    report: Mapping[str, Any] | None = None,
    *,
    is_proven: bool = False,
) -> str:
    """Return in words that the budget is spent; nothing while some of it is left.

    `measured` is the newest estimate of the accuracy, `report` what screening found, looked up
    unless it is given: where a target is set and not proven, the words say how far it is.
    """
    if not project.budget or answers < project.budget:
        return ""
    if project.target_value is None or is_proven:
        numbers = {"answers": answers, "budget": project.budget}
        return _("Budget spent: %(answers)d of %(budget)d labels.") % numbers
    known, target = _toward_target(project, measured, report), _percent(project.target_value)
    if known is None:
        words = _("Budget spent; target not proven: not measured yet, target %(target)s%%.")
        return words % {"target": target}
    words = _(
        "Budget spent; target not proven: %(value)s%% [%(low)s–%(high)s], target %(target)s%%."
    )
    shown = {name: _percent(share) for name, share in known.items()}
    return words % {**shown, "target": target}


def _toward_target(
    project: Project, measured: Mapping[str, Any] | None, report: Mapping[str, Any] | None
) -> dict[str, float] | None:
    """Return the estimate of what the target is about, with its interval; None without one."""
    found: Mapping[str, Any] | None = measured
    if project.target_metric == Project.Metric.MACRO_F1:
        newest = project.models.filter(accuracy__isnull=False)
        found = newest.values_list("measured__macro_f1", flat=True).first()
    elif project.target_metric == Project.Metric.RECALL:
        if report is None:
            reports = project.reports.filter(kind=recall_standing.KIND)
            report = reports.values_list("found", flat=True).first()
        now = recall_standing.standing(project, report)
        # Only from below is there a bound.
        found = {"high": 1.0, **now["recall"]} if now and now["recall"] else None
    if not found or any(found.get(name) is None for name in ("value", "low", "high")):
        return None
    return {name: found[name] for name in ("value", "low", "high")}


def _percent(share: float) -> str:
    # Rounded as everywhere on the pages; next to the ends with a decimal.
    value = 100 * share
    digits = 1 if 99 < value < 100 or 0 < value < 1 else 0
    return str(number_format(round(value, digits), digits))


# Why to stop: each reason as its cause and its words.
Reasons = list[tuple[str, str]]


def advice(project: Project, answers: int, measured: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return whether to stop, with the reasons in words; `measured` is what `accuracy` returns."""
    return advise(reasons_to_stop(project, answers, measured))


def advise(reasons: Reasons) -> dict[str, Any]:
    """Return the advice that these reasons make, in words."""
    return {
        "advice": "stop" if reasons else "go_on",
        "reasons": [words for _cause, words in reasons],
    }


def reasons_to_stop(project: Project, answers: int, measured: Mapping[str, Any] | None) -> Reasons:
    """Return each reason to stop with its cause; it is enough only where the target is proven."""
    proven = _target_proven(project, measured)
    found = [(TARGET, words) for words in proven]
    spent = budget_spent(project, answers, measured, is_proven=bool(proven))
    if spent:
        found.append((BUDGET, spent))
    if project.items and answers and not has_unlabelled(project):
        found.append((DONE, _all_done(project)))
    return found


def _target_proven(project: Project, measured: Mapping[str, Any] | None) -> list[str]:
    target, said = project.target_accuracy, []
    if target and measured and measured.get("proven", 0.0) >= target:
        said.append(goal_reached(measured["proven"], target))
    return said + recall_standing.reasons_to_stop(project)


def goal_reached(proven: float, target: float) -> str:
    """Return in words that the accuracy aimed for is proven."""
    words = _(
        "The audit sample proves an accuracy of at least %(low)s%%; the target is %(target)s%%."
    )
    return words % {"low": estimate.bound(proven), "target": estimate.number(target)}


def outlook(project: Project, measured: Mapping[str, Any] | None) -> str:
    """Return in words how many more audits would prove the target (estimates.needed_in_words)."""
    return estimate.needed_in_words(project, measured)


def paused(
    project: Project, reasons: Reasons | None = None, *, answers: int | None = None
) -> Pause | None:
    """Return why the project hands out nothing; None while it does.

    A lead paused it, or it stopped by itself: `reasons` are those to stop, `answers` how many
    labels there are, where that is known.
    """
    lead = by_lead(project)
    if lead is not None or not project.auto_stop:
        return lead
    if reasons is None:
        given = answers_given(project) if answers is None else answers
        reasons = reasons_to_stop(project, given, estimate.newest(project))
    return by_itself(reasons) if reasons else None


def has_unlabelled(project: Project) -> bool:
    """Tell whether an item still waits for a label."""
    # One state at a time and in their order, or PostgreSQL may look for the one in the whole table.
    items = Item.objects.filter(project=project).order_by("audit_key").values_list("pk", flat=True)
    return any(items.filter(state=state)[:1] for state in (Item.State.POOL, Item.State.QUEUED))


def _all_done(project: Project) -> str:
    if skipped_items.count(project):
        return _("Every item is labelled, except those that every annotator skipped.")
    return _("Every item is labelled.")
