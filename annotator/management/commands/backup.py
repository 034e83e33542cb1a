"""Write the whole installation into one file, while people go on working."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from annotator.backup import archive
from annotator.backup.database_snapshot import Impossible
from annotator.management.base import InstallationCommand
from annotator.management.progress import Bar


class Command(InstallationCommand):
    """Copy database and files as they are at one moment, for `restore` to put back."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", type=Path, help="a folder, or a new .tar or .tar.gz file")
        parser.add_argument(
            "--without-features",
            action="store_true",
            help="leave out what the model sees; a restore has it made again, which takes a while",
        )
        parser.add_argument(
            "--with-secret-key",
            action="store_true",
            help="put the key that signs sessions in, so that people stay signed in",
        )
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="json is for scripts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the file and print its content."""
        target = _file(options["target"])
        bar = Bar(sys.stderr, "Files")
        try:
            manifest = archive.write(
                target,
                bar.show,
                features=not options["without_features"],
                key=options["with_secret_key"],
            )
        except Impossible as problem:
            raise CommandError(str(problem)) from problem
        except OSError as problem:
            raise CommandError(f"{target}: {problem.strerror}.") from problem
        finally:
            bar.clear()
        if options["format"] == "json":
            self.stdout.write(json.dumps({"file": str(target), **manifest}))
            return
        counts = ", ".join(f"{number:,} {name}" for name, number in manifest["counts"].items())
        self.stdout.write(f"{target} holds {counts}.")


def _file(target: Path) -> Path:
    """Return the file to write; an existing one is never overwritten."""
    if target.is_dir():
        target = target / archive.name_for(timezone.now())
    if target.exists():
        raise CommandError(f"{target} is there already.")
    if not target.parent.is_dir():
        raise CommandError(f"There is no folder {target.parent}.")
    if not target.name.endswith((".tar", ".tar.gz", ".tgz")):
        raise CommandError("Name a folder, or a file that ends in .tar or .tar.gz.")
    return target
