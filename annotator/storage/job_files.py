"""Files that jobs write: one name an attempt, so that two attempts never share a file."""

import uuid
from collections.abc import Collection
from pathlib import Path

from django.utils import timezone

# A file that no row knows: its worker died between the file and the row.
ORPHAN_SECONDS = 24 * 3600


def new_name(pk: int, suffix: str) -> str:
    """Return a name for the file of one attempt of a job."""
    return f"{pk}-{uuid.uuid4().hex}{suffix}"


def drop_left(folder: Path, pk: int) -> None:
    """Remove what earlier attempts of a job left; their workers were killed while they wrote.

    An attempt that still writes goes on with a file that nobody can open, and loses its claim.
    """
    for path in folder.glob(f"{pk}-*"):
        path.unlink(missing_ok=True)


def drop_unknown(folder: Path, known: Collection[str]) -> None:
    """Remove the old files of a folder that no job knows."""
    edge = timezone.now().timestamp() - ORPHAN_SECONDS
    for path in folder.iterdir():
        if path.name not in known and path.stat().st_mtime < edge:
            path.unlink(missing_ok=True)
