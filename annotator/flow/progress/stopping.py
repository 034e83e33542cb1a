"""Pause and resume a project; the reasons for which it stops by itself.

A paused project serves no items on any path; `admission` checks this once for all of them. Saving
continues: the item on the screen, the decisions waiting in a browser, corrections. So do a lead's
own actions, which serve no items: seed labels, adjudication, imports, settings. Rounds continue as
well: they train on saved labels and refill the queue, which serves nobody until the project is
resumed.
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
    """A reason to stop: `cause` is target, budget or done, `facts` are its numbers."""

    cause: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Pause:
    """The reason of a pause: `cause` is lead, target, budget or done.

    If a lead paused the project, `typed` is the reason they gave, `by` and `at` tell who and when;
    if it stopped by itself, `reasons` are its reasons to stop.
    """

    cause: str
    reasons: Sequence[StopReason] = ()
    typed: str = ""
    by: str | None = None
    at: datetime | None = None


def is_paused(project: Project, answers: int | None = None) -> bool:
    """Return whether the project serves no items; `answers` is its label count, if known."""
    if project.paused_at is not None:
        return True
    return project.auto_stop and any(_own_reasons(project, answers))


def find_pause(project: Project, reasons: Sequence[StopReason] | None = None) -> Pause | None:
    """Return why the project is paused, for pages; None while it serves items.

    `reasons` are the reasons to stop, if known.
    """
    lead = by_lead(project)
    if lead is not None or not project.auto_stop:
        return lead
    return by_itself(list(_own_reasons(project)) if reasons is None else reasons)


# By a lead ---------------------------------------------------------------------------------------


def pause(project: Project, user: User, reason: str = "") -> None:
    """Serve no items from now on; a second call changes who paused it and why."""
    typed = reason.strip()
    if "\x00" in typed:
        raise Invalid("nul_byte", field="reason")
    if len(typed) > LONGEST_REASON:
        raise Invalid("too_long", field="reason", most=LONGEST_REASON)
    _store(project, paused_at=clock.now(), paused_by=user, paused_reason=typed)


def resume(project: Project) -> None:
    """Serve items again; a project that stopped by itself stays stopped."""
    _store(project, paused_at=None, paused_by=None, paused_reason="")


def _store(project: Project, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(project, name, value)
    project.save(update_fields=list(fields))


def by_lead(project: Project) -> Pause | None:
    """Return the pause made by a lead; None without one."""
    if project.paused_at is None:
        return None
    by = project.paused_by.username if project.paused_by else None
    return Pause(LEAD, typed=project.paused_reason, by=by, at=project.paused_at)


# Automatic stop -----------------------------------------------------------------------------------


def by_itself(reasons: Sequence[StopReason]) -> Pause | None:
    """Return the pause of a project that stopped for these reasons; None without reasons."""
    return Pause(reasons[0].cause, tuple(reasons)) if reasons else None


def _own_reasons(project: Project, answers: int | None = None) -> Iterator[StopReason]:
    given = answers_given(project) if answers is None else answers
    return reasons_to_stop(project, given, estimate.newest(project))


def reasons_to_stop(
    project: Project, answers: int, measured: Mapping[str, Any] | None
) -> Iterator[StopReason]:
    """Yield each reason to stop; an accuracy target counts only once it is proven.

    `answers` is the label count, `measured` the newest accuracy estimate.
    """
    proven = [*target_proven(project, measured), *_recall_proven(project)]
    yield from proven
    spent = budget_spent(project, answers, measured, is_proven=bool(proven))
    if spent is not None:
        yield spent
    if project.population and answers and not Item.objects.is_waiting(project):
        yield StopReason(DONE, {"set_aside": Item.objects.set_aside(project).exists()})


def target_proven(project: Project, measured: Mapping[str, Any] | None) -> Iterator[StopReason]:
    """Yield the reason that the target accuracy is proven, if it is."""
    target = project.target_accuracy
    if target and measured and measured.get("proven", 0.0) >= target:
        yield StopReason(TARGET, {"accuracy": measured["proven"], "target": target})


def _recall_proven(project: Project) -> Iterator[StopReason]:
    found = recall_standing.find_reached(project)
    if found is not None:
        yield StopReason(TARGET, found)


def answers_given(project: Project) -> int:
    """Return the number of labels given, as the budget counts them."""
    return Tally.objects.filter(project=project).aggregate(n=Sum("labels"))["n"] or 0


def left(project: Project, given: int | None = None, besides: Sequence[UUID] = ()) -> int:
    """Return how many more items a stopping budget allows, beside those already leased.

    `given` is the label count, if known; the leases `besides` do not count as held.
    """
    if not project.auto_stop or not project.budget:
        return UNLIMITED
    held = QueueEntry.objects.filter(
        project=project, state=QueueEntry.State.LEASED, leased_until__gt=clock.now()
    )
    if besides:
        held = held.exclude(lease_id__in=besides)
    # Count leases first: a label saved in between counts twice; in the other order it would be
    # missed.
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
    """Return that the budget is spent; None while some is left.

    `measured` is the newest accuracy estimate, `report` the newest one on recall, loaded unless
    given: with an unproven target, the facts say how far it is.
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
    """Return the estimate of the target metric, with its interval; None without one."""
    found: Mapping[str, Any] | None = measured
    if project.target_metric == Project.Metric.MACRO_F1:
        newest = project.models.filter(accuracy__isnull=False)
        found = newest.values_list("measured__macro_f1", flat=True).first()
    elif project.target_metric == Project.Metric.RECALL:
        if report is None:
            reports = project.reports.filter(kind=recall_standing.KIND)
            report = reports.values_list("found", flat=True).first()
        now = recall_standing.standing(project, report)
        # Recall has a lower bound only.
        found = {"high": 1.0, **now["recall"]} if now and now["recall"] else None
    if not found or any(found.get(name) is None for name in ("value", "low", "high")):
        return None
    return {name: found[name] for name in ("value", "low", "high")}
