"""Import a file into a project from the command line."""

import json
import sys
import threading
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import CommandError, CommandParser
from django.db import connection

from annotator import tasktypes
from annotator.errors import FlowError
from annotator.flow.datasets import importing, upload
from annotator.management.base import InstallationCommand
from annotator.management.progress import Bar
from annotator.models import Import, Project, User

COLUMNS = ("text_column", "label_column", "id_column", "vector_column")


class Command(InstallationCommand):
    """Read the file here and now; the features are left to the worker."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", type=int, help="its number")
        parser.add_argument("file", type=Path, help="CSV, JSON Lines, or a ZIP of images")
        parser.add_argument("--text-column", default="", help="found by its name by default")
        parser.add_argument("--label-column", default="", help="found by its name by default")
        parser.add_argument("--id-column", default="", help="found by its name by default")
        parser.add_argument("--vector-column", default="", help="vectors of an encoder of your own")
        for name in tasktypes.PARTS:
            words = "found by its name by default"
            parser.add_argument(f"--{name}-column", default="", help=words)
        parser.add_argument(
            "--labels-are",
            choices=Import.LabelsAre.values,
            default="seed",
            help="use of the labels in the file",
        )
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="json is for scripts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Store the items and print the result of the rows."""
        project = Project.objects.alive().filter(pk=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']}.")
        columns = {name: options[name] for name in COLUMNS}
        parts = {name: options[f"{name}_column"] for name in tasktypes.PARTS}
        try:
            with options["file"].open("rb") as file:
                work = upload.receive(
                    project,
                    _giver(project),
                    File(file, name=options["file"].name),
                    labels_are=options["labels_are"],
                    part_columns=parts,
                    **columns,
                )
        except OSError as problem:
            raise CommandError(f"{options['file']}: {problem.strerror}.") from problem
        except FlowError as refused:
            raise CommandError(refused.detail) from refused
        self._run(work)
        self._tell(work, options["format"])

    def _run(self, work: Import) -> None:
        bar = Bar(sys.stderr, work.name)
        over = threading.Event()
        thread = threading.Thread(target=_follow, args=(work.pk, bar, over))
        thread.start()
        try:
            importing.run(work.pk)
        finally:
            over.set()
            thread.join()
        work.refresh_from_db()

    def _tell(self, work: Import, format: str) -> None:
        names = ("id", "state", "total", "created", "duplicates", "rejected", "error", "errors")
        numbers = {name: getattr(work, name) for name in names}
        if format == "json":
            self.stdout.write(json.dumps(numbers))
        else:
            self.stdout.write(
                f"{work.created} items created, {work.duplicates} duplicates, "
                f"{work.rejected} rows rejected."
            )
            for error in work.errors[:10]:
                self.stdout.write(f"  row {error['row']}: {error['detail']}")
        if work.state != Import.State.DONE:
            raise CommandError(f"The import failed: {work.error}")


def _giver(project: Project) -> User | None:
    """Return who gave the labels in the file."""
    admins = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    return project.created_by or admins.first()


def _follow(pk: int, bar: Bar, over: threading.Event) -> None:
    while not over.wait(0.2):
        row = Import.objects.filter(pk=pk).values("done", "total").get()
        bar.show(row["done"], row["total"] or 0)
    bar.clear()
    connection.close()
