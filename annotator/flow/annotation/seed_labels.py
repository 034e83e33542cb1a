"""A lead's seed labels, given outside the queue.

An item may belong to the audit reserve. It keeps its place in the audit permutation: when the
frontier reaches it, its label counts, as that of an imported seed does. Membership in the audit set
does not depend on the search, since the set is a prefix of one random order, and no item is judged
by a model trained on it. The search page shows no predictions, and a settled item cannot get a seed
label, so no blind annotation is replaced. The one remaining influence is that the lead knows what
they searched for, which selects no item.
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
from annotator.models import Annotation, Item, Lease, Project, QueueEntry, Source, User

# Tells a seed label given after a search from an imported one.
FOUND = "search"


def seed(
    project: Project, user: User, item: Item, *, labels: Sequence[Ref], client_id: str
) -> tuple[Annotation, bool]:
    """Store the seed label of `user` for an item, and return it with whether it is new.

    It is committed on return. The same `client_id` again returns what it stored at first.
    """
    key = submit.parse_client_id(client_id)
    earlier = submit.find_earlier_save(project, user, key, labels, item)
    if earlier is not None:
        return earlier, False
    given = submit.parse_labels(project, labels, lambda: item)
    try:
        return _store(project, user, item, given, key), True
    except (IntegrityError, Conflict):
        # The same save may have arrived twice at once.
        earlier = submit.find_earlier_save(project, user, key, labels, item)
        if earlier is None:
            raise _settled() from None
        return earlier, False


def take_back(project: Project, user: User, item: Item) -> Annotation:
    """Withdraw the seed label that `user` gave, and return it; the item needs a label again."""
    own = Annotation.objects.filter(item=item, user=user, source=Source.SEED, strategy=FOUND)
    annotation = own.filter(withdrawn_at=None).select_related("project", "item", "user").first()
    if annotation is None:
        raise Conflict("no_seed")
    revise.withdraw(annotation, user)
    return annotation


@transaction.atomic
def _store(
    project: Project, user: User, item: Item, given: submit.Said, key: uuid.UUID
) -> Annotation:
    now = timezone.now()
    current_leases.lock_entries([item.pk])
    current_leases.refuse_removed(item.pk)
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
        value=given.marks,
        created_at=now,
        updated_at=now,
    )
    submit.store_labels(annotation, given.labels)
    # Other annotators keep their leases, and their annotations count beside this one.
    entries.filter(state=QueueEntry.State.OPEN).delete()
    entries.filter(state=QueueEntry.State.LEASED, user=user).update(state=QueueEntry.State.DONE)
    Lease.objects.filter(item=item, user=user, ended_at=None).update(
        ended_at=now, outcome=Lease.Outcome.LABELLED
    )
    # As for imported seeds: not a requested label, but a change that a model should be trained on.
    daily_counts.add(project, user, at=now, changes=1, finished=1)
    disagreements.record_disagreements(project, [item.pk])
    return annotation


def _settled() -> Conflict:
    return Conflict("already_labelled", message="seed_already_labelled")
