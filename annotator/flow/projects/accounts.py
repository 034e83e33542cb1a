"""User accounts: creation, invitations, tokens."""

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.db import IntegrityError, transaction
from knox.models import AuthToken

from annotator.errors import Conflict, Invalid, NotFound
from annotator.models import User

INVITATION_SECONDS = 7 * 86_400


def create_user(username: str, password: str | None = None) -> tuple[User, str | None]:
    """Store a new user; without a password, return an invitation to choose one."""
    user = User(username=username)
    try:
        user.clean_fields(exclude=["password"])
        if password is not None:
            validate_password(password, user)
    except ValidationError as problem:
        raise Invalid(
            "invalid",
            detail=" ".join(problem.messages),
            field="username" if hasattr(problem, "error_dict") else "password",
        ) from problem
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as problem:
        raise Conflict("username_taken", field="username") from problem
    return user, invitation(user) if password is None else None


def invitation(user: User) -> str:
    """Return a token with which `user` may choose a password: once, within a week."""
    # The inner token depends on the password, so it is invalid once it was used.
    return TimestampSigner(salt="invitation").sign(
        f"{user.pk}.{default_token_generator.make_token(user)}"
    )


def accept_invitation(token: str, password: str) -> User:
    """Set the password of the user whom `token` invites."""
    user = invited(token)
    try:
        validate_password(password, user)
    except ValidationError as problem:
        raise Invalid("password", detail=" ".join(problem.messages), field="password") from problem
    user.set_password(password)
    user.save(update_fields=["password"])
    revoke_tokens(user)
    return user


def revoke_tokens(user: User) -> None:
    """Revoke the user's API tokens, as a changed password must."""
    AuthToken.objects.filter(user=user).delete()


def invited(token: str) -> User:
    """Return the user invited by `token`; NotFound if it is used, expired or invalid."""
    gone = NotFound("invitation")
    try:
        value = TimestampSigner(salt="invitation").unsign(token, max_age=INVITATION_SECONDS)
    except (BadSignature, SignatureExpired) as problem:
        raise gone from problem
    pk, _dot, inner = value.partition(".")
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or not default_token_generator.check_token(user, inner):
        raise gone
    return user
