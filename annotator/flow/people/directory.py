"""The people of an installation or a project: state, labels, last activity; searched and paged."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Q, QuerySet, Sum

from annotator.errors import Invalid
from annotator.flow.people import last_active
from annotator.models import Invitation, Membership, Project, Tally, User

ACTIVE, INVITED, OFF, WITHDRAWN = "active", "invited", "off", "withdrawn"
STATES = (ACTIVE, INVITED, OFF, WITHDRAWN)
AT_ONCE = 100

_UNUSED = Q(password__startswith=UNUSABLE_PASSWORD_PREFIX, last_login=None)
FILTERS: Mapping[str, Q] = {
    ACTIVE: Q(is_active=True) & ~_UNUSED,
    INVITED: Q(is_active=True) & _UNUSED,
    OFF: Q(is_active=False) & ~_UNUSED,
    WITHDRAWN: Q(is_active=False) & _UNUSED,
}


@dataclass(frozen=True)
class Person:
    """A user with what a list shows; in a list of a project, only their membership there."""

    user: User
    state: str
    labels: int
    last_active: date | None
    memberships: list[Membership]
    # The link that waits to be used.
    invitation: Invitation | None


@dataclass(frozen=True)
class Found:
    """One page of people, and the name after which the next one begins; empty at the end."""

    people: list[Person]
    next: str


def state_of(user: User) -> str:
    """Return whether the account is in use."""
    is_unused = not user.has_usable_password() and user.last_login is None
    if user.is_active:
        return INVITED if is_unused else ACTIVE
    return WITHDRAWN if is_unused else OFF


def people(
    q: str = "",
    state: str = "",
    after: str = "",
    *,
    project: Project | None = None,
    at_once: int = AT_ONCE,
) -> Found:
    """Return the people who match, by name; without a state, all but those never invited again.

    Invalid if there is no such state.
    """
    rows = User.objects.filter(_state(state), username__gt=after).order_by("username")
    if project is not None:
        rows = rows.filter(memberships__project=project)
    for word in q.split():
        rows = rows.filter(Q(username__icontains=word) | Q(email__icontains=word))
    users = list(rows[: at_once + 1])
    more = users[at_once - 1].username if len(users) > at_once else ""
    return Found(described(users[:at_once], project), more)


def _state(state: str) -> Q:
    if not state:
        return ~FILTERS[WITHDRAWN]
    if state not in FILTERS:
        raise Invalid("unknown_state", field="state", names=", ".join(STATES))
    return FILTERS[state]


def described(users: Collection[User], project: Project | None = None) -> list[Person]:
    """Return the users with what a list shows; the queries do not depend on their number."""
    keys = [user.pk for user in users]
    labels, days = _labels(keys, project), last_active.days(keys)
    memberships: dict[int, list[Membership]] = {}
    for each in _memberships(keys, project):
        memberships.setdefault(each.user_id, []).append(each)
    links = {link.user_id: link for link in Invitation.objects.unended().filter(user__in=keys)}
    return [
        Person(
            user=user,
            state=state_of(user),
            labels=labels.get(user.pk, 0),
            last_active=days.get(user.pk),
            memberships=memberships.get(user.pk, []),
            invitation=links.get(user.pk),
        )
        for user in users
    ]


def _memberships(keys: list[int], project: Project | None) -> "QuerySet[Membership]":
    found = Membership.objects.filter(user__in=keys, project__deleted_at=None)
    found = found if project is None else found.filter(project=project)
    return found.select_related("project").order_by("project__name", "pk")


def _labels(keys: list[int], project: Project | None) -> dict[int, int]:
    days: QuerySet[Tally, Any] = Tally.objects.filter(user__in=keys).order_by()
    days = days if project is None else days.filter(project=project)
    return dict(days.values("user").annotate(n=Sum("labels")).values_list("user", "n"))
