"""Fill the queue: with the picks of a round, or with random items if it is empty."""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from annotator.flow.queue.assigned import claims
from annotator.flow.queue.audit_stream import (
    AUDIT,
    RANDOM,
    TOP_UP,
    QueueRequest,
    mix,
    pool_items,
    probability_among_ordinary,
)
from annotator.flow.queue.payload import is_of_label_texts
from annotator.flow.queue.withdraw import AHEAD, BEHIND, BULK, SPARE, withdraw_open
from annotator.jobs.runner import job
from annotator.models import (
    ANSWERED,
    Annotation,
    Item,
    Lease,
    Project,
    QueueEntry,
    Round,
    Source,
    User,
)
from annotator.pool import audit_set

TOP_UP_EACH = 3
MOST_AT_WORK = 100
# An offset beside the project keys, in the shared number space of advisory locks.
FILLING = 7 << 40
BATCHES_AHEAD = 3


@contextmanager
def alone(project: Project) -> Iterator[None]:
    """Serialise refills of a project's queue.

    During a refill, claims on PostgreSQL skip all entries that it withdraws. A claim that finds
    nothing open then waits for the refill, or every annotator would queue random items in between.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            # After a timeout, continue: the queue stays consistent without this lock.
            with suppress(OperationalError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FILLING + project.pk])
        yield


@job(Round, stage=Round.Stage.REFILL)
def refill(round_: Round) -> Round:
    """Put the picks of a round at the head of the queue, replacing open entries."""
    project = round_.project
    rng = random.Random(f"{project.seed}/{round_.number}")
    with alone(project):
        # First, so that a round taken over by another worker changes nothing.
        started = timezone.now()
        round_.hand_on(stage=Round.Stage.EVALUATE, refilled_at=started)
        withdraw_open(project)
        picks = _picked_items(round_)
        _enqueue(project, mix(project, pool_items(project), picks, rng), rank=0)
        seconds = (timezone.now() - started).total_seconds()
        round_.timings = {
            **round_.timings,
            "refill": round(seconds, 3),
            "to_refill": round((timezone.now() - round_.created_at).total_seconds(), 3),
        }
        Round.objects.filter(pk=round_.pk).update(timings=round_.timings)
    return round_


@transaction.atomic
def top_up(project: Project, user: User) -> int:
    """Queue random items that `user` may label, for lack of ranked ones; return their number."""
    if claims.leaves_nothing(project, user):
        return 0
    skipped = Lease.objects.filter(item=OuterRef("pk"), user=user, outcome=Lease.Outcome.SKIPPED)
    fresh = pool_items(project).filter(~Exists(skipped))
    ordinary = fresh.filter(audit_key__gte=audit_set.audit_threshold(project), gold__isnull=True)
    found = list(ordinary.order_by("audit_key")[: TOP_UP + TOP_UP_EACH * _at_work(project)])
    chance = probability_among_ordinary(project, len(found))
    drawn = [
        (item, {**RANDOM, "probability": chance, "suggestion": item.suggested}) for item in found
    ]
    # The first item makes the seed differ between stretches.
    rng = random.Random(f"{project.seed}/{drawn[0][0].position if drawn else -1}")
    wishes = mix(project, fresh, drawn, rng) or _missing_annotations(project, user)
    return append(project, wishes)


def _at_work(project: Project) -> int:
    """Return how many items are leased; an upper bound is enough, as every caller counts this."""
    held = QueueEntry.objects.filter(project=project, state=QueueEntry.State.LEASED)
    return len(held.values_list("pk")[:MOST_AT_WORK])


def append(project: Project, wishes: Iterable[QueueRequest]) -> int:
    """Append requests to the queue, and return the number of items."""
    waiting = QueueEntry.objects.filter(
        project=project, state=QueueEntry.State.OPEN, assignment=None
    )
    last = waiting.order_by("-rank").values_list("rank", flat=True).first()
    return _enqueue(project, wishes, rank=0 if last is None else last + 1)


def remix(project: Project) -> None:
    """Remix the open entries by the current shares of audits and gold items, in the same order."""
    with alone(project):
        waiting = QueueEntry.objects.filter(
            project=project,
            state=QueueEntry.State.OPEN,
            rank__gt=AHEAD,
            source__in=[Source.ACTIVE, Source.RANDOM],
            # Items that only audits may take are served in no other way.
            item__audit_key__gte=audit_set.strategy_bound(project),
        ).exclude(strategy__in=[BULK, SPARE])
        # Assigned items stay where they are; shares of the queue are divided anew.
        waiting = waiting.exclude(assignment__isnull=False, rank__gte=BEHIND)
        entries = {entry.item_id: entry for entry in waiting.order_by("-rank", "-pk")}
        if not entries:
            return
        withdraw_open(project)
        free = {item.pk: item for item in pool_items(project).filter(pk__in=entries)}
        wishes = [
            (free[item], {**entry.provenance(), "blind": False, "why": entry.why})
            for item, entry in reversed(entries.items())
            if item in free
        ]
        rng = random.Random(f"{project.seed}/shares/{wishes[0][0].position if wishes else -1}")
        _enqueue(project, mix(project, pool_items(project), wishes, rng), rank=0)


def _missing_annotations(project: Project, user: User) -> list[QueueRequest]:
    """Return requests for started items that `user` may label and nobody is assigned to."""
    of_item = {"item": OuterRef("pk")}
    items = Item.objects.filter(project=project, state=Item.State.QUEUED).filter(
        ~Exists(QueueEntry.objects.filter(state__lt=QueueEntry.State.DONE, **of_item)),
        ~Exists(Annotation.objects.filter(ANSWERED, user=user, **of_item)),
        ~Exists(Lease.objects.filter(user=user, outcome=Lease.Outcome.SKIPPED, **of_item)),
    )
    missing = list(items.order_by("audit_key")[:TOP_UP])
    # The draw was at their first annotation.
    entries = QueueEntry.objects.filter(item__in=[item.pk for item in missing])
    chances = dict(entries.values_list("item", "probability"))
    bound = audit_set.audit_threshold(project)
    return [
        (
            item,
            {
                **(AUDIT if item.audit_key < bound else RANDOM),
                "probability": chances.get(item.pk),
            },
        )
        for item in missing
    ]


def _picked_items(round_: Round) -> list[QueueRequest]:
    positions = [pick["position"] for pick in round_.picks]
    # By position only: filtered by state as well, SQLite would scan the whole pool.
    items = Item.objects.filter(project=round_.project, position__in=positions)
    by_position = {item.position: item for item in items if item.state == Item.State.POOL}
    common = {
        "source": Source.ACTIVE,
        "strategy": round_.strategy,
        "round_id": round_.pk,
        "model_id": round_.model_id,
    }
    wishes = []
    for pick in round_.picks:
        item = by_position.get(pick["position"])
        if item is None:
            continue
        own = {name: pick[name] for name in ("score", "probability", "why")}
        wishes.append((item, {**common, **own, "suggestion": _suggestion(pick, item)}))
    return wishes


def _suggestion(pick: dict[str, Any], item: Item) -> dict[str, Any] | None:
    """Return the model's suggestion, else the imported one, else that of the label descriptions."""
    own: dict[str, Any] | None = pick["suggestion"]
    if is_of_label_texts(own):
        return item.suggested or own
    return own or item.suggested


# Store --------------------------------------------------------------------------------------------


def _enqueue(project: Project, wishes: Iterable[QueueRequest], rank: int) -> int:
    """Store one entry per required annotation of each item, and return the number of items."""
    wishes = list(wishes)
    entries = [
        QueueEntry(project=project, item=item, slot=slot, rank=rank + place, **provenance)
        for place, (item, provenance) in enumerate(wishes)
        for slot in range(project.overlap)
    ]
    claims.divide(project, entries)
    # Two windows that found the queue empty at once request the same items; the second adds none.
    QueueEntry.objects.bulk_create(entries, ignore_conflicts=True)
    items = [item.pk for item, _provenance in wishes]
    Item.objects.filter(pk__in=items, state=Item.State.POOL).update(state=Item.State.QUEUED)
    return len(items)
