"""Disagreements recorded for the lead, once an item has all its annotations.

Before that, a further annotation may settle it, and its annotator must not know the others.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from annotator.flow.labels import naming
from annotator.models import Annotation, Disagreement, Item, Project


@transaction.atomic
def record_disagreements(project: Project, items: Collection[int]) -> None:
    """Open a disagreement for each labelled item whose annotations differ.

    Call this for items that got an annotation beside another one; it closes nothing.
    """
    _open(project, _differing(project, items))


@transaction.atomic
def refresh_disagreements(project: Project, items: Collection[int]) -> None:
    """Like `record_disagreements`, and close open ones whose annotations no longer differ."""
    differing = _differing(project, items)
    _open(project, differing)
    same = set(items) - differing
    Disagreement.objects.filter(item__in=same, state=Disagreement.State.OPEN).delete()


def find_missed(project: Project, items: Collection[int]) -> None:
    """Record disagreements from code paths that do not compare annotations."""
    several = (
        Annotation.objects.filter(item__in=items, withdrawn_at=None)
        .values_list("item")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
    )
    found = _torn(project, [item for item, _number in several])
    noted = Disagreement.objects.filter(item__in=found).values_list("item", flat=True)
    # One by one, so that no lock spans more than one item.
    for item in sorted(found - set(noted)):
        record_disagreements(project, [item])


def _open(project: Project, items: Collection[int]) -> None:
    if not items:
        return
    now = timezone.now()
    rows = [Disagreement(project=project, item_id=item, opened_at=now) for item in sorted(items)]
    # Existing records stay, decided ones above all.
    Disagreement.objects.bulk_create(rows, ignore_conflicts=True)


def _differing(project: Project, items: Collection[int]) -> set[int]:
    """Return which of the items are labelled and have differing annotations."""
    # Locked; otherwise two simultaneous annotations would not see each other.
    settled = Item.objects.filter(pk__in=items, state=Item.State.LABELLED)
    locked = settled.select_for_update().order_by("pk").values_list("pk", flat=True)
    return _torn(project, list(locked))


SAID = ("item", "pk", "given__label", "value")


def _torn(project: Project, items: Collection[int]) -> set[int]:
    if not items:
        return set()
    standing = Annotation.objects.filter(item__in=items, withdrawn_at=None)
    said: dict[int, dict[int, set[Any]]] = defaultdict(lambda: defaultdict(set))
    marks: Any
    for item, annotation, label, marks in standing.values_list(*SAID):
        said[item][annotation].add(label)
        said[item][annotation].update(naming.current(project, marks or ()))
    return {item for item, answers in said.items() if _differ(list(answers.values()))}


def _differ(answers: list[set[Any]]) -> bool:
    return any(answer != answers[0] for answer in answers[1:])
