"""What opens an archive, or a folder, by the kind of its content."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from annotator.formats import sniff
from annotator.formats.archives import folder_source, listed_source, tar_source, zip_source


def _folder(path: Path) -> AbstractContextManager[Any]:
    if listed_source.is_listed(path):
        return listed_source.opened(path)
    return folder_source.opened(path)


OPENERS: dict[str, Callable[[Path], AbstractContextManager[Any]]] = {
    "tar": tar_source.opened,
    "tar.gz": tar_source.opened,
    "folder": _folder,
}


def opened(path: Path) -> AbstractContextManager[Any]:
    """Open an archive or a folder; UnreadableFile if it is unsafe."""
    return OPENERS.get(sniff.content_of(path), zip_source.opened)(path)
