"""Picks become queue entries, mixed with the audit stream.

Audits are every `1 / audit_share`-th entry on average, at a random place in each stretch of that
length, and in the order of the audit permutation. As many ordinary entries are served blind, too.
"""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, time
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Sum, Value, When
from django.utils import timezone
from django.utils.translation import gettext_noop

from annotator.db.compiled_queries import Rows
from annotator.flow.labels import naming
from annotator.flow.progress import daily_counts
from annotator.flow.review import disagreements
from annotator.jobs.runner import job
from annotator.models import (
    ANSWERED,
    Annotation,
    Disagreement,
    Item,
    Lease,
    Project,
    QueueEntry,
    Round,
    Source,
    Tally,
    User,
)
from annotator.pool import audit_set

# How many random items come where the queue is dry: so many, and some for everybody at work, or a
# crowd would spend its time on topping up. The next refill withdraws what nobody took.
TOP_UP = 20
TOP_UP_EACH = 3
MOST_AT_WORK = 100
AT_ONCE = 500
# Beside the keys of projects, in the one space of numbers that a database has for such locks.
FILLING = 7 << 40
BATCHES_AHEAD = 3
# Larger pools are not counted where somebody waits: of them, few are ever labelled.
COUNTED_ONE_BY_ONE = 100_000
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
    ordinary = fresh.filter(audit_key__gte=audit_set.reserve(project), gold__isnull=True)
    found = list(ordinary.order_by("audit_key")[: TOP_UP + TOP_UP_EACH * _at_work(project)])
    chance = chance_among_ordinary(project, len(found))
    drawn = [
        (item, {**RANDOM, "probability": chance, "suggestion": item.suggested}) for item in found
    ]
    # The first item makes the seed differ from one stretch to the next.
    rng = random.Random(f"{project.seed}/{drawn[0][0].position if drawn else -1}")
    wishes = _mix(project, fresh, drawn, rng) or _missing_opinions(project, user)
    return append(project, wishes)


def chance_among_ordinary(project: Project, drawn: int) -> float | None:
    """Return the probability with which `drawn` random items are taken from the pool.

    They are taken from outside the reserve of the audits.
    """
    if not drawn:
        return None
    if project.items > COUNTED_ONE_BY_ONE:
        return chance_without_counting(project, drawn)
    return _chance(drawn, _pool(project).filter(audit_key__gte=audit_set.reserve(project)).count())


def chance_without_counting(project: Project, drawn: int) -> float | None:
    """Return nearly the same at no cost: what waits in the queue counts as in the pool."""
    sums = Tally.objects.filter(project=project).aggregate(n=Sum("finished"), a=Sum("audits"))
    ordinary = project.items * (1 - project.audit_share)
    taken = (sums["n"] or 0) - (sums["a"] or 0) / project.overlap
    return _chance(drawn, max(round(ordinary - taken), drawn))


