"""Base of the commands that work on an installation's rows."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotator.db import schema


class InstallationCommand(BaseCommand):
    """A command that requires a database whose schema matches this version."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Check the database, then run the command."""
        try:
            schema.refuse_unfit()
        except schema.Unfit as unfit:
            raise CommandError(str(unfit)) from unfit
        return super().execute(*args, **options)
