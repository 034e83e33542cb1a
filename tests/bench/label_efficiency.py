"""Label efficiency: accuracy on the test file after so many labels, by strategy.

    python tests/bench/label_efficiency.py ag_news sms_spam --strategies random,auto --seeds 3

Replays a labelled data set: the label column answers what a strategy asks, in batches. Reads the
data sets from `../shared/data` next to the repository.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import zipfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from selection import models, shards, strategies  # noqa: E402
from selection.committee import fit_committee  # noqa: E402
from selection.features import RECIPES, Features  # noqa: E402

DATA = ROOT.parent / "shared" / "data"
csv.field_size_limit(10**9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+")
    parser.add_argument("--strategies", default="random,margin,badge,auto")
    parser.add_argument("--recipe", default="")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--labels", default="20,40,100,300,1000")
    options = parser.parse_args()
    for name in options.data:
        measure(name, options)


def measure(name: str, options: argparse.Namespace) -> None:
    docs, labels, test_docs, test_labels = load(name)
    classes = sorted(set(labels))
    y = np.array([classes.index(label) for label in labels])
    order = np.random.default_rng(0).permutation(len(docs))
    docs, y = [docs[i] for i in order], y[order]
    recipe = options.recipe or ("text" if isinstance(docs[0], str) else "image")
    started = time.perf_counter()
    encoder = RECIPES[recipe].fit(docs[:30000], seed=0)
    X, T = encoder.transform(docs), encoder.transform(test_docs)
    print(f"{name}: {len(docs)} items, features in {time.perf_counter() - started:.1f} s")
    truth = np.array([classes.index(label) if label in classes else -1 for label in test_labels])
    marks = [int(mark) for mark in options.labels.split(",") if int(mark) <= len(docs)]
    for strategy in options.strategies.split(","):
        runs = [
            replay(strategy, X, y, T, truth, len(classes), marks, options.batch, seed)
            for seed in range(options.seeds)
        ]
        report(strategy, marks, np.array([run[0] for run in runs]), [run[1] for run in runs])


def replay(
    name: str,
    X: Features,
    y: np.ndarray,
    T: Features,
    truth: np.ndarray,
    n_classes: int,
    marks: list[int],
    batch: int,
    seed: int,
) -> tuple[list[tuple[float, float]], float]:
    rng = np.random.default_rng(seed)
    asked = np.zeros(0, dtype=np.int64)
    model, curve, spent, rounds = None, [], 0.0, 0
    while len(curve) < len(marks):
        started = time.perf_counter()
        step = min(batch, marks[len(curve)] - len(asked))
        asked = np.concatenate([asked, ask(name, X, y, asked, model, n_classes, step, rng, seed)])
        model = models.fit(X.take(asked), y[asked], n_classes, seed=seed)
        spent, rounds = spent + time.perf_counter() - started, rounds + 1
        if len(asked) >= marks[len(curve)]:
            guess = model.predict_proba(T).argmax(axis=1)
            curve.append((float((guess == truth).mean()), macro_f1(truth, guess, n_classes)))
    return curve, spent / rounds


def ask(name, X, y, asked, model, n_classes, k, rng, seed):
    seen = len(np.unique(y[asked]))
    strategy = strategies.resolve(name, len(asked), seen, n_classes)
    pool = np.setdiff1d(np.arange(len(X)), asked)
    proba = None
    if strategy.needs & {"proba"}:
        proba = model.predict_proba(X)[pool]
    key = int(rng.integers(2**31))
    members = proba
    if "committee" in strategy.needs:
        committee = fit_committee(X.take(asked), y[asked], n_classes, seed=key)
        members = np.stack([member.predict_proba(X)[pool] for member in committee])
    counts = np.bincount(y[asked], minlength=n_classes)
    rare = int(np.bincount(y, minlength=n_classes).argmin())
    scores = strategy.score(members, pool, key, rare_class=rare)
    rows = shards.best(scores, pool, strategy.prefilter_size(k, len(pool)), key)
    candidates = strategies.Candidates(
        pool[rows],
        scores[rows],
        None if proba is None else proba[rows],
        X.take(pool[rows]).spread_block(),
        X.take(asked).spread_block(),
        len(asked),
        n_classes,
        seen,
        pool_size=len(pool),
        class_counts=counts.tolist(),
        rare_class=rare,
    )
    return candidates.ids[strategy.choose(candidates, k, rng).rows]


def report(strategy: str, marks: list[int], runs: np.ndarray, seconds: list[float]) -> None:
    cells = [
        f"{mark}: {runs[:, i, 0].mean():.3f}/{runs[:, i, 1].mean():.3f}"
        for i, mark in enumerate(marks)
    ]
    print(f"  {strategy:16}", "  ".join(cells), f" {np.mean(seconds):.2f} s a round", flush=True)


def macro_f1(truth: np.ndarray, guess: np.ndarray, n_classes: int) -> float:
    scores = []
    for c in range(n_classes):
        hits = ((truth == c) & (guess == c)).sum()
        scores.append(2 * hits / max((truth == c).sum() + (guess == c).sum(), 1))
    return float(np.mean(scores))


def load(name: str):
    if (DATA / f"{name}.csv").exists():
        return (*read_csv(f"{name}.csv"), *read_csv(f"{name}_test.csv"))
    return (*read_zip(f"{name}.zip"), *read_zip(f"{name}_test.zip"))


def read_csv(file: str):
    with (DATA / file).open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def read_zip(file: str):
    with zipfile.ZipFile(DATA / file) as archive:
        if "labels.csv" in archive.namelist():
            lines = archive.read("labels.csv").decode().splitlines()
            rows = list(csv.DictReader(lines))
            docs = [archive.read(row["filename"]) for row in rows]
            return docs, [row["label"] for row in rows]
        files = [n for n in archive.namelist() if n.lower().endswith((".png", ".jpg", ".jpeg"))]
        return [archive.read(n) for n in files], [n.split("/")[-2] for n in files]


if __name__ == "__main__":
    main()
