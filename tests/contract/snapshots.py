"""Compare results with stored snapshots, and show changes line by line."""

import difflib
import json
import os
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "snapshots"
UPDATE = "WINNOW_UPDATE_SNAPSHOTS"
MOST_LINES = 200


def assert_as_stored(name: str, found: Any) -> None:
    """Fail with a diff if `found` differs from the snapshot; texts are compared unchanged."""
    text = found if isinstance(found, str) else as_text(found)
    path = FOLDER / name
    if os.environ.get(UPDATE):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return
    if not path.exists():
        pytest.fail(f"There is no snapshot {name}. {UPDATE}=1 pytest tests/contract writes it.")
    stored = path.read_bytes().decode("utf-8")
    if stored != text:
        pytest.fail(f"{name} changed:\n{_diff(stored, text)}", pytrace=False)


def as_text(found: Any) -> str:
    """Return JSON with sorted keys, one value per line, for readable diffs."""
    return json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False, default=str) + "\n"


def _diff(stored: str, found: str) -> str:
    before, after = stored.splitlines(), found.splitlines()
    lines = list(difflib.unified_diff(before, after, "stored", "now", lineterm="", n=2))
    more = len(lines) - MOST_LINES
    return "\n".join(lines[:MOST_LINES] + ([f"… {more} lines more"] if more > 0 else []))
