"""Real answers of several annotators to the same items, and expert labels."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

CROWDS = ("crowd_climate", "crowd_ducks", "crowd_products")


def crowd(name: str, folder: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return the answers (items, people), -1 where none, the gold (items,) and the classes."""
    with (folder / f"{name}_annotations.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (folder / f"{name}_items.csv").open(newline="", encoding="utf-8") as file:
        items = {row["item_id"]: row.get("gold") for row in csv.DictReader(file)}
    names = sorted({row["label"] for row in rows})
    people = {who: i for i, who in enumerate(sorted({row["annotator"] for row in rows}))}
    places = {item: i for i, item in enumerate(items)}
    answers = np.full((len(items), len(people)), -1)
    for row in rows:
        place = places[row["item_id"]], people[row["annotator"]]
        answers[place] = names.index(row["label"])
    gold = np.array([names.index(g) if g in names else -1 for g in items.values()])
    return answers, gold, names
