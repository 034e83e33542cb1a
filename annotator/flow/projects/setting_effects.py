"""Effect of a changed setting: immediately, or from a later moment.

Every setting has a decision here, and the settings page tells it when one was changed.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import Enum
from typing import Any

from django.db import transaction

from annotator.db import clock
from annotator.flow.evaluation import forecast
from annotator.flow.features import encode, vectors
from annotator.flow.progress import recall_standing
from annotator.flow.queue import current_leases, overlap, refill
from annotator.models import Lease, Project, QueueEntry

# Somewhat more than the silence between two calls of an open page.
ONE_BEAT_SECONDS = 60


class When(Enum):
    """From when on a setting holds."""

    AT_ONCE = "at once"
    NEXT_ROUND = "next round"
    RELOAD = "reload"


APPLIES = {
    "strategy": When.NEXT_ROUND,
    "batch_size": When.NEXT_ROUND,
    "retrain_every": When.AT_ONCE,
    "retrain_seconds": When.AT_ONCE,
    # For items that are finished already the missing annotations are asked on request.
    "overlap": When.AT_ONCE,
    "audit_share": When.AT_ONCE,
    "gold_share": When.AT_ONCE,
    "gold_feedback": When.AT_ONCE,
    "second_share": When.AT_ONCE,
    "lease_seconds": When.AT_ONCE,
    "budget": When.AT_ONCE,
    "target_metric": When.AT_ONCE,
    "target_value": When.AT_ONCE,
    "hourly_rate": When.AT_ONCE,
    "show_suggestions": When.AT_ONCE,
    "bulk_desk": When.AT_ONCE,
    # Its report is made with a round, and so are the picks.
    "rare_label": When.NEXT_ROUND,
    "auto_stop": When.AT_ONCE,
    "features": When.NEXT_ROUND,
    "seed": When.NEXT_ROUND,
    "guidelines": When.AT_ONCE,
    "shown_fields": When.RELOAD,
}


def settings_of(project: Project) -> dict[str, Any]:
    """Return all settings as they are now, to tell later which of them were changed."""
    stored = {"rare_label": "rare_label_id"}
    return {name: getattr(project, stored.get(name, name)) for name in APPLIES}


def changed_since(project: Project, before: Mapping[str, Any]) -> set[str]:
    """Return the settings that differ from `before`, which `settings_of` returned then."""
    return {name for name, value in settings_of(project).items() if value != before[name]}


def apply(project: Project, before: Mapping[str, Any]) -> None:
    """Apply settings changed since `before` to existing items and leases."""
    changed = changed_since(project, before)
    if "overlap" in changed:
        overlap.match_overlap(project)
    if changed & {"audit_share", "gold_share"}:
        refill.remix(project)
    if "lease_seconds" in changed:
        _match_lease_time(project, before["lease_seconds"])
    if changed & {"target_metric", "target_value"}:
        project.reports.filter(kind=forecast.KIND).update(due_at=clock.now())
    if "rare_label" in changed:
        # What was found of another label; the next round makes it anew.
        project.reports.filter(kind=recall_standing.KIND).delete()
    if "features" in changed:
        # The sweep finds what is planned, so nobody has to wake a worker for it.
        encode.plan(project)
        vectors.plan(project)


@transaction.atomic
def _match_lease_time(project: Project, before: int) -> None:
    """Let what is held run by the project's lease time of now, where it was `before` seconds.

    An open page hears of a shorter time with its next call, and loses nothing until then.
    """
    now, more = clock.now(), timedelta(seconds=project.lease_seconds - before)
    soonest = now + timedelta(seconds=ONE_BEAT_SECONDS)
    running = Lease.objects.filter(project=project, ended_at=None, expires_at__gt=now)
    held = list(running.order_by("item_id"))
    current_leases.lock_entries([lease.item_id for lease in held])
    for lease in held:
        until = max(lease.expires_at + more, min(lease.expires_at, soonest))
        Lease.objects.filter(pk=lease.pk, ended_at=None).update(expires_at=until)
        entries = QueueEntry.objects.filter(item=lease.item_id, lease_id=lease.pk)
        entries.filter(state=QueueEntry.State.LEASED).update(leased_until=until)


def by_when(names: Iterable[str]) -> dict[When, list[str]]:
    """Return the settings among `names` by when they hold, in the order of the settings."""
    wanted = set(names)
    return {
        when: found
        for when in When
        if (found := [each for each in APPLIES if each in wanted and APPLIES[each] is when])
    }
