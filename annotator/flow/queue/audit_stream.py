"""Mix audits, gold items and blind decoys into what is about to be queued.

On average every `1 / audit_share`-th entry is an audit, at a random place in each stretch of that
length, and in the order of the audit permutation. As many ordinary entries are served blind. A
search for a rare label may request items of the audit reserve: they are served blind, and count as
audits once all items before them in the permutation are settled.
"""

import math
import random
from typing import Any

from django.db.models import QuerySet, Sum

from annotator.db.compiled_queries import CompiledSelect
from annotator.flow.labels import naming
from annotator.flow.progress import audit_counts
from annotator.i18n.stored_texts import WHY_AUDIT, WHY_RANDOM
from annotator.models import Item, Project, Source, Tally
from annotator.pool import audit_set

# The number of random items for an empty queue: a constant, and some for each active annotator, or
# many annotators would keep topping up. The next refill withdraws the unused ones.
TOP_UP = 20
# Larger pools are not counted while an annotator waits: only a small part of them gets labelled.
COUNTED_ONE_BY_ONE = 100_000

FIND_SKIPPED = CompiledSelect(
    lambda project, bound: (
        Item.objects.filter(
            project_id=project, state=Item.State.POOL, skips__gt=0, audit_key__lt=bound
        )
        .order_by("audit_key")
        .values_list("pk", flat=True)[:1000]
    ),
    int,
    int,
)

# All items: restricted to those in the pool, SQLite would scan the whole pool.
FIND_GOLD = CompiledSelect(
    lambda project: Item.objects.filter(project_id=project, gold__isnull=False).values_list(
        "audit_key", "pk", "state"
    ),
    int,
)

AUDIT = {
    "source": Source.AUDIT,
    "blind": True,
    "strategy": "random",
    "why": WHY_AUDIT,
}
RANDOM = {"source": Source.RANDOM, "strategy": "random", "why": WHY_RANDOM}

# An item, and the provenance of its entry.
QueueRequest = tuple[Item, dict[str, Any]]


def probability_among_ordinary(project: Project, drawn: int) -> float | None:
    """Return the probability that an item is among `drawn` random items of the pool.

    They are drawn from outside the audit reserve.
    """
    if not drawn:
        return None
    if project.population > COUNTED_ONE_BY_ONE:
        return probability_without_counting(project, drawn)
    return _probability(
        drawn, pool_items(project).filter(audit_key__gte=audit_set.audit_threshold(project)).count()
    )


def probability_without_counting(project: Project, drawn: int) -> float | None:
    """Return nearly the same without a count: queued items count as in the pool."""
    sums = Tally.objects.filter(project=project).aggregate(n=Sum("finished"), a=Sum("audits"))
    ordinary = project.population * (1 - project.audit_share)
    taken = (sums["n"] or 0) - (sums["a"] or 0) / project.overlap
    return _probability(drawn, max(round(ordinary - taken), drawn))


def _probability(drawn: int, of: int) -> float | None:
    """Return the probability of each of `of` items to be among the drawn ones."""
    return round(min(drawn / of, 1.0), 9) if of else None


def pool_items(project: Project) -> QuerySet[Item]:
    return Item.objects.filter(project=project, state=Item.State.POOL)


# Mix ----------------------------------------------------------------------------------------------


def mix(
    project: Project, free: QuerySet[Item], picks: list[QueueRequest], rng: random.Random
) -> list[QueueRequest]:
    """Return `picks` mixed with audits and gold items from `free`, and with decoys marked.

    Without picks, the audit reserve is served, so that every item gets its label in the end.
    """
    share = project.audit_share
    length = math.ceil(len(picks) / (1 - share)) if picks else TOP_UP
    places = audit_places(share, _audits_owed(project), length, rng) if picks else range(length)
    audits = _audits(project, _besides(free, project, picks), len(places))
    checks = _gold_items(project, free, round(project.gold_share * length) if picks else TOP_UP)
    ordinary = _with_decoys(_reserved_blind(project, picks), len(audits), rng)
    mixed: list[QueueRequest] = []
    for place in range(length + len(checks)):
        if audits and place in places:
            mixed.append(audits.pop(0))
        elif checks and rng.random() < project.gold_share:
            mixed.append(checks.pop(0))
        elif ordinary:
            mixed.append(ordinary.pop(0))
    return mixed + ordinary + checks


