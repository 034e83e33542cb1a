"""Verification of running counters against the rows, at night or by hand.

| counter                            | what it must be                                          |
|------------------------------------|----------------------------------------------------------|
| Project.items, removed             | how many positions there are, and how many removed items |
| Item.answers                       | its answers that count and were not taken back           |
| Item.skips                         | its leases that ended with a skip                        |
| Item.state                         | what its answers and queue entries say                   |
| Annotation.completes               | one of a labelled item's answers that count, of no other |
| Tally.labels, audits, seconds      | a person's answers that stand, by the day they were      |
|                                    | given; of seconds, what counts of them                   |
| Tally.finished                     | the answers among them that complete an item             |
| Tally.skips                        | their leases that were skipped, by day                   |
| Tally.changes                      | their changes, seeds and decisions, summed over all days |

People go on labelling meanwhile. An item that seems wrong is looked at again under its lock, which
every change of it takes; a sum counts as wrong only if it stood still while its rows were counted.
So nothing is blamed for having changed in between, and no lock is held for more than one item.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q
from django.utils import timezone

from annotator.flow.progress import expected_tallies
from annotator.flow.progress.expected_tallies import Numbers
from annotator.flow.queue import skipped_items
from annotator.flow.review import disagreements
from annotator.models import (
    Annotation,
    Item,
    Lease,
    Membership,
    Project,
    QueueEntry,
    Source,
    Tally,
)

log = logging.getLogger(__name__)

AT_ONCE = 500
# Pause between two chunks of items, so that annotators are not blocked.
PAUSE = 0.005
TRIES = 5
NIGHTLY_SHOWN = 20
# Sums of seconds differ by the order of addition.
CLOSE = 0.05


@dataclass(frozen=True)
class Difference:
    """A wrong counter: `of` is the key of its item, user or project.

    `day` is that of a tally, if it is counted by day.
    """

    counter: str
    of: int
    stored: float
    counted: float
    mended: bool = False
    day: str = ""


def recount(project: Project, *, mend: bool = False, pause: float = PAUSE) -> list[Difference]:
    """Return the project's wrong counters, corrected on request; the result is stored."""
    started = time.monotonic()
    found = [
        *_of_items(project, mend, pause),
        # After the items, because they depend on the items' states.
        *_of_completing(project, mend),
        *_of_people(project, mend),
    ]
    outcome = {
        "at": timezone.now().isoformat(),
        "seconds": round(time.monotonic() - started, 1),
        "items": project.items,
        "wrong": len(found),
        "left": sum(not each.mended for each in found),
        "shown": [asdict(each) for each in found[:NIGHTLY_SHOWN]],
    }
    Project.objects.filter(pk=project.pk).update(recounted=outcome)
    return found


def projects() -> list[int]:
    """Return the keys of the projects whose counters should be verified."""
    return list(Project.objects.alive().order_by("pk").values_list("pk", flat=True))


def prove(project_pk: int) -> None:
    """Verify a project's counters without changing anything, and log every difference."""
    project = Project.objects.alive().filter(pk=project_pk).first()
    if project is None:
        return
    for each in recount(project):
        log.error(
            "project %d: %s of %d is %s, but the rows say %s",
            project.pk,
            each.counter,
            each.of,
            each.stored,
            each.counted,
        )


# Items -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExpectedCounts:
    """Expected counters of one item, from the rows."""

    answers: int = 0
    seeds: int = 0
    skips: int = 0
    waiting: int = 0
    asked: int = 0

    def state_of(self, item: Item, overlap: int) -> int:
        """Return the item's correct state; its own if several are valid."""
        if item.state == Item.State.REMOVED:
            return item.state
        # It was complete when it was finished, though the overlap may have been raised since.
        was_enough = item.state == Item.State.LABELLED and self.answers > 0
        if self.answers >= overlap or self.seeds or was_enough:
            return Item.State.LABELLED
        if self.waiting:
            return Item.State.QUEUED
        if item.state == Item.State.ASIDE and self.skips:
            return Item.State.ASIDE
        if not self.asked and not self.answers:
            return Item.State.POOL
        return item.state if item.state == Item.State.POOL else Item.State.QUEUED


def _of_items(project: Project, mend: bool, pause: float) -> Iterator[Difference]:
    seen, position = 0, -1
    while items := list(_behind(project, position)):
        truths = _truths([item.pk for item in items])
        for item in items:
            truth = truths.get(item.pk, ExpectedCounts())
            if _wrong(item, truth, project.overlap):
                yield from _looked_at_again(item.pk, mend)
            elif item.skips and item.state < Item.State.LABELLED:
                # The members who could have been asked may have left the project.
                skipped_items.set_aside(project, item.pk)
        disagreements.find_missed(project, [item.pk for item in items if item.answers])
        seen, position = seen + len(items), items[-1].position
        time.sleep(pause)
    # Positions are dense, so items that came meanwhile are counted without another query.
    yield from _of_project(project, position + 1 - seen, mend)


def _behind(project: Project, position: int) -> Any:
    rows = Item.objects.filter(project=project, position__gt=position).order_by("position")
    return rows.only("pk", "project_id", "position", "answers", "skips", "state")[:AT_ONCE]


