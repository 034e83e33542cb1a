"""Write a project with its items, answers, rounds and models to one archive."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotator.archives import writer
from annotator.management import targets
from annotator.management.base import InstallationCommand, project_of


class Command(InstallationCommand):
    """Write the archive of a project."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", type=int, help="its number")
        parser.add_argument("out", type=Path, help="the file to write")
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="json is for scripts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the archive, and say how many rows it holds."""
        project = project_of(options["project"])
        out: Path = targets.check(options["out"])
        try:
            manifest = writer.write(project, out)
        except writer.Changed as problem:
            raise CommandError(
                f"{problem} was replaced while the project was read. Try again when no round is "
                "running."
            ) from problem
        except OSError as problem:
            raise CommandError(f"{out}: {problem.strerror}.") from problem
        counts = manifest["counts"]
        if options["format"] == "json":
            told = {"file": str(out), "counts": counts, "missing": manifest["missing"]}
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(f"{sum(counts.values())} rows written to {out}.")
            if manifest["missing"]:
                number = len(manifest["missing"])
                self.stdout.write(f"{number} pictures were already missing on the disk.")
