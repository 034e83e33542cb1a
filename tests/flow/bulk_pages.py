"""Shared by the tests of bulk pages."""

from typing import Any

from annotator.flow.annotation import bulk_confirm
from annotator.models import Annotation, Source, User


def keys(page: Any) -> Any:
    return [str(lease.pk) for lease in page]


def confirm(page: Any, out: Any = ()) -> Any:
    """Confirm a page without the items in `out`, and return the result."""
    marked = [key for key in keys(page) if key not in keys(out)]
    return bulk_confirm.confirm(page[0].project, page[0].user, keys(page), marked, 60.0)


def standing(user: User) -> Any:
    return Annotation.objects.filter(user=user, source=Source.BULK, withdrawn_at=None)
