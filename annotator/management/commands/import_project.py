"""Make a project of an archive that export_project, or another installation, has written."""

import json
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import CommandError, CommandParser

from annotator.errors import FlowError
from annotator.flow.archiving import jobs
from annotator.management.archive_job import finished
from annotator.management.base import InstallationCommand, first_admin
from annotator.models import User


class Command(InstallationCommand):
    """Check and store the archive here and now; what is computed of it is left to the worker."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the archive")
        parser.add_argument("--name", default="", help="of the project; the archive's by default")
        parser.add_argument(
            "--owner", default="", help="username of the project's admin; an installation admin"
        )
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="json is for scripts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Store the project, and say which number it has."""
        owner = _owner(options["owner"])
        try:
            with options["file"].open("rb") as opened:
                file = File(opened, name=options["file"].name)
                work = jobs.receive(owner, file, options["name"], most_mb=0)
        except OSError as problem:
            raise CommandError(f"{options['file']}: {problem.strerror}.") from problem
        except FlowError as refused:
            raise CommandError(refused.detail) from refused
        work = finished(work)
        told = {"project": work.made_id, "people_created": len(work.people)}
        if options["format"] == "json":
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(f"Project {work.made_id} is there.")
        if work.people:
            self.stdout.write(f"{len(work.people)} inactive accounts were created for its people.")


def _owner(name: str) -> User | None:
    if not name:
        return first_admin()
    found = User.objects.filter(username=name, is_active=True).first()
    if found is None:
        raise CommandError(f"There is no active user {name}.")
    return found
