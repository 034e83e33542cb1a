"""Files that commands write."""

from pathlib import Path

from django.core.management.base import CommandError


def check(target: Path) -> Path:
    """Return the file to write; CommandError where a file would take the place of something else.

    A finished file replaces what has its name, which must not be a device or a pipe.
    """
    if target.is_dir():
        raise CommandError(f"{target} is a folder. Name a file in it.")
    if target.exists() and not target.is_file():
        raise CommandError(f"{target} is no ordinary file. Name a file.")
    return target
