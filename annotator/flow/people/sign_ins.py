"""Where a user is signed in: sessions of browsers, and API tokens; each can be ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from knox.models import AuthToken

from annotator.errors import NotFound
from annotator.models import SignIn, User

MOST_DEVICE = 300


@dataclass(frozen=True)
class Place:
    """One session or token of a user; `key` names it to its owner, and is no secret."""

    key: str
    device: str
    address: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime | None
    is_current: bool = False


def sessions(user: User, current: str | None = None) -> list[Place]:
    """Return the user's sessions, the last used first; `current` is the key of this one."""
    found = SignIn.objects.filter(user=user, session__expire_date__gt=timezone.now())
    return [
        Place(
            key=str(each.pk),
            device=each.device,
            address=each.address,
            created_at=each.created_at,
            last_used_at=each.last_used_at,
            expires_at=each.session.expire_date,  # type: ignore[union-attr]
            is_current=each.session_id == current,
        )
        for each in found.select_related("session").order_by("-last_used_at", "-pk")
    ]


def tokens(user: User) -> list[Place]:
    """Return the user's valid API tokens, the last used first, each named by its beginning."""
    found = AuthToken.objects.filter(user=user).select_related("sign_in")
    valid = [each for each in found if each.expiry is None or each.expiry > timezone.now()]
    return sorted(map(_of_token, valid), key=lambda place: place.last_used_at, reverse=True)


def _of_token(token: AuthToken) -> Place:
    begun: SignIn | None = getattr(token, "sign_in", None)
    return Place(
        key=token.token_key,
        device=begun.device if begun else "",
        address=begun.address if begun else "",
        created_at=token.created,
        last_used_at=_last_use(token),
        expires_at=token.expiry,
    )


def _last_use(token: AuthToken) -> datetime:
    """Return when a token was last used, within a minute: each use postpones its expiry."""
    ttl = settings.REST_KNOX["TOKEN_TTL"]
    renewed: datetime = token.created if token.expiry is None else token.expiry - ttl
    created: datetime = token.created
    return max(renewed, created)


def add_token(user: User, device: str, address: str | None) -> tuple[AuthToken, str]:
    """Create a token, which is returned this once, and record for whom it was made."""
    with transaction.atomic():
        token, plain = AuthToken.objects.create(user=user)
        SignIn.objects.create(
            user=user, token=token, device=device[:MOST_DEVICE], address=(address or "")[:45]
        )
    return token, plain


# End ----------------------------------------------------------------------------------------------


def end_session(user: User, key: int) -> None:
    """End one session of the user; NotFound if it is not theirs."""
    found = SignIn.objects.filter(user=user, pk=key, session__isnull=False)
    if not _end_sessions(found):
        raise NotFound("unknown_session")


def end_token(user: User, key: str) -> None:
    """Revoke one token of the user; NotFound if it is not theirs."""
    if not AuthToken.objects.filter(user=user, token_key=key).delete()[0]:
        raise NotFound("unknown_token")


@transaction.atomic
def end_all(user: User, but: str | None = None) -> None:
    """End the user's sessions, except that with the key `but`, and revoke all their tokens."""
    theirs = SignIn.objects.filter(user=user, session__isnull=False)
    _end_sessions(theirs.exclude(session=but) if but else theirs)
    AuthToken.objects.filter(user=user).delete()


def drop_ended() -> None:
    """Delete sessions and tokens whose time is over, and records of those that are gone."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    AuthToken.objects.filter(expiry__lt=now).delete()
    has_session = Exists(Session.objects.filter(pk=OuterRef("session")))
    has_token = Exists(AuthToken.objects.filter(pk=OuterRef("token")))
    # Sessions are stored a moment before their records.
    old = SignIn.objects.filter(created_at__lt=now - timedelta(hours=1))
    old.filter(~has_session, ~has_token).delete()


def _end_sessions(found: "QuerySet[SignIn]") -> int:
    keys: Iterable[str] = found.values_list("session", flat=True)
    ended, _rows = Session.objects.filter(pk__in=list(keys)).delete()
    return ended
