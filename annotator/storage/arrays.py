"""Array files: written atomically, never pickled, and verified when they are read."""

import hashlib
import io
import os
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator.storage import checksums
from annotator.storage.checksums import Corrupt

# The exceptions numpy raises for bytes that are not an archive of arrays, or are damaged.
UNREADABLE = (
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    AttributeError,
    SyntaxError,
    NotImplementedError,
    RuntimeError,
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
)


def save_arrays(folder: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Store each array as `folder`/name.npy; the folder appears atomically with all of them."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as work:
        fresh = Path(work) / "arrays"
        fresh.mkdir()
        for name, array in arrays.items():
            with (fresh / f"{name}.npy").open("wb") as file:
                np.save(file, array, allow_pickle=False)
                _to_disk(file)
        # A second attempt at the same shard writes the same bytes, so the old files may be deleted.
        _make_way(folder)
        fresh.rename(folder)


def load_arrays(folder: Path, names: Iterable[str] = ()) -> dict[str, NDArray[Any]]:
    """Return the arrays that `save_arrays` stored, memory-mapped and read-only.

    Those in `names`, or all; Corrupt if one cannot be read.
    """
    files = [folder / name for name in names] or sorted(folder.glob("*.npy"))
    return {file.stem: _mapped(file) for file in files}


def _mapped(file: Path) -> NDArray[Any]:
    try:
        with checksums.readable(file):
            mapped: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
            return mapped
    except (ValueError, EOFError, SyntaxError) as problem:
        raise Corrupt(f"{file.name} is no array: {problem}") from problem


def save_npz(path: Path, arrays: dict[str, NDArray[Any]]) -> str:
    """Store arrays in one file, written atomically, and return its SHA-256."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    data = buffer.getvalue()
    save_bytes(path, data)
    return hashlib.sha256(data).hexdigest()


def save_bytes(path: Path, data: bytes) -> None:
    """Store `data` in a file, written atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
        try:
            file.write(data)
            _to_disk(file)
            if path.is_dir():
                _make_way(path)
            os.replace(file.name, path)
        except BaseException:
            # On a full disk, partial files would keep it full.
            Path(file.name).unlink(missing_ok=True)
            raise


def load_npz(path: Path, sha256: str = "") -> dict[str, NDArray[Any]]:
    """Return the arrays in `path`; Corrupt if it does not match the checksum."""
    data = read_checked(path, sha256)
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            # Each part has a checksum of its own, verified while reading.
            return {name: arrays[name] for name in arrays.files}
    except UNREADABLE as problem:
        raise Corrupt(f"{path.name} is damaged: {problem}") from problem


def find_npz(path: Path) -> dict[str, NDArray[Any]] | None:
    """Return the arrays in `path`; None if it is missing or damaged and will be recomputed."""
    try:
        return load_npz(path)
    except Corrupt:
        return None


def read_checked(path: Path, sha256: str = "") -> bytes:
    """Return the content of `path`; Corrupt if its checksum differs."""
    with checksums.readable(path):
        data = path.read_bytes()
    if sha256 and hashlib.sha256(data).hexdigest() != sha256:
        raise Corrupt(f"{path.name} was changed since it was stored; its checksum does not match")
    return data


def _make_way(path: Path) -> None:
    """Delete whatever exists at a path, even a file of the wrong type."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _to_disk(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
