"""Span data sets for the benches: JSON Lines with `text` and `spans`, read from a folder."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from selection.spans.text.spans import Span

Labelled = tuple[list[str], list[list[Span]]]


def read(path: Path) -> Labelled:
    """Return the texts of a file and their spans."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [row["text"] for row in rows], [
        [(span["start"], span["end"], span["label"]) for span in row["spans"]] for row in rows
    ]


def read_set(folder: Path, name: str) -> tuple[Labelled, Labelled]:
    """Return the pool and the test file of a data set."""
    return read(folder / f"{name}.jsonl"), read(folder / f"{name}_test.jsonl")


def labels_of(spans: list[list[Span]]) -> list[str]:
    """Return the labels that occur, in order."""
    return sorted({span[2] for each in spans for span in each})
