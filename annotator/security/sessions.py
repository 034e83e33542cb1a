"""User of a session: the same result as Django's, by two compiled queries.

Every call of the labelling page needs both, and building them took a sixth of its time.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from annotator.db.compiled_queries import CompiledSelect
from annotator.models import SignIn, User

log = logging.getLogger(__name__)

# The last use of a session is stored this exactly, so that few requests write.
USE_STORED_EVERY = timedelta(minutes=10)
BACKEND = "django.contrib.auth.backends.ModelBackend"
FIND_SESSION = CompiledSelect(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now).select_related(
        "sign_in"
    ),
    str,
    datetime,
)
FIND_USER = CompiledSelect(lambda pk: User.objects.filter(pk=pk), int)


class SessionStore(db.SessionStore):
    """Django's database sessions, with compiled queries, and a record of whose they are."""

    # Of the request that this session belongs to.
    device = ""
    address = ""
    sign_in: SignIn | None = None

    def _get_session_from_db(self) -> Any:
        found = FIND_SESSION(self.session_key, timezone.now())
        if found:
            self.sign_in = getattr(found[0], "sign_in", None)
            return found[0]
        self._session_key = None
        return None

    def save(self, must_create: bool = False) -> None:
        """Store the session; with its user, a record of the sign-in."""
        super().save(must_create)
        user = str(self.get(auth.SESSION_KEY, ""))
        is_recorded = self.sign_in is not None and self.sign_in.session_id == self.session_key
        if user.isdigit() and not is_recorded:
            self.record(int(user))

    def record(self, user: int) -> None:
        """Store that the user has used this session now, on which device and from where."""
        used = {"device": self.device, "address": self.address, "last_used_at": timezone.now()}
        self.sign_in, _is_new = SignIn.objects.update_or_create(
            session_id=self.session_key, defaults={"user_id": user, **used}
        )

    def is_use_due(self) -> bool:
        """Return whether the stored last use is too old, or missing."""
        return self.sign_in is None or (
            self.sign_in.last_used_at < timezone.now() - USE_STORED_EVERY
        )


class SignedInMiddleware(AuthenticationMiddleware):
    """Set `request.user`, loaded on first use."""

    def process_request(self, request: HttpRequest) -> None:
        """Set the user of the request."""
        request.user = SimpleLazyObject(lambda: _user(request))  # type: ignore[assignment]
        session: Any = request.session
        session.device = device_of(request)
        session.address = request.META.get("REMOTE_ADDR", "")[:45]

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Store now and then that the session is in use."""
        user = getattr(request, "_cached_user", None)
        session: Any = getattr(request, "session", None)
        if isinstance(user, User) and session is not None and session.session_key:
            _store_use(session, user)
        return response


def device_of(request: HttpRequest) -> str:
    """Return what the browser or client calls itself."""
    return request.headers.get("User-Agent", "")[:300]


def _store_use(session: SessionStore, user: User) -> None:
    is_own = str(session.get(auth.SESSION_KEY, "")) == str(user.pk)
    if not is_own or not session.is_use_due():
        return
    try:
        with transaction.atomic():
            session.record(user.pk)
    except DatabaseError as problem:
        # A full disk must not keep anybody from reading.
        log.info("the use of a session was not stored: %s", type(problem).__name__)


def _user(request: Any) -> User | AnonymousUser:
    """Return the signed-in user; unusual cases are left to Django."""
    if not hasattr(request, "_cached_user"):
        request._cached_user = _quickly(request.session) or auth.get_user(request)
    user: User | AnonymousUser = request._cached_user
    return user


def _quickly(session: Any) -> User | None:
    if (
        session.get(auth.BACKEND_SESSION_KEY) != BACKEND
        or BACKEND not in settings.AUTHENTICATION_BACKENDS
    ):
        return None
    key = str(session.get(auth.SESSION_KEY, ""))
    kept = session.get(auth.HASH_SESSION_KEY, "")
    found = FIND_USER(int(key)) if key.isascii() and key.isdigit() else []
    if not found or not found[0].is_active:
        return None
    user: User = found[0]
    return user if constant_time_compare(kept, user.get_session_auth_hash()) else None
