"""Deactivate and activate an account, and what that and a removal mean for leases and labels."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet, Sum

from annotator.db import clock
from annotator.errors import Conflict
from annotator.flow.people import invitations, sign_ins
from annotator.flow.queue import releasing
from annotator.flow.queue.assigned import ending
from annotator.models import Lease, Project, Tally, User


@dataclass(frozen=True)
class Effects:
    """What ends with an account or a membership, and what stays."""

    leases: int
    labels: int
    sessions: int = 0
    tokens: int = 0


def effects_of_removal(project: Project, user: User) -> Effects:
    """Return what removing the user from the project means."""
    return Effects(_held(user).filter(project=project).count(), _labels(user, project))


def effects_of_deactivation(user: User) -> Effects:
    """Return what deactivating the account means."""
    return Effects(
        _held(user).count(),
        _labels(user),
        len(sign_ins.sessions(user)),
        len(sign_ins.tokens(user)),
    )


@transaction.atomic
def deactivate(user: User) -> None:
    """End sign-ins, links and leases of the user, who cannot sign in any more; labels stay."""
    _refuse_last_admin(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    invitations.end_all(user)
    sign_ins.end_all(user)
    for project in Project.objects.filter(pk__in=_held(user).values("project")):
        releasing.release_all(project, user)
    ending.remove_person(user)


def activate(user: User) -> None:
    """Let the user sign in again; memberships and password are as before."""
    User.objects.filter(pk=user.pk).update(is_active=True)


def _refuse_last_admin(user: User) -> None:
    """Lock the account, and refuse to leave the installation without an admin."""
    # All admins in one order: two of them could deactivate each other at the same time.
    admins = User.objects.filter(is_superuser=True, is_active=True)
    others = [
        each.pk
        for each in admins.select_for_update(no_key=True).order_by("pk")
        if each.pk != user.pk
    ]
    locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if locked.is_superuser and not others:
        raise Conflict("last_installation_admin")


def _held(user: User) -> "QuerySet[Lease]":
    # Their index begins with the project.
    return Lease.objects.filter(
        project__in=Project.objects.alive(), user=user, ended_at=None, expires_at__gt=clock.now()
    )


def _labels(user: User, project: Project | None = None) -> int:
    days = Tally.objects.filter(user=user)
    days = days if project is None else days.filter(project=project)
    return days.aggregate(n=Sum("labels"))["n"] or 0
