"""Picks become queue entries, mixed with the audit stream.

Audits are every `1 / audit_share`-th entry on average, at a random place in each stretch of that
length, and in the order of the audit permutation. As many ordinary entries are served blind, too.
"""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext_noop

from annotator import pool
from annotator.flow import disagree, naming, tally
from annotator.flow.jobs import job
from annotator.models import (
    ANSWERED,
    Annotation,
    Item,
    Lease,
    Project,
    QueueEntry,
    Round,
    Source,
    Tally,
    User,
)
from annotator.once import Rows

# How many random items come where the queue is dry: so many, and some for everybody at work, or a
# crowd would spend its time on topping up. The next refill withdraws what nobody took.
TOP_UP = 20
TOP_UP_EACH = 3
MOST_AT_WORK = 100
# Beside the keys of projects, in the one space of numbers that a database has for such locks.
FILLING = 7 << 40
BATCHES_AHEAD = 3
BULK = "bulk"
SPARE = "spare"
# The rank of what comes before all else, and stays in the queue through a refill.
AHEAD = -1

FIND_SKIPPED = Rows(
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

# All of them: asked for those in the pool alone, SQLite would go through the whole pool.
FIND_GOLD = Rows(
    lambda project: Item.objects.filter(project_id=project, gold__isnull=False).values_list(
        "audit_key", "pk", "state"
    ),
    int,
)

AUDIT = {
    "source": Source.AUDIT,
    "blind": True,
    "strategy": "random",
    "why": gettext_noop("Drawn at random, to measure the model."),
}
RANDOM = {"source": Source.RANDOM, "strategy": "random", "why": gettext_noop("Drawn at random.")}

# An item, and how the entry for it came about.
Wish = tuple[Item, dict[str, Any]]


@contextmanager
def alone(project: Project) -> Iterator[None]:
    """Fill the project's queue while nobody else does.

    During a refill PostgreSQL lets claims skip all entries that it withdraws. Who finds nothing
    open then waits for what comes, or everybody would queue random items in between.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            # Where that takes too long, on with it: the queue itself holds without this.
            with suppress(OperationalError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FILLING + project.pk])
        yield


@job(Round, stage=Round.Stage.REFILL)
def refill(turn: Round) -> Round:
    """Put the picks of a round at the head of the queue, in place of what nobody took yet."""
    project = turn.project
    rng = random.Random(f"{project.seed}/{turn.number}")
    with alone(project):
        # First, so that a round that was taken over changes nothing.
        started = timezone.now()
        turn.hand_on(stage=Round.Stage.EVALUATE, refilled_at=started)
        withdraw_open(project)
        picks = _picked_items(turn)
        _enqueue(project, _mix(project, _pool(project), picks, rng), rank=0)
        seconds = (timezone.now() - started).total_seconds()
        turn.timings = {
            **turn.timings,
            "refill": round(seconds, 3),
            "to_refill": round((timezone.now() - turn.created_at).total_seconds(), 3),
        }
        Round.objects.filter(pk=turn.pk).update(timings=turn.timings)
    return turn


@transaction.atomic
def top_up(project: Project, user: User) -> int:
    """Queue random items that `user` may label, for want of ranked ones; return how many."""
    skipped = Lease.objects.filter(item=OuterRef("pk"), user=user, outcome=Lease.Outcome.SKIPPED)
    fresh = _pool(project).filter(~Exists(skipped))
    ordinary = fresh.filter(audit_key__gte=pool.reserve(project), gold__isnull=True)
    drawn = [
        (item, {**RANDOM, "suggestion": item.suggested})
        for item in ordinary.order_by("audit_key")[: TOP_UP + TOP_UP_EACH * _at_work(project)]
    ]
    # The first item makes the seed differ from one stretch to the next.
    rng = random.Random(f"{project.seed}/{drawn[0][0].position if drawn else -1}")
    wishes = _mix(project, fresh, drawn, rng) or _missing_opinions(project, user)
    return append(project, wishes)


def _at_work(project: Project) -> int:
    """Return how many items are with people; a bound is enough, as they are counted for this."""
    held = QueueEntry.objects.filter(project=project, state=QueueEntry.State.LEASED)
    return len(held.values_list("pk")[:MOST_AT_WORK])


def append(project: Project, wishes: Iterable[Wish]) -> int:
    """Put wishes at the end of the queue, and return for how many items."""
    waiting = QueueEntry.objects.filter(project=project, state=QueueEntry.State.OPEN)
    last = waiting.order_by("-rank").values_list("rank", flat=True).first()
    return _enqueue(project, wishes, rank=0 if last is None else last + 1)


def withdraw_open(project: Project) -> None:
    """Take back what waits in the queue; opinions that an item still misses come first from now."""
    _withdraw(QueueEntry.objects.filter(project=project, state=QueueEntry.State.OPEN))


@transaction.atomic
def withdraw_page(items: Sequence[int]) -> None:
    """Take back what was queued for a bulk page alone, so that nobody is asked what is sure."""
    waiting = QueueEntry.objects.filter(item__in=items, state=QueueEntry.State.OPEN)
    _withdraw(waiting.filter(strategy=BULK, rank__gt=AHEAD))


def _withdraw(waiting: QuerySet[QueueEntry]) -> None:
    begun = QueueEntry.objects.filter(item=OuterRef("item"), state__gt=QueueEntry.State.OPEN)
    # What is only put by is not begun: a second opinion on it stays behind all that is ranked.
    put_by = Exists(begun.filter(state=QueueEntry.State.LEASED, strategy=SPARE))
    done = Exists(begun.filter(state=QueueEntry.State.DONE))
    waiting = waiting.exclude(put_by & ~done)
    waiting.filter(Exists(begun)).update(rank=AHEAD)
    unasked = list(waiting.exclude(rank=AHEAD).values_list("pk", "item_id"))
    QueueEntry.objects.filter(
        pk__in=[pk for pk, _item in unasked], state=QueueEntry.State.OPEN
    ).delete()
    left = QueueEntry.objects.filter(item=OuterRef("pk"))
    Item.objects.filter(
        ~Exists(left), pk__in=[item for _pk, item in unasked], state=Item.State.QUEUED
    ).update(state=Item.State.POOL)


def reopen(entries: QuerySet[QueueEntry]) -> int:
    """Give leased entries back to the queue, at their old rank, and return how many.

    What was settled while somebody held it is asked no more.
    """
    entries.filter(state=QueueEntry.State.LEASED, item__state=Item.State.LABELLED).delete()
    return entries.filter(state=QueueEntry.State.LEASED).update(
        state=QueueEntry.State.OPEN, user=None, lease_id=None, leased_until=None
    )


@transaction.atomic
def match_overlap(project: Project) -> None:
    """Fit the queue to the number of opinions that an item needs now.

    Items with all opinions that they need are finished; those that were finished stay so.
    """
    _ask_more(project)
    begun = Item.objects.filter(
        project=project, state__in=[Item.State.QUEUED, Item.State.ASIDE], answers__gt=0
    )
    enough = list(begun.filter(answers__gte=project.overlap).values_list("pk", flat=True))
    waiting = QueueEntry.objects.filter(project=project, state=QueueEntry.State.OPEN)
    waiting.filter(Q(slot__gte=project.overlap) | Q(item__in=enough)).delete()
    Item.objects.filter(pk__in=enough).update(state=Item.State.LABELLED)
    disagree.note(project, enough)
    answers = Annotation.objects.filter(item__in=enough, counted=True, withdrawn_at=None)
    last = dict(answers.exclude(user=None).order_by("pk").values_list("item", "user"))
    for user, number in Counter(last.values()).items():
        tally.add(project, User(pk=user), finished=number)


def _ask_more(project: Project) -> None:
    """Queue what items in the queue miss now, beside what they were queued with.

    Left to a dry queue, an audit item would wait for its second opinion, and the audit set end
    before it, as long as rounds refill the queue.
    """
    entries = QueueEntry.objects.filter(project=project, item__state=Item.State.QUEUED)
    slots: dict[int, set[int]] = defaultdict(set)
    first: dict[int, QueueEntry] = {}
    for entry in entries.select_for_update(of=("self",)).order_by("pk"):
        slots[entry.item_id].add(entry.slot)
        first.setdefault(entry.item_id, entry)
    missing = [
        QueueEntry(
            project=project,
            item_id=item,
            slot=slot,
            rank=entry.rank,
            why=entry.why,
            **entry.provenance(),
        )
        for item, entry in first.items()
        for slot in range(project.overlap)
        if slot not in slots[item]
    ]
    QueueEntry.objects.bulk_create(missing, ignore_conflicts=True)


def _pool(project: Project) -> QuerySet[Item]:
    return Item.objects.filter(project=project, state=Item.State.POOL)


def _missing_opinions(project: Project, user: User) -> list[Wish]:
    """Return wishes for items that `user` may label, are begun, and nobody is asked about."""
    of_item = {"item": OuterRef("pk")}
    items = Item.objects.filter(project=project, state=Item.State.QUEUED).filter(
        ~Exists(QueueEntry.objects.filter(state__lt=QueueEntry.State.DONE, **of_item)),
        ~Exists(Annotation.objects.filter(ANSWERED, user=user, **of_item)),
        ~Exists(Lease.objects.filter(user=user, outcome=Lease.Outcome.SKIPPED, **of_item)),
    )
    return [
        (item, AUDIT if item.audit_key < pool.reserve(project) else RANDOM)
        for item in items.order_by("audit_key")[:TOP_UP]
    ]


def _picked_items(turn: Round) -> list[Wish]:
    positions = [pick["position"] for pick in turn.picks]
    # By their places alone: asked for their state, too, SQLite would go through the whole pool.
    items = Item.objects.filter(project=turn.project, position__in=positions)
    by_position = {item.position: item for item in items if item.state == Item.State.POOL}
    common = {
        "source": Source.ACTIVE,
        "strategy": turn.strategy,
        "round_id": turn.pk,
        "model_id": turn.model_id,
    }
    wishes = []
    for pick in turn.picks:
        item = by_position.get(pick["position"])
        if item is None:
            continue
        own = {name: pick[name] for name in ("score", "probability", "why")}
        wishes.append((item, {**common, **own, "suggestion": pick["suggestion"] or item.suggested}))
    return wishes


# Mixing ------------------------------------------------------------------------------------------


def _mix(
    project: Project, free: QuerySet[Item], picks: list[Wish], rng: random.Random
) -> list[Wish]:
    """Return `picks` with audits and hidden checks from `free` among them, and decoys marked.

    Where there are no picks any more, what was left to the audits is served, so that in the end
    every item gets its label.
    """
    share = project.audit_share
    length = math.ceil(len(picks) / (1 - share)) if picks else TOP_UP
    places = audit_places(share, _audits_owed(project), length, rng) if picks else range(length)
    audits = [(item, dict(AUDIT)) for item in _next_audits(project, free, len(places))]
    checks = _hidden_checks(project, free, round(project.gold_share * length) if picks else TOP_UP)
    ordinary = _with_decoys(picks, len(audits), rng)
    mixed: list[Wish] = []
    for place in range(length + len(checks)):
        if audits and place in places:
            mixed.append(audits.pop(0))
        elif checks and rng.random() < project.gold_share:
            mixed.append(checks.pop(0))
        elif ordinary:
            mixed.append(ordinary.pop(0))
    return mixed + ordinary + checks


def audit_places(share: float, owed: float, length: int, rng: random.Random) -> set[int]:
    """Return at which places of a stretch of `length` audits come: one in each 1 / share of them.

    `owed` is how many audits the stretches before fell short of their share; it moves the grid
    so that the share is kept over all stretches, though each is cut off at an unknown place.

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
    return project.audit_share * (sums["n"] or 0) - (sums["a"] or 0)


def _next_audits(project: Project, free: QuerySet[Item], number: int) -> list[Item]:
    """Return the next items of the audit permutation, after those that somebody skipped."""
    bound = pool.reserve(project)
    skipped = FIND_SKIPPED(project.pk, bound)
    reserved = free.filter(audit_key__lt=bound).order_by("audit_key")
    again = list(reserved.filter(pk__in=skipped)[:number]) if skipped else []
    return [*again, *reserved.filter(skips=0)[:number]]


def _hidden_checks(project: Project, free: QuerySet[Item], number: int) -> list[Wish]:
    # Those that the audit stream will ask anyway are left to it.
    bound = pool.reserve(project)
    known = FIND_GOLD(project.pk) if number else []
    waiting = sorted(
        (key, pk) for key, pk, state in known if key >= bound and state == Item.State.POOL
    )
    chosen = [pk for _key, pk in waiting[:number]]
    checks = free.filter(pk__in=chosen).order_by("audit_key") if chosen else []
    return [(item, _as_check(project, item)) for item in checks]


def _as_check(project: Project, item: Item) -> dict[str, Any]:
    """Return how the item is asked: as others are where nobody can give its known answer."""
    if not naming.stand(project, item.gold or []):
        return dict(RANDOM)
    return {"source": Source.GOLD, "blind": True, "strategy": "gold"}


def _with_decoys(picks: list[Wish], number: int, rng: random.Random) -> list[Wish]:
    """Mark as many of the ordinary wishes as blind, so that blind does not mean audit."""
    for index in rng.sample(range(len(picks)), min(number, len(picks))):
        picks[index] = (picks[index][0], {**picks[index][1], "blind": True})
    return picks


# Storing -----------------------------------------------------------------------------------------


def _enqueue(project: Project, wishes: Iterable[Wish], rank: int) -> int:
    """Store an entry for each opinion that the items need, and return for how many items."""
    wishes = list(wishes)
    entries = [
        QueueEntry(project=project, item=item, slot=slot, rank=rank + place, **provenance)
        for place, (item, provenance) in enumerate(wishes)
        for slot in range(project.overlap)
    ]
    # Two windows that found the queue dry at once wish for the same items; the second adds nothing.
    QueueEntry.objects.bulk_create(entries, ignore_conflicts=True)
    items = [item.pk for item, _provenance in wishes]
    Item.objects.filter(pk__in=items, state=Item.State.POOL).update(state=Item.State.QUEUED)
    return len(items)
