"""Members of a project, their roles, and access to it."""

from django.db import transaction

from annotator.db.compiled_queries import CompiledSelect
from annotator.errors import Conflict, Invalid, NotFound, PermissionDenied
from annotator.flow.projects import versions
from annotator.flow.queue import releasing, skipped_items
from annotator.flow.queue.assigned import ending
from annotator.models import Membership, Project, QueueEntry, Role, User

FIND_PROJECT = CompiledSelect(lambda pk: Project.objects.alive().filter(pk=pk).order_by(), int)
FIND_MEMBER = CompiledSelect(
    lambda user, project: Membership.objects.filter(
        user_id=user, project_id=project, project__deleted_at=None
    ).select_related("project"),
    int,
    int,
)


# Members ------------------------------------------------------------------------------------------


@transaction.atomic
def add_member(project: Project, username: str, role: str = Role.ANNOTATOR) -> Membership:
    """Give the user of that name a role in the project, or change their role."""
    versions.hold(project)
    if role not in Role.values:
        raise Invalid("unknown_role", field="role")
    user = User.objects.filter(username=username).first()
    if user is None:
        raise Invalid("unknown_user", field="username", name=username)
    if not user.is_active:
        raise Invalid("deactivated_user", field="username", name=username)
    _refuse_no_admin(project, user, role)
    member, is_new = Membership.objects.update_or_create(
        project=project, user=user, defaults={"role": role}
    )
    if is_new and role == Role.ANNOTATOR:
        skipped_items.reopen_for_new_member(project)
    return member


@transaction.atomic
def remove_member(project: Project, user: User) -> None:
    """Remove the user from the project; their annotations stay."""
    versions.hold(project)
    role_of(project, user)
    _refuse_no_admin(project, user, None)
    Membership.objects.filter(project=project, user=user).delete()
    releasing.release_all(project, user)
    ending.remove_person(user, project)
    # What only they may take would wait for ever.
    QueueEntry.objects.filter(project=project, asked=user).update(asked=None)


def role_of(project: Project, user: User) -> str:
    """Return the role of a member; NotFound for others."""
    member = Membership.objects.filter(project=project, user=user).first()
    if member is None:
        raise NotFound("unknown_member")
    return member.role


def _refuse_no_admin(project: Project, user: User, role: str | None) -> None:
    """Refuse a change that leaves no admin. The caller must hold the project's lock."""
    if role == Role.ADMIN:
        return
    admins = Membership.objects.filter(project=project, role=Role.ADMIN)
    others = admins.exclude(user=user).filter(user__is_active=True)
    if admins.filter(user=user).exists() and not others.exists():
        raise Conflict("last_admin", field="role")


def load_project(user: User, pk: int, role: Role = Role.ANNOTATOR) -> Project:
    """Return the project for this user: NotFound for non-members, Forbidden for too low a role."""
    found = _for_admin if user.is_superuser else _for_member
    # No database has keys that long, and some raise an error for one.
    project = found(user, pk) if pk < 2**63 else None
    if project is None:
        raise NotFound("not_found", message="unknown_project")
    if project.role not in Role.at_least(role):
        raise PermissionDenied("forbidden")
    return project


def _for_admin(user: User, pk: int) -> Project | None:
    project: Project | None = next(iter(FIND_PROJECT(pk)), None)
    if project is not None:
        project.role, project.viewer = Role.ADMIN, user
    return project


def _for_member(user: User, pk: int) -> Project | None:
    member: Membership | None = next(iter(FIND_MEMBER(user.pk, pk)), None)
    if member is None:
        return None
    project: Project = member.project
    project.role, project.viewer = Role(member.role), user
    project.guidelines_read = member.guidelines_read
    return project
