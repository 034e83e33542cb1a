"""Restore an installation from a file that `backup` wrote."""

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotator.backup.database_snapshot import Impossible
from annotator.backup.restore import restore
from annotator.management.progress import Bar
from annotator.server import preparation


class Command(BaseCommand):
    """Restore database and files; interrupted jobs start again."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a backup")
        parser.add_argument("--force", action="store_true", help="replace existing data")
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="json is for scripts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Restore, and print the current state."""
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        bar = Bar(sys.stderr, "Unpacking")
        try:
            with preparation.locked(settings.DATA_DIR):
                manifest = restore(options["file"], bar.show, force=options["force"])
        except preparation.AlreadyRunning as other:
            raise CommandError(
                f"Winnow runs on {settings.DATA_DIR} (process {other}). Stop it first."
            ) from other
        except Impossible as problem:
            raise CommandError(str(problem)) from problem
        finally:
            bar.clear()
        if options["format"] == "json":
            self.stdout.write(json.dumps(manifest))
            return
        counts = ", ".join(f"{number:,} {name}" for name, number in manifest["counts"].items())
        self.stdout.write(f"Restored as of {manifest.get('made_at', 'an unknown time')}: {counts}.")
