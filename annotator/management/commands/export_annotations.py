"""Write a project's annotations to a file or to the terminal."""

import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotator.flow.datasets import export
from annotator.formats.registry import WRITERS
from annotator.management.base import InstallationCommand
from annotator.management.progress import Bar
from annotator.models import Annotation, Project

SHOW_EVERY = 200


class Command(InstallationCommand):
    """Export the annotations, each with how it came about."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", type=int, help="its number")
        parser.add_argument("--out", type=Path, help="the file to write; the terminal by default")
        parser.add_argument(
            "--as", dest="kind", choices=sorted(WRITERS), default="jsonl", help="file format"
        )
        parser.add_argument(
            "--include", nargs="*", choices=export.INCLUDES, default=[], help="what else to export"
        )
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="json is for scripts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write every annotation that was not taken back."""
        project = Project.objects.alive().filter(pk=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']}.")
        if options["out"] is None:
            for block in export.stream(project, options["kind"], options["include"]):
                sys.stdout.buffer.write(block)
            return
        total = Annotation.objects.filter(project=project, withdrawn_at=None).count()
        blocks = export.stream(project, options["kind"], options["include"])
        self._write(blocks, options["out"], total)
        if options["format"] == "json":
            self.stdout.write(json.dumps({"file": str(options["out"]), "annotations": total}))
        else:
            self.stdout.write(f"{total} annotations written to {options['out']}.")

    def _write(self, blocks: Iterable[bytes], path: Path, total: int) -> None:
        bar = Bar(sys.stderr, path.name)
        fresh = path.with_name(f"{path.name}.part")
        try:
            if path.is_dir():
                raise CommandError(f"{path} is a folder. Name a file in it.")
            with fresh.open("wb") as file:
                for number, block in enumerate(blocks, start=1):
                    file.write(block)
                    if number % SHOW_EVERY == 0:
                        bar.show(number, total)
            fresh.replace(path)
        except OSError as problem:
            raise CommandError(f"{path}: {problem.strerror}.") from problem
        finally:
            bar.clear()
            with suppress(OSError):
                fresh.unlink()
