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
from annotator.flow.datasets import importing, preview, upload
from annotator.flow.datasets.options import Options
from annotator.management.base import InstallationCommand
from annotator.management.progress import Bar
from annotator.messages import imports as messages
from annotator.models import Import, Project, User

GIVEN = (
    "text_column",
    "label_column",
    "id_column",
    "vector_column",
    "labels_are",
    "existing",
    "same_id",
    "unknown_labels",
    "ignore_ids",
    "encoding",
    "delimiter",
)
COUNTS = (
    "created",
    "duplicates",
    "rejected",
    "conflicts",
    "labels_added",
    "labels_changed",
    "updated",
    "unlabelled",
    "skipped_files",
)


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
            "--existing",
            choices=Import.Existing.values,
            default="keep",
            help="what labels do for items that are there already",
        )
        parser.add_argument(
            "--same-id",
            choices=Import.SameId.values,
            default="keep",
            help="what other texts or metadata do under an id that is there already",
        )
        parser.add_argument(
            "--unknown-labels",
            choices=Import.UnknownLabels.values,
            default="reject",
            help="what becomes of rows with a label that the project does not have",
        )
        parser.add_argument(
            "--label-map",
            action="append",
            default=[],
            metavar="NAME=LABEL",
            help="a label of the file, and what it is called in the project; may be repeated",
        )
        parser.add_argument("--ignore-ids", action="store_true", help="the ids are row numbers")
        parser.add_argument("--encoding", default="", help="found by itself by default")
        parser.add_argument("--delimiter", default="", help="found by itself by default")
        parser.add_argument(
            "--dry-run", action="store_true", help="tell what would be imported, and store nothing"
        )
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="json is for scripts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Store the items and print the result of the rows."""
        project = Project.objects.alive().filter(pk=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']}.")
        given = {name: options[name] for name in GIVEN}
        given["part_columns"] = {name: options[f"{name}_column"] for name in tasktypes.PARTS}
        given["label_map"] = dict(map(_pair, options["label_map"]))
        try:
            with options["file"].open("rb") as opened:
                file = File(opened, name=options["file"].name)
                if options["dry_run"]:
                    return self._tell_preview(project, file, given, options["format"])
                work = upload.receive(project, _giver(project), file, **given)
        except OSError as problem:
            raise CommandError(f"{options['file']}: {problem.strerror}.") from problem
        except FlowError as refused:
            raise CommandError(refused.detail) from refused
        self._run(work)
        self._tell(work, options["format"])

    def _tell_preview(
        self, project: Project, file: Any, given: dict[str, Any], format: str
    ) -> None:
        kept = upload.keep(project, _giver(project), file)
        try:
            found = messages.preview(preview.preview(kept, Options(**given)))
        finally:
            upload.discard(kept)
        if format == "json":
            self.stdout.write(json.dumps({**found, "upload": None}))
            return
        names = ("new", "duplicates", "conflicts", "rejected", "labels_added", "updated")
        counted = ", ".join(f"{found[name]} {name.replace('_', ' ')}" for name in names)
        self.stdout.write(f"{found['rows_read']} of {found['total']} rows: {counted}.")
        for each in found["unknown_labels"][:10]:
            near = f" (did you mean {each['did_you_mean']}?)" if each["did_you_mean"] else ""
            self.stdout.write(f"  unknown label {each['name']}: {each['rows']} rows{near}")
        for error in found["errors"][:10]:
            self.stdout.write(f"  row {error['row']}: {error['detail']}")

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
        names = ("id", "state", "total", *COUNTS, "error", "errors")
        numbers = {name: getattr(work, name) for name in names}
        if format == "json":
            self.stdout.write(json.dumps(numbers))
        else:
            self.stdout.write(
                f"{work.created} items created, {work.duplicates} duplicates, "
                f"{work.rejected} rows rejected."
            )
            others = {name: getattr(work, name) for name in COUNTS[3:]}
            for name, number in others.items():
                if number:
                    self.stdout.write(f"{number} {name.replace('_', ' ')}.")
            for error in work.errors[:10]:
                self.stdout.write(f"  row {error['row']}: {error['detail']}")
        if work.state != Import.State.DONE:
            raise CommandError(f"The import failed: {work.error}")


def _pair(given: str) -> tuple[str, str]:
    name, equals, label = given.rpartition("=")
    if not equals:
        raise CommandError(f"“{given}” is not NAME=LABEL.")
    return name, label


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
