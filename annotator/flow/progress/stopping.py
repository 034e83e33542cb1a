"""Pause and resume a project; the reasons for which it stops by itself.

A paused project hands out nothing by any path; `admission` asks once for all of them. Saving goes
on: what is on a screen, what waits in a browser, corrections. So do a lead's own acts, which hand
nothing out: seed labels, decisions on disagreements, imports, settings. Rounds go on, too: they
learn from what is saved and refill a queue from which nobody is served until the resume.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Sum

from annotator.db import clock
from annotator.errors import Invalid
from annotator.flow.progress import estimate, recall_standing
from annotator.models import Item, Project, QueueEntry, Tally, User

LONGEST_REASON = 500
UNLIMITED = 2**31
LEAD, TARGET, BUDGET, DONE = "lead", "target", "budget", "done"


@dataclass(frozen=True)
class StopReason:
    """Why it is enough: `cause` is target, budget or done, `facts` are the numbers behind it."""

    cause: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Pause:
    """Why nothing is handed out: `cause` is lead, target, budget or done.

    Where a lead paused the project, `typed` is the reason they gave, `by` and `at` say who and
    when; where it stopped by itself, `reasons` are those to stop.
    """

    cause: str
    reasons: Sequence[StopReason] = ()
    typed: str = ""
    by: str | None = None
    at: datetime | None = None


def is_paused(project: Project, answers: int | None = None) -> bool:
    """Tell whether the project hands out nothing; `answers` are its labels, where known."""
    if project.paused_at is not None:
        return True
    return project.auto_stop and any(_own_reasons(project, answers))


def find_pause(project: Project, reasons: Sequence[StopReason] | None = None) -> Pause | None:
    """Return why the project hands out nothing, for pages; None while it hands out.

    `reasons` are those to stop, where they are known.
    """
    lead = by_lead(project)
    if lead is not None or not project.auto_stop:
        return lead
    return by_itself(list(_own_reasons(project)) if reasons is None else reasons)


# By a lead ---------------------------------------------------------------------------------------


def pause(project: Project, user: User, reason: str = "") -> None:
    """Hand out nothing from now on; once more, it changes who paused it and why."""
    typed = reason.strip()
    if "\x00" in typed:
        raise Invalid("nul_byte", field="reason")
    if len(typed) > LONGEST_REASON:
        raise Invalid("too_long", field="reason", most=LONGEST_REASON)
    _store(project, paused_at=clock.now(), paused_by=user, paused_reason=typed)


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
    return Pause(LEAD, typed=project.paused_reason, by=by, at=project.paused_at)


# By itself ---------------------------------------------------------------------------------------


def by_itself(reasons: Sequence[StopReason]) -> Pause | None:
    """Return the pause of a project that stopped for these reasons; None without one."""
    return Pause(reasons[0].cause, tuple(reasons)) if reasons else None


def _own_reasons(project: Project, answers: int | None = None) -> Iterator[StopReason]:
    given = answers_given(project) if answers is None else answers
    return reasons_to_stop(project, given, estimate.newest(project))


def reasons_to_stop(
    project: Project, answers: int, measured: Mapping[str, Any] | None
) -> Iterator[StopReason]:
    """Yield each reason to stop; it is enough only where the target is proven.

    `answers` are the labels so far, `measured` is the newest estimate of the accuracy.
    """
    proven = [*target_proven(project, measured), *_recall_proven(project)]
    yield from proven
    spent = budget_spent(project, answers, measured, is_proven=bool(proven))
    if spent is not None:
        yield spent
    if project.items and answers and not Item.objects.is_waiting(project):
        yield StopReason(DONE, {"set_aside": Item.objects.set_aside(project).exists()})


def target_proven(project: Project, measured: Mapping[str, Any] | None) -> Iterator[StopReason]:
    """Yield that the accuracy aimed for is proven, where it is."""
    target = project.target_accuracy
    if target and measured and measured.get("proven", 0.0) >= target:
        yield StopReason(TARGET, {"accuracy": measured["proven"], "target": target})


def _recall_proven(project: Project) -> Iterator[StopReason]:
    found = recall_standing.find_reached(project)
    if found is not None:
        yield StopReason(TARGET, found)


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
) -> StopReason | None:
    """Return that the budget is spent; None while some of it is left.

    `measured` is the newest estimate of the accuracy, `report` the newest one on recall, looked up
    unless it is given: where a target is set and not proven, the facts say how far it is.
    """
    if not project.budget or answers < project.budget:
        return None
    facts: dict[str, Any] = {"answers": answers, "budget": project.budget}
    if project.target_value is not None and not is_proven:
        facts |= {"target": project.target_value}
        facts |= {"measured": _toward_target(project, measured, report)}
    return StopReason(BUDGET, facts)


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
