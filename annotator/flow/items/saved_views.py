"""Saved views of the item list: a name for filters, order and looks, one's own or shared."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.items import criteria
from annotator.models import Project, SavedView, User

MOST = 50
LONGEST_NAME, LONGEST_QUERY = 60, 2000
# What of an address makes up a view; pages and the item beside the list do not.
NAMES = (*criteria.NAMES, "by", "sort", "view", "columns", "like")


def shown(project: Project, user: User) -> list[SavedView]:
    """Return the user's views and those that others share, in the order of their tabs."""
    rows = SavedView.objects.filter(Q(user=user) | Q(is_shared=True), project=project)
    return list(rows.select_related("user"))


def normal(query: str) -> str:
    """Return the part of an address's query that makes up a view, in one order.

    >>> normal("state=labelled&q=&after=12&label=spam")
    'label=spam&state=labelled'
    """
    pairs = [(name, value) for name, value in parse_qsl(query) if name in NAMES and value]
    return urlencode(sorted(pairs, key=lambda pair: NAMES.index(pair[0])))


def save(
    project: Project, user: User, name: str, query: str, *, is_shared: bool = False
) -> SavedView:
    """Store a view as the user's last tab; Invalid or Conflict says what is wrong."""
    name, query = " ".join(name.replace("\x00", "").split()), normal(query)
    if not name or len(name) > LONGEST_NAME:
        raise Invalid("view_name", field="name")
    if len(query) > LONGEST_QUERY:
        raise Invalid("view_too_long", field="query")
    own = _own(project, user)
    if own.count() >= MOST:
        raise Conflict("view_too_many", field="name", most=MOST)
    last = own.order_by("-position").values_list("position", flat=True).first()
    place = 0 if last is None else last + 1
    try:
        with transaction.atomic():
            return SavedView.objects.create(
                project=project,
                user=user,
                name=name,
                query=query,
                is_shared=is_shared,
                position=place,
            )
    except IntegrityError:
        raise Conflict("view_name_taken", field="name") from None


def find(project: Project, user: User, pk: int) -> SavedView:
    """Return one of the user's own views; NotFound for others'."""
    found: SavedView | None = _own(project, user).filter(pk=pk).first()
    if found is None:
        raise NotFound("unknown_view")
    return found


def delete(view: SavedView) -> None:
    """Delete a view; for those with whom it was shared as well."""
    view.delete()


def share(view: SavedView, is_shared: bool) -> None:
    """Show the view to all leads of the project, or to its owner alone."""
    SavedView.objects.filter(pk=view.pk).update(is_shared=is_shared)


@transaction.atomic
def move(view: SavedView, by: int) -> None:
    """Move the user's tab to the left (-1) or to the right (1), as far as there are others."""
    own: Sequence[SavedView] = list(_own(view.project, view.user).select_for_update())
    keys = [each.pk for each in own]
    place = keys.index(view.pk)
    keys.insert(max(place + by, 0), keys.pop(place))
    for position, key in enumerate(keys):
        SavedView.objects.filter(pk=key).update(position=position)


def _own(project: Project, user: User) -> "QuerySet[SavedView]":
    return SavedView.objects.filter(project=project, user=user)
