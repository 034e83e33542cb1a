"""How fast the library selects, beside the same thing written out plainly.

    python tests/bench/selection_speed.py [--only NAME]

One BLAS thread. Our time is the best of three, and so is the plain one where it takes less than
ten seconds. Memory is the peak that Python and numpy allocate in a run of its own: what is mapped
from files does not count, what BLAS holds inside is not seen. A round of the simulator runs on
`../shared/data/ag_news.csv` next to the repository, on made-up texts where that is missing.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # read once, when numpy is loaded

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from scipy.special import softmax  # noqa: E402

from selection import scores  # noqa: E402
from selection.core import top_k  # noqa: E402
from selection.core.distances import Gradients  # noqa: E402
from selection.diversity import batch_diversity  # noqa: E402
from selection.features import RECIPES, Features  # noqa: E402
from selection.models import SingleLabel  # noqa: E402
from selection.models.logistic import Model  # noqa: E402
from selection.simulation.dataset import LabelledDataset, Plan  # noqa: E402
from selection.simulation.loop import replay  # noqa: E402

NEWS = ROOT.parent / "shared" / "data" / "ag_news.csv"
WIDTH, CLASSES = 384, 10
SHARD = 65_536
PATIENCE = 10.0  # seconds from which a single run suffices
SCORED, WANTED = 1_000_000, 5_000
TEXTS = 20_000
ROUNDS, BATCH = 50, 20


@dataclass(frozen=True)
class Case:
    """One selection: ours, the same written out (None: there is no such thing), and its goal.

    `compare` says in words whether the two answers agree; a run holds `rounds` of what is timed.
    """

    what: str
    goal: float
    ours: Callable[[], Any]
    plain: Callable[[], Any] | None = None
    compare: Callable[[Any, Any], str] | None = None
    rounds: int = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=CASES)
    only = parser.parse_args().only
    print("| what | ours, s | goal, s | written out, s | ratio | peak, MB | do the picks agree |")
    print("|---|---:|---:|---:|---:|---:|---|")
    for name, prepare in CASES.items():
        if only in (None, name):
            with prepare() as case:
                print(row(case), flush=True)


def row(case: Case) -> str:
    """Return a table row: the time of one case, and whether it met its goal."""
    ours, picks = best_of(case.ours, case.rounds)
    peak = f"{peak_bytes(case.ours) / 1e6:,.0f}"
    mark = "" if ours <= case.goal else " **missed**"
    start = f"| {case.what} | {ours:.3f}{mark} | {case.goal:g} |"
    if case.plain is None or case.compare is None:
        return f"{start} – | – | {peak} | – |"
    plain, others = best_of(case.plain)
    words = case.compare(picks, others)
    return f"{start} {plain:.3f} | {plain / ours:,.0f}x | {peak} | {words} |"


def best_of(run: Callable[[], Any], rounds: int = 1, times: int = 3) -> tuple[float, Any]:
    """Return the seconds of the fastest of three runs (of one if it is long), and the answer."""
    taken: list[float] = []
    while len(taken) < times and sum(taken) < PATIENCE:
        started = time.perf_counter()
        answer = run()
        taken.append(time.perf_counter() - started)
    return min(taken) / rounds, answer


def peak_bytes(run: Callable[[], Any]) -> int:
    """Return the peak memory of a run, beyond what was allocated before."""
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


# Synthetic data -----------------------------------------------------------------------------------


def cloud(n: int, seed: int = 0) -> Any:
    """Return n rows of length 1 around a hundred centres: (n, 384) float32, like embeddings."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(1).normal(size=(100, WIDTH)).astype(np.float32)
    X = centres[rng.integers(100, size=n)] + rng.standard_normal((n, WIDTH), dtype=np.float32)
    X /= np.sqrt(np.einsum("ij,ij->i", X, X))[:, None]
    return X


def head() -> Model:
    """Return a model over 384 columns and 10 classes, confident about some rows only."""
    weights = np.random.default_rng(2).normal(scale=3, size=(WIDTH, CLASSES)).astype(np.float32)
    unused = np.zeros((0, CLASSES), dtype=np.float32)
    bias = np.zeros(CLASSES, dtype=np.float32)
    return Model(CLASSES, np.arange(CLASSES), np.zeros(0, np.int64), unused, weights, bias)


