"""A lead labels what they found: an expert seed, which settles the item without the queue.

An item may be left to the audits. It stays at its place in their permutation: when the frontier
comes there, its label counts, as that of an imported seed does. Which items are in the audit set
does not depend on what was searched for, since the set is a prefix of one random order, and none
is judged by a model that learnt from it. Nothing of a prediction is shown where items are found,
and an item that is settled cannot be seeded over, so that no answer which was given blind is
replaced. What remains is that the lead knows what they searched for, which chooses no item.
"""

import uuid
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from annotator.errors import Conflict
from annotator.flow.annotation import revise, submit
from annotator.flow.labels.naming import Ref
from annotator.flow.progress import daily_counts
from annotator.flow.queue import current_leases
from annotator.flow.review import disagreements
from annotator.models import Annotation, Item, Label, Lease, Project, QueueEntry, Source, User

# What tells a seed that was found from one that was imported.
FOUND = "search"


def seed(
    project: Project, user: User, item: Item, *, labels: Sequence[Ref], client_id: str
) -> tuple[Annotation, bool]:
    """Store what `user` says of an item that they found, and return it with whether it is new.

    It is committed when this returns. The same `client_id` again returns what it stored at first.
    """
    key = submit.parse_client_id(client_id)
    earlier = submit.find_earlier_save(project, user, key, labels, item)
    if earlier is not None:
        return earlier, False
    given = submit.parse_labels(project, labels)
    try:
        return _store(project, user, item, given, key), True
    except (IntegrityError, Conflict):
        # The same save may have come twice at once.
        earlier = submit.find_earlier_save(project, user, key, labels, item)
        if earlier is None:
            raise _settled() from None
        return earlier, False


def take_back(project: Project, user: User, item: Item) -> Annotation:
    """Take back the seed that `user` gave the item, and return it; the item needs a label again."""
    own = Annotation.objects.filter(item=item, user=user, source=Source.SEED, strategy=FOUND)
    annotation = own.filter(withdrawn_at=None).select_related("project", "item", "user").first()
    if annotation is None:
        raise Conflict("no_seed")
    revise.withdraw(annotation, user)
    return annotation


@transaction.atomic
def _store(
    project: Project, user: User, item: Item, given: list[Label], key: uuid.UUID
) -> Annotation:
    now = timezone.now()
    current_leases.lock_entries([item.pk])
    entries = QueueEntry.objects.filter(item=item)
    needs = Item.objects.filter(pk=item.pk).exclude(state=Item.State.LABELLED)
    if not needs.update(answers=F("answers") + 1, state=Item.State.LABELLED):
        raise _settled()
    annotation = Annotation.objects.create(
        project=project,
        item=item,
        user=user,
        client_id=key,
        source=Source.SEED,
        strategy=FOUND,
        completes=True,
        created_at=now,
        updated_at=now,
    )
    submit.store_labels(annotation, given)
    # Others keep what they hold, and their answers count beside this one.
    entries.filter(state=QueueEntry.State.OPEN).delete()
    entries.filter(state=QueueEntry.State.LEASED, user=user).update(state=QueueEntry.State.DONE)
    Lease.objects.filter(item=item, user=user, ended_at=None).update(
        ended_at=now, outcome=Lease.Outcome.LABELLED
    )
    # As for imported seeds: no label that was asked for, but a change that a model should see.
    daily_counts.add(project, user, at=now, changes=1, finished=1)
    disagreements.record_disagreements(project, [item.pk])
    return annotation


def _settled() -> Conflict:
    return Conflict("already_labelled", message="seed_already_labelled")
