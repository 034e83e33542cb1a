"""Users, roles and memberships."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """Roles of members, in ascending order of rights."""

    ANNOTATOR = "annotator", _("annotator")
    LEAD = "lead", _("lead")
    ADMIN = "admin", _("admin")

    @classmethod
    def at_least(cls, role: "Role") -> list["Role"]:
        """Return the roles that include `role`."""
        ranks = list(cls)
        return ranks[ranks.index(role) :]


class User(AbstractUser):
    """A user. `is_superuser` is the installation's admin, with all rights in all projects."""

    # Labelling preferences: only differences from the defaults, so that defaults may improve.
    desk = models.JSONField(default=dict, blank=True, editable=False)

    # Empty: the browser's language. The settings list the languages; see `projects.locale`.
    language = models.CharField(max_length=10, blank=True, editable=False)

    class Meta(AbstractUser.Meta):
        pass


class Membership(models.Model):
    """A user's role in a project; non-members cannot see that the project exists."""

    project = models.ForeignKey(
        "annotator.Project", on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.ANNOTATOR)
    # The newest version of the guidelines that they confirmed.
    guidelines_read = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="one_role_per_member"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"
