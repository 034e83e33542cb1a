"""Last activity of users, by page or API."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Max
from knox.models import AuthToken

from annotator.models import Tally, User


def days(people: Collection[int]) -> dict[int, date]:
    """Return the last day (UTC) on which each user signed in, took a token or worked, if any."""
    signed_in = User.objects.filter(pk__in=people, last_login__isnull=False)
    tokens = AuthToken.objects.filter(user__in=people).order_by().values("user")
    # A user with a long-lived token may not sign in again.
    worked = Tally.objects.filter(user__in=people).order_by().values("user")
    found: dict[int, date] = {}
    for rows in (
        signed_in.values_list("pk", "last_login"),
        tokens.annotate(at=Max("created")).values_list("user", "at"),
        worked.annotate(at=Max("day")).values_list("user", "at"),
    ):
        _keep_newest(found, rows)
    return found


def _keep_newest(found: dict[int, date], rows: Iterable[Any]) -> None:
    for user, at in rows:
        day = at.astimezone(UTC).date() if isinstance(at, datetime) else at
        found[user] = max(day, found.get(user, day))
