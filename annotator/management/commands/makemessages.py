"""Collect the interface texts for translators; the file changes only when the texts change."""

import re
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandParser
from django.core.management.commands import makemessages

NO_TEXTS = ["tests/*", "data/*", "node_modules/*"]
# The collection date would differ at every run.
DATE = re.compile(r'^"POT-Creation-Date: .*\n', re.MULTILINE)


class Command(makemessages.Command):
    """Django's command with this project's options; fuzzy guesses are off."""

    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        others = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
        parser.set_defaults(
            locale=others,
            ignore_patterns=NO_TEXTS,
            no_location=True,
            no_obsolete=True,
            no_wrap=True,
        )

    def write_po_file(self, potfile: str, locale: str) -> None:
        """Write the file of a language without the date."""
        super().write_po_file(potfile, locale)
        path = Path(potfile).parent / locale / "LC_MESSAGES" / f"{self.domain}.po"
        path.write_text(DATE.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
