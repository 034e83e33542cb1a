"""List pretrained encoders, add one from the built-in list or a folder, or remove one."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotator import encoders
from annotator.encoders import adding, catalogue, download
from annotator.i18n import encoder_problems
from annotator.messages import encoders as messages

ROW = "{:<24}{:<8}{:>6}  {:<12}{:<12}{}"


class Command(BaseCommand):
    """Manage pretrained encoders. Only `add NAME` uses the network, and only when it is run."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listed = actions.add_parser("list", help="what is here, and what could be added")
        listed.add_argument("--format", choices=["text", "json"], default="text")
        added = actions.add_parser("add", help="add an encoder and try it")
        added.add_argument("what", help="a name from the list, or a folder with encoder.json")
        added.add_argument(
            "--hub", help="a mirror to take files of the list from, instead of Hugging Face"
        )
        removed = actions.add_parser("remove", help="remove an encoder that was added")
        removed.add_argument("name")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do what was asked; what is wrong with an encoder is an error in one sentence."""
        try:
            {"list": self._list, "add": self._add, "remove": self._remove}[options["action"]](
                options
            )
        except encoders.UnusableEncoder as problem:
            raise CommandError(encoder_problems.text(problem.reason, problem.values)) from problem

    def _list(self, options: dict[str, Any]) -> None:
        found = encoders.available()
        if options["format"] == "json":
            self.stdout.write(json.dumps([messages.as_json(each) for each in found]))
            return
        self.stdout.write(ROW.format("name", "medium", "size", "languages", "licence", "state"))
        for each in found:
            cells = (each.dimensions or "?", messages.language_words(each), each.licence)
            self.stdout.write(
                ROW.format(each.name, each.medium, *cells, messages.state_words(each))
            )
        here = {each.name for each in found}
        for entry in catalogue.ENTRIES:
            if entry.manifest.name not in here:
                command = f"“encoders add {entry.manifest.name}” ({entry.size / 1e6:.0f} MB)"
                self.stdout.write(f"To be had with {command}: {entry.about_words}")

    def _add(self, options: dict[str, Any]) -> None:
        entry = catalogue.find_entry(options["what"])
        folder = Path(options["what"]).expanduser()
        if entry is None or folder.is_dir():
            if not folder.is_dir():
                names = ", ".join(each.manifest.name for each in catalogue.ENTRIES)
                raise CommandError(f"{folder} is no folder, and no name of the list: {names}.")
            name = adding.add_folder(folder)
        else:
            name = self._fetch(entry, options["hub"] or download.HUB)
        self.stdout.write(f"{name} is there and ready.")
        if encoders.find(name) is None:
            self.stdout.write("WINNOW_ENCODERS=none switches it off.")

    def _fetch(self, entry: catalogue.Entry, hub: str) -> str:
        self.stdout.write(f"Fetching {entry.repository}, {entry.size / 1e6:.0f} MB.")
        told = -1

        def report(done: int, of: int) -> None:
            nonlocal told
            tenth = 10 * done // of
            if tenth > told:
                told = tenth
                self.stdout.write(f"{done / 1e6:.0f} of {of / 1e6:.0f} MB")

        return adding.add_entry(entry, hub, report)

    def _remove(self, options: dict[str, Any]) -> None:
        adding.remove(options["name"].lower())
        self.stdout.write(f"{options['name'].lower()} is removed. Vectors made with it stay.")
