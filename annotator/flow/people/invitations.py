"""Invitations: single-use links with which a user chooses a password, the first or a new one.

A user has at most one link that works. Whoever changes that locks the user's row first.
"""

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from annotator.errors import Conflict, Gone, Invalid, NotFound
from annotator.flow.people import accounts, sign_ins
from annotator.flow.projects import members
from annotator.models import Invitation, Membership, Project, Role, User

DAYS = 7
LIFE = timedelta(days=DAYS)
USED, WITHDRAWN, REPLACED = Invitation.Outcome


@dataclass(frozen=True)
class Link:
    """A new invitation, and its token, which is stored nowhere."""

    invitation: Invitation
    token: str


# Make ---------------------------------------------------------------------------------------------


@transaction.atomic
def invite(
    username: str,
    by: User | None = None,
    *,
    email: str = "",
    project: Project | None = None,
    role: str = Role.ANNOTATOR,
) -> Link:
    """Store a new user, and return the link; with it they also become a member of `project`."""
    if role not in Role.values:
        raise Invalid("unknown_role", field="role")
    fresh = accounts.new_user(username, email)
    user = _withdrawn_before(username) or accounts.insert(fresh)
    if user.pk != fresh.pk:
        User.objects.filter(pk=user.pk).update(is_active=True, email=email)
        user.is_active, user.email = True, email
    return _issue(user, by, project, role if project else "")


def _withdrawn_before(username: str) -> User | None:
    """Return the account of that name whose only invitation was withdrawn before its first use."""
    off = User.objects.filter(is_active=False, is_superuser=False, is_staff=False, memberships=None)
    found = off.filter(username=username).first()
    return _locked(found) if found is not None and is_unused(found) else None


@transaction.atomic
def renew(user: User, by: User | None = None) -> Link:
    """Return a new link for the user; earlier ones stop working, the password does not."""
    user = _locked(user)
    if not user.is_active:
        raise Conflict("account_off", name=user.username)
    before: Invitation | None = user.invitations.unended().first()
    _end(user.invitations.unended(), REPLACED)
    if before is None or user.has_usable_password():
        return _issue(user, by, None, "")
    return _issue(user, by, before.project, before.role)


def _issue(user: User, by: User | None, project: Project | None, role: str) -> Link:
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        user=user,
        invited_by=by,
        project=project,
        role=role,
        token_hash=_digest(token),
        expires_at=timezone.now() + LIFE,
    )
    return Link(invitation, token)


@transaction.atomic
def withdraw(invitation: Invitation) -> None:
    """End a link; an account that was never used is switched off with it."""
    user = _locked(invitation.user)
    if not _end(Invitation.objects.filter(pk=invitation.pk, ended_at=None), WITHDRAWN):
        raise Conflict("invitation_ended")
    if is_unused(user) and not user.memberships.exists():
        User.objects.filter(pk=user.pk).update(is_active=False)


def end_all(user: User) -> None:
    """End the user's links, as deactivation must."""
    _end(user.invitations.unended(), WITHDRAWN)


def is_unused(user: User) -> bool:
    """Return whether nobody ever signed in with this account, nor could."""
    return not user.has_usable_password() and user.last_login is None


# Find ---------------------------------------------------------------------------------------------


def unended(project: Project | None = None) -> "QuerySet[Invitation]":
    """Return the links that wait to be used, oldest first; expired ones are among them."""
    found = Invitation.objects.unended().filter(user__is_active=True)
    found = found if project is None else found.filter(project=project)
    return found.select_related("user", "invited_by", "project").order_by("created_at", "pk")


def of_project(project: Project, number: int) -> Invitation:
    """Return a link of the project that its admins may renew or withdraw; else NotFound."""
    found = unended(project).filter(pk=number, user__is_superuser=False).first()
    # With a password, a new link would let admins of a project take over an account.
    if found is None or not is_unused(found.user):
        raise NotFound("unknown_invitation")
    return found


def of_user(user: User) -> Invitation:
    """Return the user's link that waits to be used; else NotFound."""
    found: Invitation | None = user.invitations.unended().first()
    if found is None:
        raise NotFound("unknown_invitation")
    return found


# Use ----------------------------------------------------------------------------------------------


def invited(token: str) -> User:
    """Return the user whom a link invites: NotFound if there never was one, Gone if it ended."""
    if ":" in token:
        return _of_earlier_release(token)
    found = Invitation.objects.filter(token_hash=_digest(token)).select_related("user").first()
    if found is None:
        raise NotFound("not_found", message="invitation")
    if found.ended_at is not None or found.is_expired or not found.user.is_active:
        raise Gone("invitation")
    return found.user


def accept(token: str, password: str) -> User:
    """Set the password of the user whom the link invites, end their sessions and tokens."""
    user = invited(token)
    try:
        validate_password(password, user)
    except ValidationError as problem:
        raise Invalid("password", detail=" ".join(problem.messages), field="password") from problem
    # Before the transaction, as hashing takes long and would keep others from writing.
    user.set_password(password)
    with transaction.atomic():
        project, role = _take(token, user)
        User.objects.filter(pk=user.pk).update(password=user.password)
        sign_ins.end_all(user)
        if project is not None:
            _join(project, user, role)
    return user


def _take(token: str, user: User) -> tuple[Project | None, str]:
    """Use up the link, and return the membership that comes with it; Gone if another was first."""
    is_active = _locked(user).is_active
    if ":" in token:
        _of_earlier_release(token)
        return None, ""
    now = timezone.now()
    # One statement that names columns of the row only: of two at once, the second finds it changed.
    left = Invitation.objects.filter(token_hash=_digest(token), ended_at=None, expires_at__gt=now)
    if not is_active or not _end(left, USED):
        raise Gone("invitation")
    used = Invitation.objects.select_related("project").get(token_hash=_digest(token))
    return used.project, used.role


def _join(project: Project, user: User, role: str) -> None:
    """Make the user a member, unless they are one by now or the project is gone."""
    if Membership.objects.filter(project=project, user=user).exists():
        return
    with suppress(NotFound), transaction.atomic():
        members.add_member(project, user.username, role)


def _of_earlier_release(token: str) -> User:
    """Return the user of a link that an earlier release signed, and no newer one replaced."""
    gone = NotFound("not_found", message="invitation")
    try:
        value = TimestampSigner(salt="invitation").unsign(token, max_age=LIFE)
    except BadSignature as problem:
        raise gone from problem
    pk, _dot, inner = value.partition(".")
    user = User.objects.filter(pk=pk, is_active=True, invitations=None).first()
    if user is None or not default_token_generator.check_token(user, inner):
        raise gone
    return user


def _end(links: "QuerySet[Invitation]", outcome: str) -> int:
    return links.update(ended_at=timezone.now(), outcome=outcome)


def _locked(user: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
