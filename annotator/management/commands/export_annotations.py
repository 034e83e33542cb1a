"""Write a project's annotations to a file or to the terminal."""

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotator.errors import Invalid
from annotator.flow.datasets import export
from annotator.flow.datasets.outgoing import choices
from annotator.formats.registry import WRITERS
from annotator.management import targets
from annotator.management.base import InstallationCommand, project_of
from annotator.management.progress import Bar
from annotator.models import Project, Source


class Command(InstallationCommand):
    """Export the annotations, each with how it came about."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", type=int, help="its number")
        parser.add_argument("--out", type=Path, help="the file to write; the terminal by default")
        parser.add_argument(
            "--as", dest="kind", choices=sorted(WRITERS), default="jsonl", help="file format"
        )
        parser.add_argument("--annotator", nargs="*", default=[], help="only of these people")
        parser.add_argument("--label", nargs="*", default=[], help="only with one of these labels")
        parser.add_argument("--state", nargs="*", choices=choices.STATES, default=[])
        parser.add_argument("--source", nargs="*", choices=Source.values, default=[])
        parser.add_argument("--from", default="", help="the first day, or a moment")
        parser.add_argument("--to", default="", help="the last day, or a moment")
        parser.add_argument(
            "--agreed", action="store_true", help="complete items without an open disagreement"
        )
        parser.add_argument("--unit", choices=choices.UNITS, default="annotation")
        parser.add_argument(
            "--include", nargs="*", choices=choices.INCLUDES, default=[], help="what else to export"
        )
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="json is for scripts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write every annotation that was chosen."""
        project = project_of(options["project"])
        try:
            writer, wanted = export.checked(project, options["kind"], options)
        except Invalid as refusal:
            raise CommandError(refusal.detail) from refusal
        if options["out"] is None:
            for block in export.stream(project, writer.kind, wanted=wanted):
                sys.stdout.buffer.write(block)
            return
        total = self._write(project, writer.kind, wanted, options["out"])
        if options["format"] == "json":
            counted = {"file": str(options["out"]), "annotations": total}
            self.stdout.write(json.dumps(counted))
        else:
            self.stdout.write(f"{total} annotations written to {options['out']}.")

    def _write(self, project: Project, kind: str, wanted: choices.Choices, path: Path) -> int:
        """Write the file and return the number of its records."""
        bar, total, done = Bar(sys.stderr, path.name), export.total(project, wanted), 0

        def tell(number: int) -> None:
            nonlocal done
            done = number
            bar.show(number, total)

        fresh = path.with_name(f"{path.name}.part")
        try:
            targets.check(path)
            with fresh.open("wb") as file:
                for block in export.stream(project, kind, wanted=wanted, tell=tell):
                    file.write(block)
            fresh.replace(path)
        except OSError as problem:
            raise CommandError(f"{path}: {problem.strerror}.") from problem
        finally:
            bar.clear()
            with suppress(OSError):
                fresh.unlink()
        return done
