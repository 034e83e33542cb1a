"""Recall sample: random unread items, served first, that prove a recall.

Its size is fixed in advance and it is evaluated once, when all of it is settled, which makes the
bound valid. The audits are a sample of the whole pool, where most relevant items are found already;
how many are left shows sooner in a sample of unread items.
"""

import math
import random
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from annotator.db import clock
from annotator.errors import Conflict, Invalid
from annotator.flow.progress import recall_standing
from annotator.flow.queue import refill, withdraw
from annotator.i18n.stored_texts import WHY_RECALL_SAMPLE
from annotator.models import Item, Label, Project, QueueEntry, RecallProof, Source, User

LEAST, MOST = 10, 2000
UNREAD = (Item.State.POOL, Item.State.QUEUED, Item.State.ASIDE)
PROOF: dict[str, Any] = {
    "source": Source.RANDOM,
    "blind": True,
    "strategy": "random",
    "why": WHY_RECALL_SAMPLE,
    "round": None,
    "model": None,
    "score": None,
    "suggestion": None,
}


def draw(project: Project, user: User, number: int) -> RecallProof:
    """Draw `number` random unread items, served before all others, and return the proof."""
    label = project.rare_label
    if label is None:
        raise Conflict("no_rare_label")
    if not LEAST <= number <= MOST:
        raise Invalid("sample_size", field="number", least=LEAST, most=MOST)
    with refill.alone(project):
        _refuse_second(project)
        proof = _declare(project, label, user, number)
        _ask_first(project, proof)
        recall_standing.declare(project, proof)
    return proof


def _refuse_second(project: Project) -> None:
    last = RecallProof.objects.filter(project=project).order_by("-pk").first()
    if last is not None and recall_standing.unsettled(project, last.positions):
        raise Conflict("sample_waits")


def _declare(project: Project, label: Label, user: User, number: int) -> RecallProof:
    project.refresh_from_db(fields=["items"])
    size = _unread(project).count()
    if not size:
        raise Conflict("nothing_unread")
    following = RecallProof.objects.filter(project=project, label=label).count() + 1
    rng = random.Random(f"{project.seed}/proof/{label.pk}/{following}")
    return RecallProof.objects.create(
        project=project,
        label=label,
        number=following,
        items=project.items,
        size=size,
        positions=_drawn(project, min(number, size), size, rng),
        user=user,
        created_at=clock.now(),
    )


def _drawn(project: Project, number: int, size: int, rng: random.Random) -> list[int]:
    # In a large pool, only enough positions are drawn to expect enough unread items.
    places = math.ceil(1.3 * number * project.items / size) + 100
    tried = rng.sample(range(project.items), min(places, project.items))
    free: set[int] = set()
    for start in range(0, len(tried), recall_standing.AT_ONCE):
        few = tried[start : start + recall_standing.AT_ONCE]
        free.update(_unread(project).filter(position__in=few).values_list("position", flat=True))
    drawn = [position for position in tried if position in free][:number]
    if len(drawn) < number:
        everything = _unread(project).order_by("position").values_list("position", flat=True)
        drawn = rng.sample(list(everything), number)
    return drawn


def _unread(project: Project) -> QuerySet[Item]:
    return Item.objects.filter(project=project, state__in=UNREAD, answers=0)


@transaction.atomic
def _ask_first(project: Project, proof: RecallProof) -> None:
    positions = proof.positions
    came = {**PROOF, "probability": round(len(positions) / proof.size, 9)}
    for start in range(0, len(positions), recall_standing.AT_ONCE):
        few = Item.objects.filter(
            project=project, position__in=positions[start : start + recall_standing.AT_ONCE]
        )
        entries = QueueEntry.objects.filter(item__in=few.values("pk"))
        own = entries.filter(state=QueueEntry.State.OPEN, source__in=[Source.ACTIVE, Source.BULK])
        # Audits and gold items keep their source and are only served sooner.
        own.update(**came)
        entries.update(rank=withdraw.AHEAD)
        fresh = list(few.filter(state=Item.State.POOL).order_by("audit_key"))
        QueueEntry.objects.bulk_create(
            (
                QueueEntry(project=project, item=item, slot=slot, rank=withdraw.AHEAD, **came)
                for item in fresh
                for slot in range(project.overlap)
            ),
            ignore_conflicts=True,
        )
        Item.objects.filter(pk__in=[item.pk for item in fresh], state=Item.State.POOL).update(
            state=Item.State.QUEUED
        )