def odds(X: Any) -> Any:
    """Return the probabilities (n, 10) that the model gives `X`."""
    return head().predict_proba(Features(None, X))


def news() -> tuple[list[str], Any]:
    """Return 20,000 texts and their class numbers."""
    if not NEWS.exists():
        return _made_up_news()
    with NEWS.open(newline="", encoding="utf-8") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(TEXTS), strict=False)]
    names = sorted({row["label"] for row in rows})
    return [row["text"] for row in rows], np.array([names.index(row["label"]) for row in rows])


def _made_up_news() -> tuple[list[str], Any]:
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=TEXTS)
    # Words by Zipf's law; each class has another order of frequency.
    orders = [rng.permutation(20_000) for _ in range(4)]
    ranks = rng.zipf(1.3, size=(TEXTS, 40)) % 20_000
    texts = [" ".join(f"w{orders[c][r]}" for r in line) for c, line in zip(y, ranks, strict=True)]
    return texts, y


# Scoring a million -------------------------------------------------------------------------------


@contextmanager
def scoring() -> Iterator[Case]:
    model = head()
    with tempfile.TemporaryDirectory() as folder:
        files = list(_write_shards(Path(folder)))
        yield Case(
            f"margin of {SCORED:,} x {WIDTH} in shards, the best {WANTED:,}",
            3.0,
            lambda: _score_shards(model, files),
            lambda: _score_at_once(model, files),
            _same_best,
        )


def _write_shards(folder: Path) -> Iterator[tuple[int, Path]]:
    for start in range(0, SCORED, SHARD):
        path = folder / f"{start}.npy"
        np.save(path, cloud(min(SHARD, SCORED - start), seed=start))
        yield start, path


def _score_shards(model: Model, files: list[tuple[int, Path]]) -> tuple[Any, Any]:
    parts = []
    for start, path in files:
        X = np.load(path, mmap_mode="r")
        values, ids = (
            scores.margin(model.predict_proba(Features(None, X))),
            start + np.arange(len(X)),
        )
        rows = top_k.best(values, ids, WANTED, seed=0)
        parts.append((values[rows], ids[rows]))
    return top_k.merge(parts, WANTED, seed=0)


def _score_at_once(model: Model, files: list[tuple[int, Path]]) -> tuple[Any, Any]:
    X = np.concatenate([np.load(path) for _, path in files])
    proba = np.sort(softmax(X @ model.dense_weights + model.intercept, axis=1), axis=1)
    values = proba[:, -2] - proba[:, -1]
    rows = np.argsort(-values, kind="stable")[:WANTED]
    return values[rows], rows


def _same_best(ours: tuple[Any, Any], theirs: tuple[Any, Any]) -> str:
    return same_set(ours[1], theirs[1], gap=float(np.abs(ours[0] - theirs[0]).max()))


def same_set(ours: Any, theirs: Any, gap: float) -> str:
    """Report how many picks two selections share, and how much the rest differ in score."""
    shared = len(np.intersect1d(ours, theirs))
    if shared == len(ours):
        return f"the same {shared:,}"
    return f"{shared:,} of {len(ours):,}, scores within {gap:.0e}"


@contextmanager
def margin() -> Iterator[Case]:
    proba = odds(cloud(100_000))
    yield Case(
        "margin of 100,000 x 10",
        0.1,
        lambda: scores.margin(proba),
        lambda: _sorted_margin(proba),
        lambda ours, theirs: f"scores within {np.abs(ours - theirs).max():.0e}",
    )


def _sorted_margin(proba: Any) -> Any:
    ascending = np.sort(proba, axis=1)
    return ascending[:, -2] - ascending[:, -1]


# Diversity ---------------------------------------------------------------------------------------


@contextmanager
def badge_few() -> Iterator[Case]:
    yield _badge(5_000, goal=0.3)


@contextmanager
def badge_all() -> Iterator[Case]:
    yield _badge(100_000, goal=2.0)


