"""Run in a process of its own, by the settings of a stack: counts again what is kept counted.

python -m tests.faults.count project    prints what is stored, and what is wrong
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple

import django


def wrong(pk: int) -> Iterator[str]:
    """Yield a sentence for each count that differs from its rows."""
    from annotator.models import Annotation, Item, Project

    project = Project.objects.get(pk=pk)
    items = list(Item.objects.filter(project=pk))
    standing = Annotation.objects.filter(project=pk, withdrawn_at=None)
    counted = Counter(standing.filter(counted=True).values_list("item", flat=True))
    if project.items != len(items):
        yield f"the project says {project.items} items, there are {len(items)}"
    for item in items:
        if item.answers != counted[item.pk]:
            yield f"item {item.pk} says {item.answers} answers, there are {counted[item.pk]}"
        complete = counted[item.pk] >= project.overlap
        if complete != (item.state == Item.State.LABELLED):
            yield f"item {item.pk} is in state {item.state} with {counted[item.pk]} answers"
    yield from _wrong_tallies(pk)
    yield from _wrong_entries(pk, project.overlap)


def _wrong_tallies(pk: int) -> Iterator[str]:
    from django.db.models import Sum

    from annotator.models import Annotation, Item, Lease, Source, Tally

    sums = Tally.objects.filter(project=pk).aggregate(
        labels=Sum("labels"), finished=Sum("finished"), audits=Sum("audits"), skips=Sum("skips")
    )
    counted = Annotation.objects.filter(project=pk, withdrawn_at=None, counted=True)
    truth = {
        "labels": counted.count(),
        "finished": Item.objects.filter(project=pk, state=Item.State.LABELLED).count(),
        "audits": counted.filter(source=Source.AUDIT).count(),
        "skips": Lease.objects.filter(project=pk, outcome=Lease.Outcome.SKIPPED).count(),
    }
    for name, number in truth.items():
        if (sums[name] or 0) != number:
            yield f"the tallies say {sums[name]} {name}, there are {number}"


def _wrong_entries(pk: int, overlap: int) -> Iterator[str]:
    from annotator.models import Annotation, Item, Lease, QueueEntry

    entries = list(QueueEntry.objects.filter(project=pk))
    counted = Annotation.objects.filter(project=pk, withdrawn_at=None, counted=True)
    answered = set(counted.values_list("item", "user"))
    live = set(Lease.objects.filter(project=pk, ended_at=None).values_list("pk", flat=True))
    states = dict(Item.objects.filter(project=pk).values_list("pk", "state"))
    asked = Counter(entry.item_id for entry in entries)
    for item, number in asked.items():
        if number > overlap:
            yield f"item {item} has {number} entries"
    for entry in entries:
        if entry.state == QueueEntry.State.LEASED and entry.lease_id not in live:
            yield f"item {entry.item_id} is held by a lease that is over"
        if entry.state == QueueEntry.State.DONE and (entry.item_id, entry.user_id) not in answered:
            yield f"item {entry.item_id} has an entry that is done without an answer"
    for item, state in states.items():
        if state == Item.State.QUEUED and not asked[item]:
            yield f"item {item} is queued without an entry"
        if state == Item.State.POOL and asked[item]:
            yield f"item {item} is in the pool and has an entry"


def holders(pk: int) -> set[int]:
    """Return the users with leases."""
    from annotator.models import QueueEntry

    held = QueueEntry.objects.filter(project=pk, state=QueueEntry.State.LEASED)
    return set(held.values_list("user", flat=True))


def reviews(pk: int) -> list[str]:
    """Return the leases of reviews."""
    from annotator.models import REVIEW_SOURCES, Lease

    leases = Lease.objects.filter(project=pk, source__in=REVIEW_SOURCES)
    return [str(lease) for lease in leases.values_list("pk", flat=True)]


def looked_at(pk: int) -> dict[str, object]:
    """Return the annotations, the items and the wrong counts."""
    from annotator.bench import load
    from annotator.models import Item

    return {
        "stored": [astuple(each) for each in load.stored(pk)],
        "items": list(Item.objects.filter(project=pk).values_list("pk", flat=True)),
        "wrong": list(wrong(pk)),
        "holders": sorted(holders(pk)),
        "reviews": reviews(pk),
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps(looked_at(int(sys.argv[1]))))
