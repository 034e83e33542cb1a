"""The one door through which items are handed out: no lease is made or shown again but by a `Room`.

Whoever hands out asks `room` first. It is empty for a project that is paused or stopped. With a
budget that stops the project it holds what the budget still lets in: what people have before them
counts as if it were labelled, or ten windows would each take the last item.
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

# From here on hand-outs of a project come one after the other, so that together they keep to it.
TIGHT = 200
# Beside the keys of projects and of fillings, in the one space of numbers for such locks.
HANDING_OUT = 8 << 40


class NoRoom(Exception):
    """Nothing more may be handed out: the transaction that wanted to takes back what it began."""


class Room:
    """How many items of a project may be handed out now: none where it is paused.

    It is true while one may. `left` is below zero where more is held than the budget lets in.
    """

    def __init__(self, project: Project, left: int, *, is_paused: bool) -> None:
        self.project, self.left, self.is_paused = project, left, is_paused

    def __bool__(self) -> bool:
        return self.left > 0

    def half(self, number: int, *, first: int = 0) -> int:
        """Return how many of `number` items one window may take ahead; `first` come before.

        Of a budget that runs out it leaves others as much as it takes.
        """
        return min(number, first + max(self.left - first, 0) // 2)

    def new_lease(self, item: Item, user: User, **provenance: Any) -> Lease:
        """Return an unsaved lease that runs from now."""
        now = clock.now()
        until = now + timedelta(seconds=self.project.lease_seconds)
        times: dict[str, datetime] = {"created_at": now, "expires_at": until}
        return Lease(project=self.project, item=item, user=user, **{**times, **provenance})

    def hand_out(self, leases: Sequence[Lease]) -> None:
        """Store the leases, the last thing that their transaction does; NoRoom where they are more.

        Their places in the queue are taken before.
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
    """Ask whether items may be handed out, and how many: once for each call, before all else."""
    answers = stopping.answers_given(project) if project.auto_stop else 0
    if stopping.is_paused(project, answers):
        return Room(project, 0, is_paused=True)
    return Room(project, stopping.left(project, answers), is_paused=False)


def _wait_for_others(project: Project) -> None:
    """Let one hand-out come after the other; SQLite has one writer at a time anyway."""
    if connection.vendor != "postgresql":
        return
    # Where that takes too long, on with it: what may go wrong is a label beyond the budget.
    with suppress(OperationalError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HANDING_OUT + project.pk])
