"""What the tests of the bulk desk share."""

from annotator.flow.annotation import bulk_confirm
from annotator.models import Annotation, Source


def keys(page):
    return [str(lease.pk) for lease in page]


def confirm(page, out=()):
    """Confirm a page, but for what is `out`, and return what became of it."""
    marked = [key for key in keys(page) if key not in keys(out)]
    return bulk_confirm.confirm(page[0].project, page[0].user, keys(page), marked, 60.0)


def standing(user):
    return Annotation.objects.filter(user=user, source=Source.BULK, withdrawn_at=None)
