"""Checks of the labels that a model may give, served blind among the other items."""

import random
from collections.abc import Sequence

from django.db import transaction

from annotator.models import Delivery, DeliveryCheck, Item, Project, QueueEntry, Source, User

# So many checks wait in the queue at once: a proof counts them in the order of their draws.
AHEAD_OF_PROOF = 20
UNANSWERED = (Item.State.POOL, Item.State.QUEUED)
CHECK = {"source": Source.CHECK, "blind": True, "strategy": "random"}


def ask(project: Project, _user: User | None = None) -> int:
    """Put the next checks of a delivery among the open entries; return how many items."""
    proving = Delivery.objects.filter(project=project, stage=Delivery.Stage.PROVE).first()
    if proving is None:
        return 0
    # Those that were answered wait for a worker or a second person, and hold up no others.
    waiting = DeliveryCheck.objects.filter(
        delivery=proving, verdict=DeliveryCheck.Verdict.OPEN, item__state__in=UNANSWERED
    ).order_by("place", "part")
    drawn = list(waiting.values_list("item", flat=True)[:AHEAD_OF_PROOF])
    free = Item.objects.filter(pk__in=drawn, state=Item.State.POOL)
    return _put(project, sorted(free, key=lambda item: drawn.index(item.pk)))


@transaction.atomic
def _put(project: Project, free: Sequence[Item]) -> int:
    ranks = list(
        QueueEntry.objects.filter(
            project=project, state=QueueEntry.State.OPEN, rank__gte=0, assignment=None
        )
        .order_by("rank")
        .values_list("rank", flat=True)
        .distinct()
    )
    # Earlier draws come first, as later ones wait for them; where, nobody can foresee.
    places = sorted(random.choices(ranks or [0], k=len(free)))
    entries = [
        QueueEntry(
            project=project,
            item=item,
            slot=slot,
            rank=rank,
            **CHECK,
        )
        for item, rank in zip(free, places, strict=True)
        for slot in range(project.overlap)
    ]
    QueueEntry.objects.bulk_create(entries, ignore_conflicts=True)
    pks = [item.pk for item in free]
    Item.objects.filter(pk__in=pks, state=Item.State.POOL).update(state=Item.State.QUEUED)
    return len(free)