def _chance(drawn: int, of: int) -> float | None:
    """Return the probability of each of `of` items to be among those that were drawn."""
    return round(min(drawn / of, 1.0), 9) if of else None


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

    Audits come before all else: the estimate waits for the first of them that is not answered.
    What was settled while somebody held it is asked no more.
    """
    entries.filter(state=QueueEntry.State.LEASED, item__state=Item.State.LABELLED).delete()
    rank = Case(When(source=Source.AUDIT, then=Value(AHEAD)), default=F("rank"))
    return entries.filter(state=QueueEntry.State.LEASED).update(
        state=QueueEntry.State.OPEN, user=None, lease_id=None, leased_until=None, rank=rank
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
    disagreements.note(project, enough)
    _complete(project, enough)


def _complete(project: Project, items: list[int]) -> None:
    """Count the items as completed by their newest answers."""
    answers = Annotation.objects.filter(item__in=items, counted=True, withdrawn_at=None)
    last = dict(answers.order_by("pk").values_list("item", "pk"))
    completing = Annotation.objects.filter(pk__in=list(last.values()))
    completing.update(completes=True)
    _count_finished(project, completing, 1)


def _reopen_completed(project: Project, items: list[int]) -> None:
    """Count the items as completed by nobody, until they have all that they need now."""
    completing = Annotation.objects.filter(item__in=items, completes=True)
    _count_finished(project, completing, -1)
    completing.update(completes=False)


def _count_finished(project: Project, completing: QuerySet[Annotation], sign: int) -> None:
    """Count these answers as ones that finish an item, or no more, each on its own day."""
    rows = completing.exclude(user=None).values_list("user", "created_at")
    days = Counter((user, at.astimezone(UTC).date()) for user, at in rows)
    for (user, day), number in sorted(days.items()):
        at = datetime.combine(day, time(), UTC)
        daily_counts.add(project, User(pk=user), at=at, finished=sign * number)


def _ask_more(project: Project, items: list[int] | None = None) -> None:
    """Queue what items in the queue miss now, beside what they were queued with.

    Left to a dry queue, an audit item would wait for its second opinion, and the audit set end
    before it, as long as rounds refill the queue.
    """
    entries = QueueEntry.objects.filter(project=project, item__state=Item.State.QUEUED)
    if items is not None:
        entries = entries.filter(item__in=items)
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


def mix_anew(project: Project) -> None:
    """Mix what waits by the shares of audits and gold items that hold now, its order kept."""
    with alone(project):
        waiting = QueueEntry.objects.filter(
            project=project,
            state=QueueEntry.State.OPEN,
            rank__gt=AHEAD,
            source__in=[Source.ACTIVE, Source.RANDOM],
            # What is left to the audits now is served by no other way.
            item__audit_key__gte=audit_set.reserve(project),
        ).exclude(strategy__in=[BULK, SPARE])
        entries = {entry.item_id: entry for entry in waiting.order_by("-rank", "-pk")}
        if not entries:
            return
        withdraw_open(project)
        free = {item.pk: item for item in _pool(project).filter(pk__in=entries)}
        wishes = [
            (free[item], {**entry.provenance(), "blind": False, "why": entry.why})
            for item, entry in reversed(entries.items())
            if item in free
        ]
        rng = random.Random(f"{project.seed}/shares/{wishes[0][0].position if wishes else -1}")
        _enqueue(project, _mix(project, _pool(project), wishes, rng), rank=0)


# Items that are finished with fewer opinions than are wanted now ---------------------------------


def count_missing(project: Project) -> int:
    """Return how many finished items have fewer opinions than an item needs now."""
    return _missing(project).count() if project.overlap > 1 else 0


def ask_missing(project: Project) -> int:
    """Have the opinions asked that finished items miss, and return for how many items.

    Until it has them, such an item is not finished, nor does it count as an audit.
    """
    asked = 0
    while items := list(_missing(project).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        asked += _ask_again(project, items)
    return asked


def _missing(project: Project) -> QuerySet[Item]:
    """Return those items, without what an expert or a lead settled."""
    of_item = {"item": OuterRef("pk")}
    seeds = Annotation.objects.filter(source=Source.SEED, withdrawn_at=None, **of_item)
    decided = Disagreement.objects.filter(state=Disagreement.State.DECIDED, **of_item)
    finished = Item.objects.filter(
        project=project, state=Item.State.LABELLED, answers__gt=0, answers__lt=project.overlap
    )
    return finished.filter(~Exists(seeds), ~Exists(decided))


@transaction.atomic
def _ask_again(project: Project, items: list[int]) -> int:
    # Entries before items, as in a save.
    list(QueueEntry.objects.filter(item__in=items).select_for_update().order_by("pk"))
    still = list(_missing(project).filter(pk__in=items).values_list("pk", flat=True))
    Item.objects.filter(pk__in=still).update(state=Item.State.QUEUED)
    _ask_more(project, still)
    _reopen_completed(project, still)
    return len(items)


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
    missing = list(items.order_by("audit_key")[:TOP_UP])
    # They were drawn once, with their first opinion.
    entries = QueueEntry.objects.filter(item__in=[item.pk for item in missing])
    chances = dict(entries.values_list("item", "probability"))
    bound = audit_set.reserve(project)
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
    audits = _audits(project, free, len(places))
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


def _audits(project: Project, free: QuerySet[Item], number: int) -> list[Wish]:
    """Return wishes for the next audits.

    Any item that the audit permutation has not come to yet might have been the next.
    """
    items = _next_audits(project, free, number)
    if not items:
        return []
    first = min(item.audit_key for item in items)
    # Every state is named, as the index begins with it.
    before = Item.objects.filter(
        project=project, state__in=Item.State.values, audit_key__lt=first
    ).count()
    chance = _chance(len(items), project.items - before)
    return [(item, {**AUDIT, "probability": chance}) for item in items]


def _next_audits(project: Project, free: QuerySet[Item], number: int) -> list[Item]:
    """Return the next items of the audit permutation, after those that somebody skipped."""
    bound = audit_set.reserve(project)
    skipped = FIND_SKIPPED(project.pk, bound)
    reserved = free.filter(audit_key__lt=bound).order_by("audit_key")
    again = list(reserved.filter(pk__in=skipped)[:number]) if skipped else []
    return [*again, *reserved.filter(skips=0)[:number]]


def _hidden_checks(project: Project, free: QuerySet[Item], number: int) -> list[Wish]:
    # Those that the audit stream will ask anyway are left to it.
    bound = audit_set.reserve(project)
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
