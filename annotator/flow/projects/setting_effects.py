"""Effects of changed settings on items and leases that are there already.

Each setting declares its effect, and the moment from which it holds (`annotator.projectsettings`).
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction

from annotator import projectsettings
from annotator.db import clock
from annotator.flow.evaluation import forecast
from annotator.flow.features import encode, vectors
from annotator.flow.progress import recall_standing
from annotator.flow.projects import guidelines
from annotator.flow.queue import current_leases, overlap, refill
from annotator.models import Lease, Project, QueueEntry
from annotator.projectsettings import SETTINGS, Effect

# A little longer than the interval between two calls of an open page.
ONE_BEAT_SECONDS = 60


def apply(project: Project, before: Mapping[str, Any]) -> None:
    """Apply settings changed since `before` to existing items and leases."""
    changed = projectsettings.changed_since(project, before)
    due = {SETTINGS[name].effect for name in changed}
    for effect, follow in EFFECTS.items():
        if effect in due:
            follow(project, before)


def _keep_version(project: Project, before: Mapping[str, Any]) -> None:
    guidelines.keep_version(project, str(before["guidelines"]))


def _match_overlap(project: Project, _before: Mapping[str, Any]) -> None:
    overlap.match_overlap(project)


def _mix_queue(project: Project, _before: Mapping[str, Any]) -> None:
    refill.remix(project)


@transaction.atomic
def _match_lease_time(project: Project, before: Mapping[str, Any]) -> None:
    """Give running leases the lease time that the project has now.

    An open page learns of a shorter time with its next call, and loses nothing until then.
    """
    now = clock.now()
    more = timedelta(seconds=project.lease_seconds - before["lease_seconds"])
    soonest = now + timedelta(seconds=ONE_BEAT_SECONDS)
    running = Lease.objects.filter(project=project, ended_at=None, expires_at__gt=now)
    held = list(running.order_by("item_id"))
    current_leases.lock_entries([lease.item_id for lease in held])
    for lease in held:
        until = max(lease.expires_at + more, min(lease.expires_at, soonest))
        Lease.objects.filter(pk=lease.pk, ended_at=None).update(expires_at=until)
        entries = QueueEntry.objects.filter(item=lease.item_id, lease_id=lease.pk)
        entries.filter(state=QueueEntry.State.LEASED).update(leased_until=until)


def _renew_forecast(project: Project, _before: Mapping[str, Any]) -> None:
    project.reports.filter(kind=forecast.KIND).update(due_at=clock.now())


def _drop_recall(project: Project, _before: Mapping[str, Any]) -> None:
    # What was found of another label; the next round makes it anew.
    project.reports.filter(kind=recall_standing.KIND).delete()


def _make_features(project: Project, _before: Mapping[str, Any]) -> None:
    # The sweep finds what is planned, so nobody has to wake a worker for it.
    encode.plan(project)
    vectors.plan(project)


EFFECTS: dict[Effect, Callable[[Project, Mapping[str, Any]], None]] = {
    Effect.KEEP_VERSION: _keep_version,
    Effect.MATCH_OVERLAP: _match_overlap,
    Effect.MIX_QUEUE: _mix_queue,
    Effect.MATCH_LEASES: _match_lease_time,
    Effect.RENEW_FORECAST: _renew_forecast,
    Effect.DROP_RECALL: _drop_recall,
    Effect.MAKE_FEATURES: _make_features,
}
