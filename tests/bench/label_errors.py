"""How many wrong labels are among the first suspects, with 5 % of the labels made wrong.

    python tests/bench/label_errors.py --sets ag_news,banking77 --seeds 3

The labels that are flipped become any other class. Precision at the number of flips is the share of
the flips among as many first suspects; a list that is shorter misses the rest. Labels that were
wrong before count as right, so that 1.0 cannot be reached. `--close` flips to classes that a model
mixes up with the true one instead, as people do. Beside it what cleanlab finds in the same
out-of-fold probabilities, where it is installed.
"""

from __future__ import annotations

import argparse
import time

import label_efficiency as efficiency
import numpy as np
from threadpoolctl import threadpool_limits

from annotator.flow.simulation import dataset
from annotator.formats import Columns
from selection.agreement import coefficients
from selection.core.arrays import AnyArray, IntArray
from selection.features import Features
from selection.models import SingleLabel, logistic

MOST = 20_000  # labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", default="ag_news,banking77")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--close", action="store_true", help="flip to classes that are mixed up")
    options = parser.parse_args()
    print("| set | seed | labels | flips | suspects | precision | of the first tenth | cleanlab "
          "| cleanlab, by self-confidence | out of fold |\n|" + "---|" * 10)  # fmt: skip
    with threadpool_limits(1):
        for name in options.sets.split(","):
            answers = dataset.read(efficiency.data_of(name), Columns())
            known = dataset.prepare(answers, hold_out=False).known
            for seed in range(options.seeds):
                print(
                    _line(name, seed, known.X, known.y, known.space.n_classes, options), flush=True
                )


def _line(
    name: str, seed: int, X: Features, y: IntArray, n_classes: int, options: argparse.Namespace
) -> str:
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(X))[:MOST])
    X, y = X.take(rows), y[rows]
    chances = _mixed_up(X, y, n_classes) if options.close else _any_other(n_classes)
    labels = _flip(y, chances, options.share, rng)
    started = time.perf_counter()
    proba = logistic.cross_fit(
        X,
        labels,
        np.ones(len(y), dtype=bool),
        SingleLabel(n_classes),
        folds=options.folds,
        seed=seed,
    )
    seconds = time.perf_counter() - started
    wrong = labels != y
    flips = int(wrong.sum())
    found = coefficients.suspects(labels, proba).rows
    theirs = (_cleanlab(labels, proba, by) for by in ("normalized_margin", "self_confidence"))
    cells = [
        name,
        seed,
        f"{len(y):,}",
        flips,
        len(found),
        f"{_precision(found, wrong, flips):.3f}",
        f"{_precision(found, wrong, flips // 10):.3f}",
        *("not installed" if t is None else f"{_precision(t, wrong, flips):.3f}" for t in theirs),
        f"{seconds:.0f} s",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def _any_other(n_classes: int) -> AnyArray:
    return (1 - np.eye(n_classes)) / (n_classes - 1)


def _mixed_up(X: Features, y: IntArray, n_classes: int) -> AnyArray:
    """Return the probability (C, C) of each wrong class where a model errs on a true one."""
    proba = logistic.cross_fit(X, y, np.ones(len(y), dtype=bool), SingleLabel(n_classes), seed=0)
    chances = np.stack([proba[y == c].mean(axis=0, dtype=float) for c in range(n_classes)])
    np.fill_diagonal(chances, 0.0)
    return chances / chances.sum(axis=1, keepdims=True)


def _flip(y: IntArray, chances: AnyArray, share: float, rng: np.random.Generator) -> IntArray:
    labels = y.copy()
    for row in rng.choice(len(y), round(share * len(y)), replace=False):
        labels[row] = rng.choice(len(chances), p=chances[y[row]])
    return labels


def _precision(found: IntArray, wrong: AnyArray, k: int) -> float:
    return float(wrong[found[:k]].sum() / k)


def _cleanlab(labels: IntArray, proba: AnyArray, by: str) -> IntArray | None:
    try:
        from cleanlab.filter import find_label_issues
    except ImportError:
        return None
    return np.asarray(find_label_issues(labels, proba, return_indices_ranked_by=by, n_jobs=1))


if __name__ == "__main__":
    main()
