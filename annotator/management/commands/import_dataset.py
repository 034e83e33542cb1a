"""Import a file into a project from the command line."""

import json
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import CommandError, CommandParser

from annotator import tasktypes
from annotator.errors import FlowError
from annotator.flow.datasets import importing, preview, server_files, upload
from annotator.flow.datasets.options import Options
from annotator.management.base import InstallationCommand, first_admin, project_of
from annotator.management.progress import watched
from annotator.messages.datasets import imports as messages
from annotator.models import Import, Project, Upload, User

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
CHOICES = {
    "labels-are": (Import.LabelUse, "seed", "use of the labels in the file"),
    "existing": (Import.Existing, "keep", "what labels do for items that are there already"),
    "same-id": (
        Import.SameId,
        "keep",
        "what other texts or metadata do under an id that is there already",
    ),
    "unknown-labels": (
        Import.UnknownLabels,
        "reject",
        "what becomes of rows with a label that the project does not have",
    ),
}
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
        words = "CSV, JSON Lines, a ZIP of images, or an .npy table of vectors for items there"
        parser.add_argument("file", type=Path, help=words)
        parser.add_argument(
            "--server-file",
            action="store_true",
            help="the file, or a folder, lies in WINNOW_IMPORT_FOLDER or a bucket (s3://…)",
        )
        for name in ("text", "label", "id", *tasktypes.PARTS):
            words = "found by its name by default"
            parser.add_argument(f"--{name}-column", default="", help=words)
        parser.add_argument("--vector-column", default="", help="vectors of an encoder of your own")
        parser.add_argument("--vectors", type=Path, help="an .npy table beside the file")
        parser.add_argument(
            "--vector-ids", type=Path, help="the ids of the vectors of an .npy table, one a line"
        )
        _add_choices(parser)
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
        project = project_of(options["project"])
        given = {name: options[name] for name in GIVEN}
        given["part_columns"] = {name: options[f"{name}_column"] for name in tasktypes.PARTS}
        given["label_map"] = dict(map(_pair, options["label_map"]))
        try:
            with ExitStack() as stack:
                sent = _sent(stack, options)
                if options["dry_run"]:
                    return self._tell_preview(project, sent, given, options["format"])
                kept = upload.keep(project, _giver(project), **sent)
                work = _started(project, kept, given)
        except OSError as problem:
            name = problem.filename or options["file"]
            raise CommandError(f"{name}: {problem.strerror}.") from problem
        except FlowError as refused:
            raise CommandError(refused.detail) from refused
        watched(work, importing.run, work.name)
        self._tell(work, options["format"])

    def _tell_preview(
        self, project: Project, sent: dict[str, Any], given: dict[str, Any], format: str
    ) -> None:
        kept = upload.keep(project, _giver(project), **sent)
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


def _add_choices(parser: CommandParser) -> None:
    """Declare what becomes of labels, and of items that are there already."""
    for name, (options, default, words) in CHOICES.items():
        parser.add_argument(f"--{name}", choices=options.values, default=default, help=words)
    parser.add_argument(
        "--label-map",
        action="append",
        default=[],
        metavar="NAME=LABEL",
        help="a label of the file, and what it is called in the project; may be repeated",
    )
    parser.add_argument("--ignore-ids", action="store_true", help="the ids are row numbers")


def _sent(stack: ExitStack, options: dict[str, Any]) -> dict[str, Any]:
    """Open the files. An .npy table is no file of items, but the vectors of those there."""
    paths = {name: options[name] for name in ("file", "vectors", "vector_ids")}
    found: dict[str, Any] = {}
    if options["server_file"]:
        # A path has no two slashes in a row, an address has.
        named = paths.pop("file").as_posix()
        found["file"] = server_files.find(re.sub(r"^s3:/(?=[^/])", "s3://", named))
    elif paths["file"].suffix.lower() == ".npy" and paths["vectors"] is None:
        paths = {**paths, "file": None, "vectors": paths["file"]}
    for name, path in paths.items():
        file = None if path is None else stack.enter_context(path.open("rb"))
        found[name] = file and File(file, name=path.name)
    return found


def _started(project: Project, kept: Upload, given: dict[str, Any]) -> Import:
    try:
        return upload.start(kept, _giver(project), Options(**given))
    except FlowError:
        upload.discard(kept)
        raise


def _pair(given: str) -> tuple[str, str]:
    name, equals, label = given.rpartition("=")
    if not equals:
        raise CommandError(f"“{given}” is not NAME=LABEL.")
    return name, label


def _giver(project: Project) -> User | None:
    """Return who gave the labels in the file."""
    return project.created_by or first_admin()
