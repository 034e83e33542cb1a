"""Encoders that this installation keeps itself, in its data directory."""

import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from annotator.encoders import download, file_sums, preparing, sources
from annotator.encoders.catalogue import Entry
from annotator.encoders.manifest import FILE, Manifest
from annotator.storage import arrays
from selection.encoders import UnusableEncoder

BLOCK = 1 << 20


def add_folder(
    folder: Path, *, build: bool = True, report: download.Report = lambda _done, _of: None
) -> str:
    """Copy an encoder's folder to the data directory, try it, and return its name.

    Without `build`, one whose graph must be built first is left for a worker to try. Sums that
    its manifest lacks are taken from the files as they are. `report` is called with the bytes so
    far, and those of all files. UnusableEncoder says what is wrong; nothing is kept then.
    """
    manifest = check_folder(folder)
    bring = partial(_copy, folder, manifest, report)
    return _add(manifest, bring, tried=build or not manifest.build)


def check_folder(folder: Path) -> Manifest:
    """Return the manifest of a folder whose encoder can be added; its sums are not looked at."""
    manifest = Manifest.read(folder)
    for name in manifest.files.values():
        if not (folder / name).is_file():
            raise UnusableEncoder("missing_file", file=name)
    if (sources.added_folder() / manifest.name).exists():
        raise UnusableEncoder("already_there", name=manifest.name)
    return manifest


def add_entry(entry: Entry, hub: str, report: download.Report) -> str:
    """Fetch an encoder of the catalogue, try it, and return its name."""

    def bring(place: Path) -> Manifest:
        download.fetch(entry, place, hub, report)
        return entry.manifest

    return _add(entry.manifest, bring, tried=True)


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


def _copy(folder: Path, manifest: Manifest, report: download.Report, place: Path) -> Manifest:
    """Copy the files of a manifest, and return it with the sums of what was copied."""
    paths = [folder / name for name in manifest.files.values()]
    total = sum(path.stat().st_size for path in paths)
    before, sums = 0, {}
    for path in paths:
        digest = hashlib.sha256()
        with path.open("rb") as source, (place / path.name).open("wb") as target:
            while block := source.read(BLOCK):
                target.write(block)
                digest.update(block)
                before += len(block)
                report(before, total)
        sums[path.name] = digest.hexdigest()
        if manifest.sums.get(path.name, sums[path.name]) != sums[path.name]:
            raise UnusableEncoder("changed_file", file=path.name)
    return replace(manifest, sums=sums)


def _add(manifest: Manifest, bring: Callable[[Path], Manifest], *, tried: bool) -> str:
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
            manifest = bring(fresh)
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
