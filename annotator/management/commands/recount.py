"""Verify all running counters, and print the wrong ones."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotator.flow.operations import verify_counts
from annotator.flow.operations.verify_counts import Difference
from annotator.management.base import InstallationCommand
from annotator.models import Project

ROW = "{:>8}  {:<18}{:>10}{:>14}{:>14}  {}"


class Command(InstallationCommand):
    """Prove the counters of projects while people go on labelling; with --fix, mend them."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("projects", type=int, nargs="*", help="their numbers; all by default")
        parser.add_argument("--fix", action="store_true", help="correct what is wrong")
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="json is for scripts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print every difference; fail if one remains."""
        found = {
            project.pk: verify_counts.recount(project, mend=options["fix"])
            for project in _projects(options["projects"])
        }
        if options["format"] == "json":
            told = {pk: [asdict(each) for each in wrong] for pk, wrong in found.items()}
            self.stdout.write(json.dumps(told))
        else:
            self._tell(found)
        left = sum(not each.mended for wrong in found.values() for each in wrong)
        if left:
            raise CommandError(f"{left} counters are wrong. “recount --fix” mends them.")

    def _tell(self, found: dict[int, list[Difference]]) -> None:
        wrong = [(pk, each) for pk, all_of in found.items() for each in all_of]
        self.stdout.write(f"{len(found)} projects counted again, {len(wrong)} counters wrong.")
        if wrong:
            self.stdout.write(ROW.format("project", "counter", "of", "stored", "counted", ""))
        for pk, each in wrong:
            said = "mended" if each.mended else ""
            numbers = (f"{each.stored:g}", f"{each.counted:g}")
            self.stdout.write(ROW.format(pk, each.counter, each.of, *numbers, said).rstrip())


def _projects(numbers: list[int]) -> list[Project]:
    alive = Project.objects.alive().order_by("pk")
    found = list(alive.filter(pk__in=numbers) if numbers else alive)
    unknown = set(numbers) - {project.pk for project in found}
    if unknown:
        raise CommandError(f"There is no project {min(unknown)}.")
    return found