def audit_places(share: float, owed: float, length: int, rng: random.Random) -> set[int]:
    """Return the places of audits in a stretch of `length`: one in each 1 / share of them.

    `owed` is how many audits the previous stretches fell short of their share; it shifts the grid
    so that the share holds over all stretches, though each is cut off at an unknown place.

    >>> sorted(audit_places(0.25, 0.0, 12, random.Random(1)))
    [0, 7, 11]
    """
    if share <= 0:
        return set()
    places = set()
    step = 1.0 / share
    start = -max(-3.0, min(owed, 3.0)) * step
    while start < length:
        place = int(start + rng.random() * step)
        while place in places:
            place += 1
        if 0 <= place < length:
            places.add(place)
        elif place < 0:
            places.add(len(places))
        start += step
    return places


def _audits_owed(project: Project) -> float:
    sums = Tally.objects.filter(project=project).aggregate(a=Sum("audits"), n=Sum("labels"))
    # What a search read of the audit sample before its turn need not be asked any more.
    done = audit_counts.count_audits(project)["audited"] if project.hunts else sums["a"] or 0
    return project.audit_share * (sums["n"] or 0) - done


def _besides(free: QuerySet[Item], project: Project, picks: list[QueueRequest]) -> QuerySet[Item]:
    """Return the items of `free` that are no picks already, as those of a search may be audits."""
    if not project.hunts:
        return free
    return free.exclude(pk__in=[item.pk for item, _provenance in picks])


def _reserved_blind(project: Project, picks: list[QueueRequest]) -> list[QueueRequest]:
    """Mark the picks from the audit reserve as blind: they will be in the audit sample."""
    bound = audit_set.audit_threshold(project)
    return [
        (item, {**how, "blind": True} if item.audit_key < bound else how) for item, how in picks
    ]


def _audits(project: Project, free: QuerySet[Item], number: int) -> list[QueueRequest]:
    """Return queue requests for the next audits.

    Any item that the audit permutation has not reached yet could have been the next one.
    """
    items = _next_audits(project, free, number)
    if not items:
        return []
    first = min(item.audit_key for item in items)
    # All states are listed because the index begins with the state.
    before = Item.objects.filter(
        project=project, state__in=Item.PRESENT, audit_key__lt=first
    ).count()
    chance = _probability(len(items), project.population - before)
    return [(item, {**AUDIT, "probability": chance}) for item in items]


def _next_audits(project: Project, free: QuerySet[Item], number: int) -> list[Item]:
    """Return the next items of the audit permutation, after those skipped before."""
    bound = audit_set.audit_threshold(project)
    skipped = FIND_SKIPPED(project.pk, bound)
    reserved = free.filter(audit_key__lt=bound).order_by("audit_key")
    again = list(reserved.filter(pk__in=skipped)[:number]) if skipped else []
    return [*again, *reserved.filter(skips=0)[:number]]


def _gold_items(project: Project, free: QuerySet[Item], number: int) -> list[QueueRequest]:
    # Items that the audit stream will ask anyway are left to it.
    bound = audit_set.audit_threshold(project)
    known = FIND_GOLD(project.pk) if number else []
    waiting = sorted(
        (key, pk) for key, pk, state in known if key >= bound and state == Item.State.POOL
    )
    chosen = [pk for _key, pk in waiting[:number]]
    checks = free.filter(pk__in=chosen).order_by("audit_key") if chosen else []
    return [(item, gold_request(project, item)) for item in checks]


def gold_request(project: Project, item: Item) -> dict[str, Any]:
    """Return the gold item's request; an ordinary one if its known answer cannot be given."""
    if not naming.may_be_given(project, item.gold or []):
        return dict(RANDOM)
    return {"source": Source.GOLD, "blind": True, "strategy": "gold"}


def _with_decoys(picks: list[QueueRequest], number: int, rng: random.Random) -> list[QueueRequest]:
    """Mark as many ordinary requests as blind, so that blind does not reveal an audit.

    Requests that are blind already count.
    """
    shown = [index for index, (_item, how) in enumerate(picks) if not how.get("blind")]
    wanted = number - (len(picks) - len(shown))
    for index in rng.sample(shown, max(0, min(wanted, len(shown)))):
        picks[index] = (picks[index][0], {**picks[index][1], "blind": True})
    return picks
