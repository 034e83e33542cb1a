"""Every command that a page prints is one that there is, with options that it has."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def printed() -> Iterator[tuple[str, str]]:
    """Return each call of manage.py in a block of commands, with the page that prints it."""
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in re.split(r"\n| && ", block):
                found = re.search(r"manage\.py (.*)", line)
                if found:
                    yield str(page.relative_to(ROOT)), found[1]


def test_every_command_of_the_pages_can_be_given() -> None:
    lines = list(printed())
    assert len(lines) > 10
    assert [f"{page}: {line}" for page, line in lines if not _is_accepted(line)] == []


def _is_accepted(line: str) -> bool:
    name, *words = shlex.split(line, comments=True)
    if name not in get_commands():
        return False
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    try:
        # Unknown options raise, too.
        parser.parse_args(words)
    except CommandError:
        return False
    return True


def test_a_command_or_an_option_that_is_not_there_is_found() -> None:
    assert _is_accepted("up --host 0.0.0.0  # for all")
    assert not _is_accepted("up --hostname 0.0.0.0")
    assert not _is_accepted("start")
    assert not _is_accepted("simulate mail.csv")
