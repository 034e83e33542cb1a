"""What the daily counts must be, computed from the rows: of all items, or of some of them."""

from collections.abc import Collection
from datetime import UTC, date
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate

from annotator.flow.progress import daily_counts
from annotator.models import Annotation, Decision, Lease, Project, Revision, Source, Tally

BY_DAY = ("labels", "finished", "audits", "skips", "seconds")

# A user's figures: by counter name and day, None for the sum over all days.
Numbers = dict[tuple[str, date | None], float]


def stored(project: Project, user: int) -> Numbers:
    """Return the user's tallies as they are stored, all of the same moment."""
    # One statement: a withdrawal between two would show in one sum and not in the other.
    own = Tally.objects.filter(project=project, user=user)
    rows = list(own.values("day", "changes", *BY_DAY))
    by_day: Numbers = {(name, row["day"]): row[name] for row in rows for name in BY_DAY}
    return {**by_day, ("changes", None): sum(row["changes"] for row in rows)}


def counted(project: Project, user: int, items: Collection[int] | None = None) -> Numbers:
    """Return the correct values of the user's tallies, or what these items count for in them."""
    found: Numbers = {("changes", None): _changes(project, user, items)}
    for row in _answers_by_day(project, user, items):
        day, seconds = row.pop("day"), row.pop("spent") or 0.0
        found |= {(name, day): number for name, number in {**row, "seconds": seconds}.items()}
    skipped = Lease.objects.filter(project=project, user=user, outcome__in=Lease.SKIPS)
    skips = _of(skipped, items).annotate(day=TruncDate("ended_at", tzinfo=UTC)).values("day")
    for row in skips.annotate(n=Count("pk")).order_by():
        found["skips", row["day"]] = row["n"]
    return found


def people(project: Project, items: Collection[int]) -> set[int]:
    """Return the users in whose tallies these items count."""
    of_items = Annotation.objects.filter(project=project, item__in=items)
    revisions = Revision.objects.filter(annotation__item__in=items)
    leases = Lease.objects.filter(project=project, item__in=items, outcome__in=Lease.SKIPS)
    decisions = Decision.objects.filter(project=project, item__in=items)
    names = [
        (of_items, "user"),
        (of_items, "imported__user"),
        (revisions, "user"),
        (leases, "user"),
        (decisions, "user"),
        (decisions, "taken_back_by"),
    ]
    found = {user for rows, name in names for user in rows.order_by().values_list(name, flat=True)}
    return {user for user in found if user is not None}


def add(project: Project, user: int, day: date | None, name: str, amount: float) -> bool:
    """Add to the user's day, or to the newest one, beside concurrent increments."""
    own = Tally.objects.filter(project=project, user=user)
    if day is None:
        day = own.order_by("-day").values_list("day", flat=True).first() or daily_counts.today()
    row = own.get_or_create(project=project, user_id=user, day=day)[0]
    return bool(Tally.objects.filter(pk=row.pk).update(**{name: F(name) + amount}))


def _of(rows: Any, items: Collection[int] | None, name: str = "item") -> Any:
    return rows if items is None else rows.filter(**{f"{name}__in": items})


def _answers_by_day(project: Project, user: int, items: Collection[int] | None) -> Any:
    stands, counts, seed = Q(withdrawn_at=None), Q(counted=True), Q(source=Source.SEED)
    own = _of(_tallied(project, user), items)
    days = own.annotate(day=TruncDate("created_at", tzinfo=UTC)).values("day").order_by()
    return days.annotate(
        labels=Count("pk", filter=stands & counts & ~seed),
        audits=Count("pk", filter=stands & counts & Q(source=Source.AUDIT)),
        finished=Count("pk", filter=Q(completes=True)),
        # The time for an extra annotation remains spent, even if it is withdrawn.
        spent=Sum(daily_counts.COUNTED_SECONDS, filter=stands | ~counts),
    )


def _tallied(project: Project, user: int) -> Any:
    """Return the annotations in the user's tallies: theirs, and those imported without an author.

    An author without an account has no tallies, so whoever imported the answer has it.
    """
    return Annotation.objects.filter(
        Q(user=user) | Q(user=None, imported__user=user), project=project
    )


def _changes(project: Project, user: int, items: Collection[int] | None) -> int:
    revisions = Revision.objects.filter(annotation__project=project, user=user)
    # Not a requested label, but a change that a model should be trained on.
    seeds = _tallied(project, user).filter(source=Source.SEED)
    decisions = _of(Decision.objects.filter(project=project), items)
    decided = int(decisions.filter(user=user).count())
    decided += int(decisions.filter(taken_back_by=user).count())
    of_items = _of(revisions, items, "annotation__item"), _of(seeds, items)
    return sum(int(rows.count()) for rows in of_items) + decided
