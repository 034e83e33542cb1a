"""Effect of a changed setting: immediately, or from a later moment.

Every setting has an entry here, and the settings page shows the entry of a changed one.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import Enum
from typing import Any

from django.db import transaction

from annotator.db import clock
from annotator.flow.evaluation import forecast
from annotator.flow.features import encode
from annotator.flow.progress import recall_standing
from annotator.flow.queue import current_leases, overlap, refill
from annotator.models import Lease, Project, QueueEntry

# A little longer than the interval between two calls of an open page.
ONE_BEAT_SECONDS = 60


class When(Enum):
    """When a setting takes effect."""

    AT_ONCE = "at once"
    NEXT_ROUND = "next round"
    RELOAD = "reload"


APPLIES = {
    "strategy": When.NEXT_ROUND,
    "batch_size": When.NEXT_ROUND,
    "retrain_every": When.AT_ONCE,
    "retrain_seconds": When.AT_ONCE,
    # The missing annotations of finished items are requested on demand.
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
    # Its report and the picks are computed with a round.
    "rare_label": When.NEXT_ROUND,
    "auto_stop": When.AT_ONCE,
    "features": When.NEXT_ROUND,
    "seed": When.NEXT_ROUND,
    "guidelines": When.AT_ONCE,
    "shown_fields": When.RELOAD,
}


def settings_of(project: Project) -> dict[str, Any]:
    """Return all current settings, to detect later which were changed."""
    stored = {"rare_label": "rare_label_id"}
    return {name: getattr(project, stored.get(name, name)) for name in APPLIES}


def changed_since(project: Project, before: Mapping[str, Any]) -> set[str]:
    """Return the settings that differ from `before`, an earlier result of `settings_of`."""
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
        # The results for another label; the next round computes them again.
        project.reports.filter(kind=recall_standing.KIND).delete()
    if "features" in changed:
        # The sweep finds planned features, so no worker needs a wake-up.
        encode.plan(project)


@transaction.atomic
def _match_lease_time(project: Project, before: int) -> None:
    """Adapt running leases to the project's current lease time, which was `before` seconds.

    An open page learns of a shorter time with its next call, and loses nothing until then.
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
    """Group the settings in `names` by when they take effect, in the order of the settings."""
    wanted = set(names)
    return {
        when: found
        for when in When
        if (found := [each for each in APPLIES if each in wanted and APPLIES[each] is when])
    }
