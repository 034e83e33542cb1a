"""User accounts: who there is, and under which name."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from annotator.errors import Conflict, Invalid
from annotator.models import User


def create_user(username: str, password: str, email: str = "") -> User:
    """Store a new user who can sign in at once."""
    user = new_user(username, email)
    try:
        validate_password(password, user)
    except ValidationError as problem:
        raise _invalid(problem, "password") from problem
    user.set_password(password)
    return insert(user)


def new_user(username: str, email: str = "") -> User:
    """Return an unsaved user without a password; Invalid if name or address cannot be."""
    user = User(username=username, email=email)
    user.set_unusable_password()
    try:
        if email:
            validate_email(email)
    except ValidationError as problem:
        raise _invalid(problem, "email") from problem
    try:
        user.clean_fields()
    except ValidationError as problem:
        raise _invalid(problem, "username") from problem
    return user


def insert(user: User) -> User:
    """Store a new user; Conflict if the name is taken."""
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as problem:
        raise Conflict("username_taken", field="username") from problem
    return user


def _invalid(problem: ValidationError, field: str) -> Invalid:
    return Invalid("invalid", detail=" ".join(problem.messages), field=field)
