"""How many flipped labels are among the first suspects: python tests/bench/label_errors.py

A twentieth of the labels of a set is replaced by another one at random. Every item is judged by a
model that did not train on it, and `agreement.suspects` ranks the labels. Precision at the number
of flips is the share of flips among so many first suspects; what was wrong before counts
as no flip, so that 1 is out of reach. Beside it stands the ranking by cleanlab of the same
probabilities, where it is installed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import label_efficiency as efficiency
import numpy as np

from annotator import trial
from annotator.formats import Columns
from selection import agreement, models

FLIPPED = 0.05
FOLDS = 5


def main() -> None:
    """Print a row for each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default="ag_news,banking77")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--items", type=int, default=20_000, help="so many at most of each set")
    asked = parser.parse_args()
    print("| set | items | flips | found | cleanlab | seconds |\n|---|---|---|---|---|---|")
    for name in asked.sets.split(","):
        print(measure(name, asked.seeds, asked.items), flush=True)


def measure(name: str, seeds: int, items: int) -> str:
    """Return the row of one set, means over the seeds."""
    known = trial.prepare(trial.read(efficiency.data_of(name), Columns())).known
    rows = np.sort(np.random.default_rng(0).permutation(len(known.X))[:items])
    X, truth = known.X.take(rows), known.y[rows]
    runs = [_run(X, truth, known.n_classes, seed) for seed in range(seeds)]
    flips, ours, theirs, seconds = (list(each) for each in zip(*runs, strict=True))
    beside = "not installed" if None in theirs else f"{np.mean(theirs):.3f}"
    return (
        f"| `{name}` | {len(rows):,} | {flips[0]:,} | {np.mean(ours):.3f} | {beside} "
        f"| {np.mean(seconds):.1f} |"
    )


def _run(X: Any, truth: Any, n_classes: int, seed: int) -> tuple[int, float, float | None, float]:
    rng = np.random.default_rng(seed)
    flipped = rng.choice(len(truth), round(FLIPPED * len(truth)), replace=False)
    labels = truth.copy()
    labels[flipped] = (truth[flipped] + rng.integers(1, n_classes, len(flipped))) % n_classes
    started = time.perf_counter()
    everything = np.ones(len(labels), dtype=bool)
    proba = models.cross_fit(X, labels, everything, n_classes, folds=FOLDS, seed=seed)
    ranked = agreement.suspects(labels, proba).rows
    seconds = time.perf_counter() - started
    theirs = _cleanlab(labels, proba)
    found = [None if rows is None else _precision(rows, flipped) for rows in (ranked, theirs)]
    return len(flipped), float(found[0] or 0.0), found[1], seconds


def _precision(ranked: Any, flipped: Any) -> float:
    return float(np.isin(ranked[: len(flipped)], flipped).sum() / len(flipped))


def _cleanlab(labels: Any, proba: Any) -> Any:
    try:
        from cleanlab.filter import find_label_issues
    except ImportError:
        return None
    return find_label_issues(
        labels, proba.astype(np.float64), return_indices_ranked_by="normalized_margin", n_jobs=1
    )


if __name__ == "__main__":
    main()
