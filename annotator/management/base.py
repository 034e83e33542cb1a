"""Base of the commands that work on an installation's rows."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotator.db import schema
from annotator.models import Project, User


class InstallationCommand(BaseCommand):
    """A command that requires a database whose schema matches this version."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Check the database, then run the command."""
        try:
            schema.refuse_unfit()
        except schema.Unfit as unfit:
            raise CommandError(str(unfit)) from unfit
        return super().execute(*args, **options)


def project_of(number: int) -> Project:
    """Return the project with this number; CommandError if there is none."""
    project: Project | None = Project.objects.alive().filter(pk=number).first()
    if project is None:
        raise CommandError(f"There is no project {number}.")
    return project


def first_admin() -> User | None:
    """Return the installation admin who was there first, as the one who does it."""
    return User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
