"""Encoders that this installation keeps itself, in its data directory."""

import fcntl
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from annotator.encoders import download, file_sums, preparing, sources
from annotator.encoders.catalogue import Entry
from annotator.encoders.manifest import FILE, Manifest
from annotator.storage import arrays
from selection.encoders import UnusableEncoder


def add_folder(folder: Path, *, build: bool = True) -> str:
    """Copy an encoder's folder to the data directory, try it, and return its name.

    Without `build`, one whose graph must be built first is left for a worker to try. Sums that
    its manifest lacks are taken from the files as they are. UnusableEncoder says what is wrong
    with it; nothing is kept then.
    """
    manifest = Manifest.read(folder)
    paths = {role: folder / name for role, name in manifest.files.items()}
    sums = {path.name: file_sums.sha256_of(path) for path in paths.values()}
    changed = [name for name in sums if manifest.sums.get(name, sums[name]) != sums[name]]
    if changed:
        raise UnusableEncoder("changed_file", file=changed[0])

    def copy(place: Path) -> None:
        for path in paths.values():
            shutil.copyfile(path, place / path.name)

    return _add(replace(manifest, sums=sums), copy, tried=build or not manifest.build)


def add_entry(entry: Entry, hub: str, report: download.Report) -> str:
    """Fetch an encoder of the catalogue, try it, and return its name."""
    return _add(entry.manifest, lambda place: download.fetch(entry, place, hub, report), tried=True)


def remove(name: str) -> None:
    """Remove an encoder that was added; UnusableEncoder for one that lies elsewhere."""
    source = next((each for each in sources.all_sources() if each.name == name), None)
    if source is None:
        raise UnusableEncoder("unknown_encoder", name=name)
    if source.origin != "added":
        raise UnusableEncoder(f"kept_by_{source.origin}", name=name, place=source.place)
    with _locked():
        shutil.rmtree(source.place)
    preparing.forget(name)


def _add(manifest: Manifest, bring: Callable[[Path], None], *, tried: bool) -> str:
    parent = sources.added_folder()
    parent.mkdir(parents=True, exist_ok=True)
    place = parent / manifest.name
    with _locked():
        for left in parent.glob(".new-*"):
            shutil.rmtree(left, ignore_errors=True)
        if place.exists():
            raise UnusableEncoder("already_there", name=manifest.name)
        with tempfile.TemporaryDirectory(dir=parent, prefix=".new-") as work:
            fresh = Path(work) / "encoder"
            fresh.mkdir()
            bring(fresh)
            arrays.save_bytes(fresh / FILE, json.dumps(manifest.as_json(), indent=1).encode())
            for path in fresh.iterdir():
                file_sums.to_disk(path)
            fresh.rename(place)
        file_sums.to_disk(parent)
        if tried:
            _try(place, manifest.name)
    return manifest.name


def _try(place: Path, name: str) -> None:
    try:
        preparing.prepare(sources.read_folder(place, "added"))
    except UnusableEncoder as problem:
        # One that only lacks a package here will run when that is installed.
        if problem.reason != "not_installed":
            shutil.rmtree(place)
            preparing.forget(name)
        raise


@contextmanager
def _locked() -> Iterator[None]:
    parent = sources.added_folder()
    parent.mkdir(parents=True, exist_ok=True)
    with (parent / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
