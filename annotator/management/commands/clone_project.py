"""Copy a project: its labels and settings, its items, or everything."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotator.errors import FlowError
from annotator.flow.archiving import jobs
from annotator.management.archive_job import finished
from annotator.management.base import InstallationCommand, first_admin, project_of


class Command(InstallationCommand):
    """Copy the project here and now."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", type=int, help="its number")
        parser.add_argument("name", help="of the new project")
        parser.add_argument("--items", action="store_true", help="with its items")
        parser.add_argument(
            "--labels", action="store_true", help="with annotations, rounds and models as well"
        )
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="json is for scripts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Copy the project, and say which number the copy has."""
        project = project_of(options["project"])
        wanted = {name: options[name] for name in ("name", "items", "labels")}
        try:
            work = jobs.clone(project, project.created_by or first_admin(), **wanted)
        except FlowError as refused:
            raise CommandError(refused.detail) from refused
        work = finished(work)
        if options["format"] == "json":
            self.stdout.write(json.dumps({"project": work.made_id}))
        else:
            self.stdout.write(f"Project {work.made_id} is there.")
