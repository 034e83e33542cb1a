"""Whatever is counted on the way is counted again from the rows, at night or by hand.

| counter                            | what it must be                                          |
|------------------------------------|----------------------------------------------------------|
| Project.items                      | how many items there are                                 |
| Item.answers                       | its answers that count and were not taken back           |
| Item.skips                         | its leases that ended with a skip                        |
| Item.state                         | what its answers and queue entries say                   |
| Tally.labels, audits, seconds      | a person's answers that stand, summed over all days      |
| Tally.skips, changes               | their leases that were skipped, their changes, seeds and |
|                                    | decisions                                                |
| Tally.finished                     | of all people together: the items that are labelled      |

People go on labelling meanwhile. An item that seems wrong is looked at again under its lock, which
every change of it takes; a sum counts as wrong only if it stood still while its rows were counted.
So nothing is blamed for having changed in between, and no lock is held for more than one item.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max, Q, Sum
from django.utils import timezone

from annotator.flow import aside, disagree
from annotator.models import (
    Annotation,
    Decision,
    Item,
    Lease,
    Membership,
    Project,
    QueueEntry,
    Revision,
    Source,
    Tally,
)

log = logging.getLogger(__name__)

AT_ONCE = 500
# Between two looks at the items, so that people get their turn.
PAUSE = 0.005
TRIES = 5
NIGHTLY_SHOWN = 20
# Sums of seconds differ by how they were added up.
CLOSE = 0.05
TALLIED = ("labels", "audits", "seconds", "skips", "changes")


@dataclass(frozen=True)
class Difference:
    """A counter that is not what the rows say: `of` is the key of its item, person or project."""

    counter: str
    of: int
    stored: float
    counted: float
    mended: bool = False


def recount(project: Project, *, mend: bool = False, pause: float = PAUSE) -> list[Difference]:
    """Return which counters of the project are wrong, mended if wanted; store what was found."""
    started = time.monotonic()
    found = [
        *_of_items(project, mend, pause),
        *_of_people(project, mend),
        # Last, as it depends on the items' states.
        *_of_finished(project, mend),
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
    """Return the keys of the projects whose counters are worth a look."""
    return list(Project.objects.alive().order_by("pk").values_list("pk", flat=True))


def prove(project_pk: int) -> None:
    """Recount a project without changing anything, and log every difference."""
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
class Truth:
    """What the rows say about one item."""

    answers: int = 0
    seeds: int = 0
    skips: int = 0
    waiting: int = 0
    asked: int = 0

    def state_of(self, item: Item, overlap: int) -> int:
        """Return what state the item must be in; its own where more than one is right."""
        # It had enough when it was finished, though more may be wanted of others since.
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
            truth = truths.get(item.pk, Truth())
            if _wrong(item, truth, project.overlap):
                yield from _looked_at_again(item.pk, mend)
            elif item.skips and item.state < Item.State.LABELLED:
                # Who could have been asked may have left the project.
                aside.set_aside(project, item.pk)
        disagree.find_missed(project, [item.pk for item in items if item.answers])
        seen, position = seen + len(items), items[-1].position
        time.sleep(pause)
    # Positions are dense, so what came meanwhile is counted without another look.
    yield from _of_project(project, position + 1 - seen, mend)


def _behind(project: Project, position: int) -> Any:
    rows = Item.objects.filter(project=project, position__gt=position).order_by("position")
    return rows.only("pk", "project_id", "position", "answers", "skips", "state")[:AT_ONCE]


def _truths(items: list[int]) -> dict[int, Truth]:
    """Return what the rows say about each item that has any, by a look at an index each."""
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
    return {item: Truth(**numbers) for item, numbers in said.items()}


def _wrong(item: Item, truth: Truth, overlap: int) -> dict[str, int]:
    """Return what the counters of the item must be, of those that are not."""
    right = {
        "answers": truth.answers,
        "skips": truth.skips,
        "state": truth.state_of(item, overlap),
    }
    return {name: value for name, value in right.items() if getattr(item, name) != value}


@transaction.atomic
def _looked_at_again(pk: int, mend: bool) -> list[Difference]:
    # Whoever changes what is counted here changes the item, too, and waits for this lock.
    item = Item.objects.select_for_update(of=("self",)).select_related("project").get(pk=pk)
    truth = _truths([pk]).get(pk, Truth())
    wrong = _wrong(item, truth, item.project.overlap)
    if wrong and mend:
        Item.objects.filter(pk=pk).update(**wrong)
    return [
        Difference(f"item.{name}", pk, getattr(item, name), value, mend)
        for name, value in wrong.items()
    ]


@transaction.atomic
def _of_project(project: Project, holes: int, mend: bool) -> list[Difference]:
    # An import gives out positions under this lock.
    row = Project.objects.select_for_update().get(pk=project.pk)
    newest = Item.objects.filter(project=row).aggregate(n=Max("position"))["n"]
    counted = 0 if newest is None else newest + 1 - holes
    if row.items == counted:
        return []
    if mend:
        Project.objects.filter(pk=row.pk).update(items=counted)
    return [Difference("project.items", row.pk, row.items, counted, mend)]


# People ------------------------------------------------------------------------------------------


def _of_people(project: Project, mend: bool) -> Iterator[Difference]:
    members = Membership.objects.filter(project=project).values_list("user", flat=True)
    tallied = Tally.objects.filter(project=project).values_list("user", flat=True)
    for user in sorted({*members, *tallied}):
        for name, (stored, counted) in _of_person(project, user).items():
            mended = mend and _add(project, user, name, counted - stored)
            yield Difference(f"tally.{name}", user, stored, counted, mended)


def _of_person(project: Project, user: int) -> dict[str, tuple[float, float]]:
    own = Tally.objects.filter(project=project, user=user)
    return _stood_still(lambda: _sums(own), lambda: _counted(project, user))


def _sums(tallies: Any) -> dict[str, float]:
    sums = tallies.aggregate(**{name: Sum(name) for name in TALLIED})
    return {name: value or 0 for name, value in sums.items()}


def _counted(project: Project, user: int) -> dict[str, float]:
    """Return what a person's tallies must add up to."""
    stands, counts, seed = Q(withdrawn_at=None), Q(counted=True), Q(source=Source.SEED)
    own = Annotation.objects.filter(project=project, user=user).aggregate(
        labels=Count("pk", filter=stands & counts & ~seed),
        audits=Count("pk", filter=stands & counts & Q(source=Source.AUDIT)),
        # The time for an extra opinion stays spent, also when it is taken back.
        seconds=Sum("seconds", filter=stands | ~counts),
        seeds=Count("pk", filter=seed),
    )
    skipped = Lease.objects.filter(project=project, user=user, outcome__in=Lease.SKIPS)
    changes = Revision.objects.filter(annotation__project=project, user=user)
    decisions = Decision.objects.filter(project=project)
    decided = decisions.filter(user=user).count() + decisions.filter(taken_back_by=user).count()
    return {
        "labels": own["labels"],
        "audits": own["audits"],
        "seconds": own["seconds"] or 0.0,
        "skips": skipped.count(),
        # A seed is nothing that was asked for, but a change that a model should see.
        "changes": changes.count() + own["seeds"] + decided,
    }


