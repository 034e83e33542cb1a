"""Base of the commands that work on an installation's rows."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotator.db import schema


class InstallationCommand(BaseCommand):
    """A command that begins only on a database that this version made or was brought up to."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Look at the database, then do the work."""
        try:
            schema.refuse_unfit()
        except schema.Unfit as unfit:
            raise CommandError(str(unfit)) from unfit
        return super().execute(*args, **options)