def _badge(n: int, goal: float) -> Case:
    X = cloud(n)
    proba = odds(X)
    return Case(
        f"BADGE of 100 from {n:,} x {WIDTH} in {CLASSES} classes",
        goal,
        lambda: batch_diversity.badge(proba, X, 100, rng=0),
        lambda: _written_out_badge(proba, X, 100),
        lambda ours, theirs: same_spread(proba, X, ours, theirs),
    )


def _written_out_badge(proba: Any, X: Any, k: int) -> Any:
    errors = proba - np.eye(CLASSES, dtype=np.float32)[proba.argmax(axis=1)]
    beside = np.column_stack([X, np.ones(len(X), dtype=np.float32)])
    gradients = (errors[:, :, None] * beside[:, None, :]).reshape(len(X), -1)
    squares = np.einsum("ij,ij->i", gradients, gradients)
    rng, chosen, gaps = np.random.default_rng(0), [int(squares.argmax())], np.full(len(X), np.inf)
    while len(chosen) < k:
        last = chosen[-1]
        apart = squares + squares[last] - 2 * gradients @ gradients[last]
        gaps = np.minimum(gaps, np.maximum(apart, 0))
        gaps[chosen] = 0
        chosen.append(int(rng.choice(len(X), p=gaps / gaps.sum())))
    return np.array(chosen)


def same_spread(proba: Any, X: Any, ours: Any, theirs: Any) -> str:
    """Report whether two draws begin alike, and the gradient distances that they leave."""
    errors = proba - np.eye(proba.shape[1])[proba.argmax(axis=1)]
    gradients = Gradients.of(errors, X)
    left = [float(gradients.to_nearest(np.asarray(rows)).sum()) for rows in (ours, theirs)]
    first = "the same" if ours[0] == theirs[0] else "another"
    return f"{first} first pick, squared distances left {left[0] / left[1]:.3f} times theirs"


@contextmanager
def k_center() -> Iterator[Case]:
    X = cloud(100_500)
    pool, labelled = X[:-500], X[-500:]
    yield Case(
        f"k-center of 100 from 100,000 x {WIDTH}, 500 labelled",
        1.5,
        lambda: batch_diversity.k_center(pool, 100, existing=labelled),
        lambda: _written_out_k_center(pool, 100, labelled),
        same_order,
    )


def _written_out_k_center(X: Any, k: int, labelled: Any) -> Any:
    ours, theirs = (X**2).sum(axis=1), (labelled**2).sum(axis=1)
    gaps = (ours[:, None] + theirs - 2 * X @ labelled.T).min(axis=1)
    chosen: list[int] = []
    for _ in range(k):
        chosen.append(int(gaps.argmax()))
        gaps = np.minimum(gaps, ((X - X[chosen[-1]]) ** 2).sum(axis=1))
    return np.array(chosen)


def same_order(ours: Any, theirs: Any) -> str:
    """Report the length of the common prefix of two sequences of picks."""
    differs = np.flatnonzero(np.asarray(ours) != np.asarray(theirs))
    if not len(differs):
        return "the same order"
    shared = len(np.intersect1d(ours, theirs))
    return f"the same order up to pick {differs[0] + 1}, {shared} of {len(ours)} in common"


# A round of the simulator ------------------------------------------------------------------------


@contextmanager
def simulator_round() -> Iterator[Case]:
    texts, y = news()
    X = RECIPES["text"].fit(texts, seed=0).transform(texts)
    known = LabelledDataset(X, y, SingleLabel(int(y.max()) + 1), rare_class=0)
    plan = Plan(labels=ROUNDS * BATCH, batch=BATCH)
    yield Case(
        f"a round of `auto` on {len(texts):,} texts, mean of {ROUNDS} rounds of {BATCH}",
        1.0,
        lambda: replay(known, "auto", 0, plan, time.perf_counter),
        rounds=ROUNDS,
    )


CASES = {
    "scoring": scoring,
    "margin": margin,
    "badge_few": badge_few,
    "badge_all": badge_all,
    "k_center": k_center,
    "round": simulator_round,
}

if __name__ == "__main__":
    main()