def _truths(items: list[int]) -> dict[int, ExpectedCounts]:
    """Return the expected counters of each item with rows, by one index scan each."""
    answers = Annotation.objects.filter(item__in=items, counted=True, withdrawn_at=None)
    skipped = Lease.objects.filter(item__in=items, outcome__in=Lease.SKIPS)
    entries = QueueEntry.objects.filter(item__in=items)
    said: dict[int, dict[str, int]] = {}
    looks: Sequence[Any] = (
        answers.values("item").annotate(
            answers=Count("pk"), seeds=Count("pk", filter=Q(source=Source.SEED))
        ),
        skipped.values("item").annotate(skips=Count("pk")),
        entries.values("item").annotate(
            asked=Count("pk"), waiting=Count("pk", filter=Q(state__lt=QueueEntry.State.DONE))
        ),
    )
    for rows in looks:
        for row in rows:
            said.setdefault(row.pop("item"), {}).update(row)
    return {item: ExpectedCounts(**numbers) for item, numbers in said.items()}


def _wrong(item: Item, truth: ExpectedCounts, overlap: int) -> dict[str, int]:
    """Return the correct values of the item's wrong counters."""
    right = {
        "answers": truth.answers,
        "skips": truth.skips,
        "state": truth.state_of(item, overlap),
    }
    return {name: value for name, value in right.items() if getattr(item, name) != value}


@transaction.atomic
def _looked_at_again(pk: int, mend: bool) -> list[Difference]:
    # Any change of what is counted here also changes the item, and so waits for this lock.
    item = Item.objects.select_for_update(of=("self",)).select_related("project").get(pk=pk)
    truth = _truths([pk]).get(pk, ExpectedCounts())
    wrong = _wrong(item, truth, item.project.overlap)
    if wrong and mend:
        Item.objects.filter(pk=pk).update(**wrong)
    return [
        Difference(f"item.{name}", pk, getattr(item, name), value, mend)
        for name, value in wrong.items()
    ]


@transaction.atomic
def _of_project(project: Project, holes: int, mend: bool) -> list[Difference]:
    # An import assigns positions under this lock.
    row = Project.objects.select_for_update().get(pk=project.pk)
    newest = Item.objects.filter(project=row).aggregate(n=Max("position"))["n"]
    gone = Item.objects.filter(project=row, state=Item.State.REMOVED).count()
    right = {"items": 0 if newest is None else newest + 1 - holes, "removed": gone}
    wrong = {name: value for name, value in right.items() if getattr(row, name) != value}
    if wrong and mend:
        Project.objects.filter(pk=row.pk).update(**wrong)
    return [
        Difference(f"project.{name}", row.pk, getattr(row, name), value, mend)
        for name, value in wrong.items()
    ]


# Completing annotations ---------------------------------------------------------------------------


def _of_completing(project: Project, mend: bool) -> Iterator[Difference]:
    """Compare which annotations complete an item with which items are labelled."""
    standing = Annotation.objects.filter(project=project, counted=True, withdrawn_at=None)
    of_item = standing.filter(item=OuterRef("pk"))
    items = Item.objects.filter(project=project, answers__gt=0).order_by("pk")
    missing = items.filter(~Exists(of_item.filter(completes=True)), state=Item.State.LABELLED)
    saying = Annotation.objects.filter(project=project, completes=True)
    wrongly = saying.exclude(item__state=Item.State.LABELLED, counted=True, withdrawn_at=None)
    several = saying.values("item").annotate(n=Count("pk")).filter(n__gt=1)
    found = {
        *missing.values_list("pk", flat=True),
        *wrongly.values_list("item", flat=True),
        *several.values_list("item", flat=True),
    }
    for item in sorted(found):
        yield from _completed_again(item, mend)


@transaction.atomic
def _completed_again(pk: int, mend: bool) -> list[Difference]:
    item = Item.objects.select_for_update(of=("self",)).get(pk=pk)
    answers = Annotation.objects.filter(item=item)
    standing = answers.filter(counted=True, withdrawn_at=None)
    is_labelled = item.state == Item.State.LABELLED
    saying = sorted(answers.filter(completes=True).values_list("pk", flat=True))
    allowed = set(standing.values_list("pk", flat=True)) if is_labelled else set()
    # The one marked already, else the newest.
    right = sorted(allowed.intersection(saying))[:1] or sorted(allowed)[-1:]
    if saying == right:
        return []
    if mend:
        answers.filter(completes=True).update(completes=False)
        answers.filter(pk__in=right).update(completes=True)
    return [Difference("item.completed", pk, len(saying), len(right), mend)]


# Users --------------------------------------------------------------------------------------------


def _of_people(project: Project, mend: bool) -> Iterator[Difference]:
    members = Membership.objects.filter(project=project).values_list("user", flat=True)
    tallied = Tally.objects.filter(project=project).values_list("user", flat=True)
    for user in sorted({*members, *tallied}):
        for (name, day), (stored, counted) in _of_person(project, user).items():
            mended = mend and expected_tallies.add(project, user, day, name, counted - stored)
            of_day = "" if day is None else day.isoformat()
            yield Difference(f"tally.{name}", user, stored, counted, mended, of_day)


def _of_person(project: Project, user: int) -> dict[tuple[str, date | None], tuple[float, float]]:
    return _stood_still(
        lambda: expected_tallies.stored(project, user),
        lambda: expected_tallies.counted(project, user),
    )


def _stood_still(
    stored: Callable[[], Numbers], counted: Callable[[], Numbers]
) -> dict[tuple[str, date | None], tuple[float, float]]:
    """Return (stored, counted) of the differences, if nothing changed during two counts.

    Twice, as a skip that was taken back during a count leaves the sum as it was. A user who works
    without a pause is verified another night.
    """
    seen = None
    for _try in range(TRIES):
        before, right = stored(), counted()
        pairs = {key: (before.get(key, 0), right.get(key, 0)) for key in {**before, **right}}
        wrong = {key: pair for key, pair in pairs.items() if abs(pair[0] - pair[1]) > CLOSE}
        still = stored() == before
        if not wrong or (still and wrong == seen):
            return wrong
        seen = wrong if still else None
    return {}
