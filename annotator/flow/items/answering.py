"""A lead answers an item: a seed label, a decision or corrections, as its annotations ask for it.

Open items get a seed label. Where annotators disagree, the lead decides. Otherwise what was said is
corrected: its authors stay the authors.
"""

import uuid
from collections.abc import Sequence

from django.db import transaction

from annotator.errors import Conflict
from annotator.flow.annotation import adjudicate, revise, seed_labels, submit
from annotator.flow.labels.naming import Ref
from annotator.models import Annotation, Disagreement, Item, Project, Source, User

SEEDED, DECIDED, CORRECTED, SAME = "seeded", "decided", "corrected", "same"


def answer(
    project: Project, user: User, item: Item, labels: Sequence[Ref], client_id: str = ""
) -> str:
    """Give the item this answer, and return how that was done; Conflict if it cannot be.

    The same answer again changes nothing.
    """
    submit.parse_labels(project, labels, lambda: item)
    if item.state != Item.State.LABELLED:
        key = client_id or str(uuid.uuid4())
        seed_labels.seed(project, user, item, labels=labels, client_id=key)
        return SEEDED
    if Disagreement.objects.filter(item=item).exists():
        adjudicate.decide(project, user, item.pk, labels, replaces=_decision(item))
        return DECIDED
    with transaction.atomic():
        changed = [_correct(project, user, each, labels) for each in _counted(project, item)]
    return CORRECTED if any(changed) else SAME


def take_back(project: Project, user: User, item: Item) -> str:
    """Undo the newest answer that `user` gave the item so; Conflict if there is none."""
    row = Disagreement.objects.filter(item=item).select_related("decision").first()
    if row is not None and row.decision is not None and row.decision.user_id == user.pk:
        adjudicate.take_back(project, user, item.pk)
        return DECIDED
    own = Annotation.objects.filter(item=item, user=user, withdrawn_at=None)
    with transaction.atomic():
        undone = [_revert(user, each) for each in _counted(project, item)]
    if any(undone):
        return CORRECTED
    if own.filter(source=Source.SEED, strategy=seed_labels.FOUND).exists():
        seed_labels.take_back(project, user, item)
        return SEEDED
    raise Conflict("not_revertible")


def can_take_back(user: User, told: Sequence[Annotation]) -> bool:
    """Tell whether `user` corrected one of these annotations, or gave it as a seed label."""
    return any(
        each.corrected_by_id == user.pk
        or (each.user_id == user.pk and each.strategy == seed_labels.FOUND)
        for each in told
    )


def _counted(project: Project, item: Item) -> list[Annotation]:
    rows = Annotation.objects.filter(item=item, counted=True, withdrawn_at=None)
    found = list(rows.select_related("item", "lease", "user", "corrected_by").order_by("pk"))
    for each in found:
        each.project = project
    return found


def _correct(project: Project, user: User, annotation: Annotation, labels: Sequence[Ref]) -> bool:
    before = annotation.updated_at
    return revise.correct(annotation, user, labels).updated_at != before


def _revert(user: User, annotation: Annotation) -> bool:
    if annotation.corrected_by_id != user.pk:
        return False
    revise.revert(annotation, user)
    return True


def _decision(item: Item) -> int | None:
    row = Disagreement.objects.filter(item=item).first()
    return None if row is None else row.decision_id
