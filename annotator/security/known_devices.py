"""Known devices: browsers that have signed in before are not locked by others' failed attempts.

The cookie lets its browser try passwords for the names that signed in there, within a separate
limit; it grants nothing by itself.
"""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

COOKIE = "winnow_device"
SALT = "winnow.device"
SECONDS = 180 * 86_400
# The number of users per browser; beyond it, the oldest is forgotten.
MOST_PEOPLE = 5


def known(request: HttpRequest, username: str | None) -> str:
    """Return the id of this browser for `username`; empty for a new browser."""
    return _people(request).get(_name(username or ""), "")


def remember(request: HttpRequest, answer: HttpResponseBase, username: str) -> None:
    """Record in the browser that `username` has signed in there."""
    people = _people(request)
    people.pop(_name(username), None)
    people[_name(username)] = secrets.token_urlsafe(12)
    kept = dict(list(people.items())[-MOST_PEOPLE:])
    answer.set_cookie(
        COOKIE,
        signing.dumps(kept, salt=SALT),
        max_age=SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _people(request: HttpRequest) -> dict[str, str]:
    try:
        found = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=SECONDS)
    except signing.BadSignature:
        return {}
    return dict(found)


def _name(username: str) -> str:
    # Names are hashed, so the cookie does not reveal who has signed in.
    return salted_hmac(SALT, username, algorithm="sha256").hexdigest()[:24]
