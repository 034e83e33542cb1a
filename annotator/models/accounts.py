"""Links by which users choose a password, and the places where they are signed in."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotator.models.members import Role, User
from annotator.models.projects import Project


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations by their state."""

    def unended(self) -> "InvitationQuerySet":
        """Return those that were neither used nor withdrawn; they may have expired."""
        return self.filter(ended_at=None)

    def usable(self, now: datetime | None = None) -> "InvitationQuerySet":
        """Return those with which a password can still be chosen."""
        return self.unended().filter(expires_at__gt=now or timezone.now(), user__is_active=True)


class Invitation(models.Model):
    """A single-use link with which a user chooses a password: the first one, or a new one."""

    class Outcome(models.TextChoices):
        USED = "used", _("used")
        WITHDRAWN = "withdrawn", _("withdrawn")
        REPLACED = "replaced", _("replaced by a newer link")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    # What the user becomes a member of with their first password.
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, related_name="invitations"
    )
    role = models.CharField(max_length=16, choices=Role, blank=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    # The token itself is shown once and stored nowhere.
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)

    objects: ClassVar[Any] = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at=None), name="one_link_per_user"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} until {self.expires_at}"

    @property
    def is_expired(self) -> bool:
        """Return whether its time is over."""
        return self.expires_at <= timezone.now()


class SignIn(models.Model):
    """A browser's session or an API token: on which device, from where, last used when."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    # Processes of the release before know nothing of these rows, and must be able to delete theirs.
    session = models.OneToOneField(
        "sessions.Session",
        on_delete=models.CASCADE,
        null=True,
        db_constraint=False,
        related_name="sign_in",
    )
    token = models.OneToOneField(
        "knox.AuthToken",
        on_delete=models.CASCADE,
        null=True,
        db_constraint=False,
        related_name="sign_in",
    )
    device = models.CharField(max_length=300, blank=True)
    address = models.CharField(max_length=45, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user_id} on {self.device}"
