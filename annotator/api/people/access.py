"""Which users a call may be about."""

from rest_framework.request import Request

from annotator.api.request_context import person
from annotator.errors import NotFound, PermissionDenied
from annotator.models import User


def only_installation_admins(request: Request) -> None:
    """Refuse all others."""
    if not person(request).is_superuser:
        raise PermissionDenied("forbidden", message="for_admins")


def user_for_admin(request: Request, pk: int) -> User:
    """Return the user; the others may do this neither to themselves nor know who there is."""
    if person(request).pk == pk:
        only_installation_admins(request)
    return user_for_self(request, pk)


def user_for_self(request: Request, pk: int) -> User:
    """Return the user, for themself and installation admins; NotFound for all others."""
    asking = person(request)
    if asking.pk == pk:
        return asking
    found = User.objects.filter(pk=pk).first() if asking.is_superuser and pk < 2**63 else None
    if found is None:
        raise NotFound("not_found", message="no_user")
    return found
