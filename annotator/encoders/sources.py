"""Where encoders lie: installed packages, the folder of the setting, and the data directory."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from django.conf import settings

from annotator.encoders import packages
from annotator.encoders.manifest import FILE, Manifest
from selection.encoders import UnusableEncoder

# Goes up when a recipe builds something else of the same files.
VERSION = 1
Origin = Literal["package", "folder", "added"]


@dataclass(frozen=True)
class Source:
    """An encoder as it was published: its manifest, and where its files lie, by role.

    `problem` says why a folder is none, and `manifest` is missing then.
    """

    name: str
    origin: Origin
    place: str
    manifest: Manifest | None = None
    paths: dict[str, Path] = field(default_factory=dict)
    problem: UnusableEncoder | None = None

    @property
    def digest(self) -> str:
        """A sum of all that the prepared encoder depends on."""
        told = self.manifest.as_json() if self.manifest else {}
        lies = {role: str(path) for role, path in self.paths.items()}
        text = json.dumps([VERSION, told, lies], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def bytes(self) -> int:
        """The size of the files on disk."""
        return sum(path.stat().st_size for path in self.paths.values() if path.is_file())


def all_sources() -> list[Source]:
    """Return the encoders that are there, the first of each name; none where they are off."""
    if not settings.ENCODERS_ON:
        return []
    found: dict[str, Source] = {}
    for source in [*_of_folders(), *_of_packages()]:
        found.setdefault(source.name, source)
    return list(found.values())


def home() -> Path:
    """Return the folder for encoders in the data directory."""
    return Path(settings.DATA_DIR) / "encoders"


def added_folder() -> Path:
    """Return the folder of those that were added to this installation."""
    return home() / "added"


def _of_folders() -> Iterator[Source]:
    if settings.ENCODERS_FOLDER is not None:
        yield from _in(settings.ENCODERS_FOLDER, "folder")
    yield from _in(added_folder(), "added")


def _in(parent: Path, origin: Origin) -> Iterator[Source]:
    # A folder that is an encoder itself is taken, too: it is what people try first.
    candidates = [parent, *sorted(parent.iterdir())] if parent.is_dir() else []
    for folder in candidates:
        if not folder.name.startswith(".") and (folder / FILE).is_file():
            yield read_folder(folder, origin)


def read_folder(folder: Path, origin: Origin = "folder") -> Source:
    """Return the encoder in a folder, with what is wrong with its manifest."""
    try:
        manifest = Manifest.read(folder)
    except UnusableEncoder as problem:
        return Source(folder.name.lower(), origin, str(folder), problem=problem)
    paths = {role: folder / name for role, name in manifest.files.items()}
    return Source(manifest.name, origin, str(folder), manifest, paths)


def _of_packages() -> Iterator[Source]:
    for carried in packages.CARRIED:
        paths = packages.find_files(carried)
        if paths is not None:
            yield Source(carried.manifest.name, "package", carried.told, carried.manifest, paths)
