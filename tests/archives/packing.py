"""Archives taken apart and packed again, with whatever a test changes in them."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Parts = dict[str, bytes]
MANIFEST = "manifest.json"


def changed(path: Path, change: Callable[[Parts, Any], object], *, is_true: bool = True) -> Path:
    """Return a copy of the archive with changed parts and manifest.

    With `is_true`, hashes and counts of the manifest follow the parts.
    """
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts.pop(MANIFEST))
    if is_true:
        change(parts, manifest)
        manifest["sha256"] = {
            name: hashlib.sha256(part).hexdigest() for name, part in parts.items()
        }
        for name in manifest["counts"]:
            manifest["counts"][name] = parts[name].count(b"\n") if name in parts else 0
    else:
        change(parts, manifest)
    made = path.with_name("changed.winnow")
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
        archive.writestr(MANIFEST, json.dumps(manifest))
    return made


def row(table: str, number: int = 0, **values: Any) -> Callable[[Parts, Any], None]:
    """Return a change of one row of a table."""

    def change(parts: Parts, _manifest: Any) -> None:
        name = f"tables/{table}.jsonl"
        lines = parts[name].splitlines()
        lines[number] = json.dumps({**json.loads(lines[number]), **values}).encode()
        parts[name] = b"".join(line + b"\n" for line in lines)

    return change
