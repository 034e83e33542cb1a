"""The only place that creates leases: each one needs a `Room`.

Every caller asks `room` first. It is empty for a paused or stopped project. With a budget that
stops the project, it holds what the budget still allows: leased items count as if they were
labelled, or ten windows would each take the last item.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction

from annotator.db import clock
from annotator.db.compiled_queries import insert_row
from annotator.flow.progress import stopping
from annotator.models import Item, Lease, Project, User

# From here on, a project's leases are created one transaction at a time, to respect the budget.
TIGHT = 200
# An offset beside the project keys, in the shared number space of advisory locks.
HANDING_OUT = 8 << 40


class NoRoom(Exception):
    """No more items may be leased: the transaction rolls back what it began."""


class Room:
    """How many items of a project may be leased now: none if it is paused.

    True while at least one may. `left` is negative if more are held than the budget allows.
    """

    def __init__(self, project: Project, left: int, *, is_paused: bool) -> None:
        self.project, self.left, self.is_paused = project, left, is_paused

    def __bool__(self) -> bool:
        return self.left > 0

    def half(self, number: int, *, first: int = 0) -> int:
        """Return how many of `number` items one window may prefetch, after the first `first`.

        Near the end of a budget, it leaves as much to others as it takes.
        """
        return min(number, first + max(self.left - first, 0) // 2)

    def new_lease(self, item: Item, user: User, **provenance: Any) -> Lease:
        """Return an unsaved lease that starts now."""
        now = clock.now()
        until = now + timedelta(seconds=self.project.lease_seconds)
        times: dict[str, datetime] = {"created_at": now, "expires_at": until}
        return Lease(project=self.project, item=item, user=user, **{**times, **provenance})

    def hand_out(self, leases: Sequence[Lease]) -> None:
        """Store the leases, as the last step of their transaction; NoRoom if they are too many.

        Their queue entries are claimed before.
        """
        if self.is_paused or len(leases) > self.left:
            raise NoRoom
        if self.left <= TIGHT:
            _wait_for_others(self.project)
            if len(leases) > stopping.left(self.project, besides=[lease.pk for lease in leases]):
                raise NoRoom
        if len(leases) == 1:
            insert_row(leases[0])
        else:
            Lease.objects.bulk_create(leases)
        self.left -= len(leases)


def room(project: Project) -> Room:
    """Return whether and how many items may be leased: asked once per call, before all else."""
    answers = stopping.answers_given(project) if project.auto_stop else 0
    if stopping.is_paused(project, answers):
        return Room(project, 0, is_paused=True)
    return Room(project, stopping.left(project, answers), is_paused=False)


def _wait_for_others(project: Project) -> None:
    """Serialise leasing within a project; SQLite has a single writer anyway."""
    if connection.vendor != "postgresql":
        return
    # After a timeout, continue: the worst case is one label beyond the budget.
    with suppress(OperationalError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HANDING_OUT + project.pk])
