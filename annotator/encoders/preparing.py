"""Prepare an encoder once, before its first use: check its files, build what runs, try it.

The result lies in the data directory and appears at once with all of it. One process prepares an
encoder at a time; others wait. A process that dies leaves a folder that the next one removes.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

from annotator.encoders import building, file_sums, sources
from annotator.encoders.manifest import FILE, Manifest
from annotator.encoders.sources import Source
from annotator.storage import arrays
from selection.encoders import UnusableEncoder, open_encoder

RUNTIME = {
    "onnx_text": ("onnxruntime", "tokenizers"),
    "onnx_image": ("onnxruntime",),
    "static_vectors": ("tokenizers",),
}
STEPS = ("checking", "building", "trying")
PROBES: dict[str, list[Any]] = {
    "text": ["A short text", "Ein kurzer Text über das Wetter", "第三句。"],
    "image": [Image.linear_gradient("L"), Image.radial_gradient("L").convert("RGB")],
}


@dataclass(frozen=True)
class Progress:
    """How far the preparation of an encoder is: the step, and its number of `of`."""

    step: str
    done: int
    of: int


@dataclass(frozen=True)
class Prepared:
    """An encoder that may be opened: its manifest as it runs, and its files by role."""

    manifest: Manifest
    paths: dict[str, Path]


def prepare(source: Source) -> Prepared:
    """Return the encoder, prepared now if it was not yet; UnusableEncoder says why it cannot be."""
    if source.manifest is None:
        raise source.problem or UnusableEncoder("bad_manifest", field=FILE, value="")
    missing = missing_runtime(source.manifest)
    if missing is not None:
        raise missing
    found = _find_sound(source)
    if found is None:
        with _locked(source.name):
            found = _find_sound(source) or _prepare(source, source.manifest)
    return found


def find_prepared(source: Source) -> Prepared | None:
    """Return the encoder if it was prepared from what lies there now, without reading its files."""
    found = _state(source)
    if found is None or "manifest" not in found:
        return None
    try:
        manifest = Manifest.of(found["manifest"])
    except UnusableEncoder:
        return None
    paths = {role: Path(path) for role, path in found["paths"].items()}
    same = all(_stat(path) == found["stats"].get(role) for role, path in paths.items())
    return Prepared(manifest, paths) if same else None


def failure(source: Source) -> UnusableEncoder | None:
    """Return why the encoder could not be prepared the last time, None if it was not tried."""
    found = _state(source) or {}
    return UnusableEncoder(found["reason"], **found["values"]) if "reason" in found else None


def progress(name: str) -> Progress | None:
    """Return how far the preparation is that runs now; None where none does."""
    try:
        told = Progress(**json.loads(_progress_file(name).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return told if _is_locked(name) else None


def missing_runtime(manifest: Manifest) -> UnusableEncoder | None:
    """Return what has to be installed before the encoder can run; None where all is there."""
    needed = [*RUNTIME[manifest.kind], *(["onnx"] if manifest.build else [])]
    missing = [package for package in needed if find_spec(package) is None]
    return UnusableEncoder("not_installed", packages=", ".join(missing)) if missing else None


def forget(name: str) -> None:
    """Remove what was prepared for an encoder."""
    with _locked(name):
        _make_way(_folder(name))


def _find_sound(source: Source) -> Prepared | None:
    prepared = find_prepared(source)
    try:
        if prepared is not None:
            file_sums.check(prepared.paths, prepared.manifest.sums)
    except UnusableEncoder:
        # Built again from what it was made from, which is checked then, too.
        return None
    return prepared


def _prepare(source: Source, manifest: Manifest) -> Prepared:
    tell = _teller(source.name)
    parent = _folder(source.name).parent
    for left in parent.glob(f".new-{source.name}-*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=f".new-{source.name}-") as work:
        folder = Path(work) / "encoder"
        folder.mkdir()
        try:
            made = _built(source, manifest, folder, tell)
        except UnusableEncoder as problem:
            told = {
                "reason": problem.reason,
                "values": {k: str(v) for k, v in problem.values.items()},
            }
            _write(folder, {"made_from": source.digest, **told})
            _put(folder, _folder(source.name))
            raise
        finally:
            _progress_file(source.name).unlink(missing_ok=True)
        told = _told(made, folder, _folder(source.name))
        _write(folder, {"made_from": source.digest, **told})
        _put(folder, _folder(source.name))
    prepared = find_prepared(source)
    if prepared is None:
        # Somebody works on the files at this very moment.
        raise UnusableEncoder("changed_file", file=source.name)
    return prepared


def _built(
    source: Source, manifest: Manifest, folder: Path, tell: Callable[[str], None]
) -> Prepared:
    """Return the encoder with all of its files checked, built in `folder` where need be, tried."""
    tell("checking")
    file_sums.check(source.paths, manifest.sums)
    paths = dict(source.paths)
    if manifest.build:
        tell("building")
        changes = building.recipe(manifest.build)(paths, folder)
        length = min(manifest.max_length, changes.pop("max_length", manifest.max_length))
        manifest = replace(manifest, build="", max_length=length, **changes)
        paths = {role: folder / name for role, name in manifest.files.items()}
        sums = {path.name: file_sums.sha256_of(path) for path in paths.values()}
        manifest = replace(manifest, sums=sums)
    tell("trying")
    manifest = replace(manifest, dimensions=manifest.dimensions or _measured(manifest, paths))
    open_encoder(manifest.spec(paths)).encode(PROBES[manifest.medium])
    return Prepared(manifest, paths)


def _measured(manifest: Manifest, paths: dict[str, Path]) -> int:
    """Return the dimensions that the encoder has, where its manifest does not say."""
    try:
        open_encoder(manifest.spec(paths)).encode(PROBES[manifest.medium])
    except UnusableEncoder as problem:
        if problem.reason == "wrong_dimension" and isinstance(problem.values["found"], int):
            return problem.values["found"]
        raise
    raise UnusableEncoder("wrong_dimension", expected=0, found=0)


# The record on disk ------------------------------------------------------------------------------


def _told(made: Prepared, folder: Path, place: Path) -> dict[str, Any]:
    """Return what is stored of an encoder: files built in `folder` will lie in `place`."""
    paths = {
        role: str(place / path.name if path.parent == folder else path)
        for role, path in made.paths.items()
    }
    stats = {role: _stat(path) for role, path in made.paths.items()}
    return {"manifest": made.manifest.as_json(), "paths": paths, "stats": stats}


def _stat(path: Path) -> list[int]:
    """Return what tells that a file may have changed; its sum is looked at when it is opened."""
    try:
        found = path.stat()
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns]


def _state(source: Source) -> dict[str, Any] | None:
    try:
        found = json.loads((_folder(source.name) / FILE).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("made_from") == source.digest else None


def _write(folder: Path, told: dict[str, Any]) -> None:
    arrays.save_bytes(folder / FILE, json.dumps(told, indent=1).encode())


def _put(folder: Path, place: Path) -> None:
    for path in folder.iterdir():
        file_sums.to_disk(path)
    _make_way(place)
    folder.rename(place)
    file_sums.to_disk(place.parent)


def _make_way(place: Path) -> None:
    if place.exists():
        # Gone at once, as half of an encoder must not be found.
        aside = place.with_name(f".old-{place.name}-{os.getpid()}")
        place.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def _folder(name: str) -> Path:
    folder = sources.home() / "prepared" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


# Who prepares, and how far -----------------------------------------------------------------------


@contextmanager
def _locked(name: str) -> Iterator[None]:
    with _lock_file(name).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_locked(name: str) -> bool:
    try:
        with _lock_file(name).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _lock_file(name: str) -> Path:
    return _folder(name).with_name(f".lock-{name}")


def _progress_file(name: str) -> Path:
    return _folder(name).with_name(f".progress-{name}.json")


def _teller(name: str) -> Callable[[str], None]:
    def tell(step: str) -> None:
        told = Progress(step, STEPS.index(step), len(STEPS))
        arrays.save_bytes(_progress_file(name), json.dumps(asdict(told)).encode())

    return tell
