"""Calls that the documentation shows are sent as the API takes them."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def calls() -> Iterator[tuple[str, list[str]]]:
    """Yield each curl command of the documentation as words, with its file."""
    for path in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]):
        whole = path.read_text(encoding="utf-8").replace("\\\n", " ")
        for line in whole.splitlines():
            if "curl " in line and not line.startswith(("|", "-", "#")) and "`" not in line:
                command = line[line.index("curl ") :].split(" | ")[0].rstrip(") ")
                yield path.name, shlex.split(command)


@pytest.mark.parametrize(("file", "words"), list(calls()))
def test_body_of_a_call_is_json_and_says_so(file: str, words: list[str]) -> None:
    if "-d" not in words:
        return
    assert isinstance(json.loads(words[words.index("-d") + 1]), dict)
    assert "Content-Type: application/json" in words


def test_calls_are_found() -> None:
    assert {"deliver.md", "assign.md", "change-labels.md"} <= {file for file, _words in calls()}
