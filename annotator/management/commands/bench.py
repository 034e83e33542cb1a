"""Measure this installation and print a table."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from annotator.bench import bench_import, bench_rounds, bench_serve
from annotator.bench.percentiles import Figure, table
from annotator.bench.processes import PeakMemory, running

INSIDE = "WINNOW_BENCH"
SMALL, LARGE = 10_000, 1_000_000
USUAL = 100_000
PICTURES = 50_000


class Command(BaseCommand):
    """Start Winnow on a data directory of its own, measure, stop, print.

    With DATABASE_URL or BROKER_URL set, that database and that broker are measured; the projects
    that are made for it are removed afterwards.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["serve", "round", "import"], help="what to measure")
        parser.add_argument(
            "--items", type=int, help="items of the pool, instead of the usual number"
        )
        parser.add_argument("--large", type=int, default=LARGE, help="the large pool; 0 for none")
        parser.add_argument(
            "--pictures", type=int, default=PICTURES, help="pictures to import; 0 for none"
        )
        parser.add_argument("--cycles", type=int, default=200, help="saves of one annotator")
        parser.add_argument(
            "--seconds", type=float, default=20.0, help="how long the annotators work"
        )
        parser.add_argument(
            "--way", choices=[*bench_serve.WAYS], help="how people label; both ways by default"
        )
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="json is for scripts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Measure in a fresh process, because settings are read once at the start."""
        if INSIDE not in os.environ:
            with tempfile.TemporaryDirectory(prefix="winnow-bench-") as folder:
                env = {**os.environ, INSIDE: "1", "WINNOW_DATA": folder}
                sys.exit(subprocess.call([sys.executable, *sys.argv], env=env))  # noqa: S603
        with _projects_removed():
            figures = MEASURES[options["what"]](options)
        if options["format"] == "json":
            self.stdout.write(json.dumps([vars(figure) for figure in figures]))
            return
        self.stdout.write(f"Database: {settings.DATABASES['default']['ENGINE'].rpartition('.')[2]}")
        self.stdout.write(table(figures))


def _serve(options: dict[str, Any]) -> list[Figure]:
    sizes = [size for size in (options["items"] or SMALL, options["large"]) if size]
    with running(settings.DATA_DIR) as (client, pid):
        return bench_serve.at_rest(pid) + bench_serve.measure(
            client,
            pid,
            settings.DATA_DIR,
            sizes,
            [way for name, way in bench_serve.WAYS.items() if options["way"] in (None, name)],
            cycles=options["cycles"],
            seconds=options["seconds"],
        )


def _round(options: dict[str, Any]) -> list[Figure]:
    folder, figures = settings.DATA_DIR, []
    with running(folder) as (client, pid), PeakMemory(pid) as peak:
        figures += bench_rounds.measure(client, folder, peak.megabytes, options["items"] or USUAL)
    if options["large"]:
        figures += bench_rounds.measure_workers(folder, options["large"])
    return figures


def _import(options: dict[str, Any]) -> list[Figure]:
    folder, items = settings.DATA_DIR, options["items"]
    with running(folder) as (client, pid):
        figures: list[Figure] = []
        if items != 0:
            with PeakMemory(pid) as peak:
                figures += bench_import.measure(client, folder, peak.megabytes, items or USUAL)
        return figures + bench_import.measure_large(
            client, pid, folder, rows=options["large"], pictures=options["pictures"]
        )


MEASURES = {"serve": _serve, "round": _round, "import": _import}


@contextmanager
def _projects_removed() -> Iterator[None]:
    from annotator.flow.operations import cleanup
    from annotator.models import Project, User

    try:
        yield
    finally:
        for user in User.objects.filter(username__startswith="bench-"):
            for project in Project.objects.filter(created_by=user):
                cleanup.remove_project(project)
            user.delete()