Numbers = dict[str, float]


def _stood_still(
    stored: Callable[[], Numbers], counted: Callable[[], Numbers]
) -> dict[str, tuple[float, float]]:
    """Return (stored, counted) of what differs, if the sums did not move while rows were counted.

    Whoever works without a pause is judged another night.
    """
    for _try in range(TRIES):
        before, right = stored(), counted()
        wrong = {
            name: (before[name], value)
            for name, value in right.items()
            if abs(before[name] - value) > CLOSE
        }
        if not wrong or stored() == before:
            return wrong
    return {}


def _of_finished(project: Project, mend: bool) -> Iterator[Difference]:
    """Compare how many items people finished with how many are; who of them did is not stored."""
    all_of_them = Tally.objects.filter(project=project)
    items = Item.objects.filter(project=project, state=Item.State.LABELLED)
    wrong = _stood_still(
        lambda: {"finished": all_of_them.aggregate(n=Sum("finished"))["n"] or 0},
        lambda: {"finished": items.count()},
    )
    for name, (stored, counted) in wrong.items():
        newest = all_of_them.order_by("-day", "-pk").values_list("user", flat=True).first()
        user = newest or project.created_by_id
        mended = mend and user is not None and _add(project, user, name, counted - stored)
        yield Difference(f"tally.{name}", project.pk, stored, counted, mended)


def _add(project: Project, user: int, name: str, amount: float) -> bool:
    """Add what is missing to the person's newest day, whatever is added to it meanwhile."""
    own = Tally.objects.filter(project=project, user=user)
    newest = own.order_by("-day").values_list("pk", flat=True).first()
    if newest is None:
        day = timezone.now().date()
        newest = own.get_or_create(project=project, user_id=user, day=day)[0].pk
    return bool(Tally.objects.filter(pk=newest).update(**{name: F(name) + amount}))
