"""New content of items that were there: the former one is kept for the answers given on it."""

from collections.abc import Collection

from django.utils import timezone

from annotator.flow.datasets.rows.fates import Change
from annotator.flow.features import changed_items
from annotator.i18n import folding
from annotator.models import FormerContent, Import, Item

KEPT = ("content_hash", "text", "content", "image", "meta")


def store(work: Import, changes: Collection[Change]) -> None:
    """Store the values of the changes; the items are locked.

    An item keeps its place in the audit permutation, and its answers. Its features are computed
    again.
    """
    contents = {change.known.pk for change in changes if change.changes_content}
    items = Item.objects.in_bulk([pk for pk in contents if pk is not None])
    now = timezone.now()
    FormerContent.objects.bulk_create(
        FormerContent(
            item=item, imported=work, until=now, **{name: getattr(item, name) for name in KEPT}
        )
        for item in items.values()
    )
    for change in changes:
        if change.values and change.known.pk is not None:
            folded = {}
            if "text" in change.values:
                folded["folded"] = folding.stored(change.values["text"], change.known.key)
            Item.objects.filter(pk=change.known.pk).update(**change.values, **folded)
    if items:
        changed_items.compute_again(work.project, {item.position for item in items.values()})
