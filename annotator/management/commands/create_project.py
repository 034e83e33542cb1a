"""Create a project from the command line."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotator import tasktypes
from annotator.errors import FlowError
from annotator.flow.projects import settings
from annotator.management.base import InstallationCommand
from annotator.models import User

GIVEN = ("user", "name", "task", "multi_label", "labels")


class Command(InstallationCommand):
    """Create a project; its first admin becomes the project's."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="of the project")
        parser.add_argument(
            "--labels",
            required=tasktypes.ALL_NAME_LABELS,
            default="",
            help="names, separated by commas",
        )
        tasks = list(dict(tasktypes.choices()))
        parser.add_argument(
            "--task", choices=tasks, default=tasktypes.DEFAULT.task, help="data type"
        )
        parser.add_argument(
            "--multi-label", action="store_true", help="allow multiple labels per item"
        )
        parser.add_argument("--admin", help="its admin; the first installation admin by default")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="SETTING=VALUE",
            help="a setting; may be repeated",
        )
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="json is for scripts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Store the project and print its number."""
        try:
            project = settings.create_project(
                _admin(options["admin"]),
                name=options["name"],
                task=options["task"],
                multi_label=options["multi_label"],
                labels=[name.strip() for name in options["labels"].split(",") if name.strip()],
                **dict(map(_setting, options["set"])),
            )
        except FlowError as refused:
            raise CommandError("\n".join(map(_worded, refused.errors))) from refused
        if options["format"] == "json":
            self.stdout.write(json.dumps({"id": project.pk, "name": project.name}))
        else:
            self.stdout.write(f"Project {project.pk}: {project.name}")


def _admin(name: str | None) -> User:
    users = User.objects.filter(is_active=True).order_by("pk")
    user = users.filter(username=name) if name else users.filter(is_superuser=True)
    found = user.first()
    if found is None:
        raise CommandError(f"Nobody here is called {name}." if name else "There is no admin yet.")
    return found


def _worded(error: dict[str, Any]) -> str:
    """Return an error, with the setting that it is about where its sentence does not say so."""
    field, detail = str(error.get("field", "")), str(error["detail"])
    return detail if field in ("", *GIVEN) or field in detail else f"{field}: {detail}"


def _setting(given: str) -> tuple[str, Any]:
    name, equals, value = given.partition("=")
    if not equals:
        raise CommandError(f"--set takes SETTING=VALUE, not {given!r}.")
    if name in GIVEN:
        raise CommandError(f"--set does not take {name!r}, which has a place of its own.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
