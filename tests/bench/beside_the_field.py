"""The same selections by Winnow and by other libraries: same data, same run, one thread.

    python -m venv field
    field/bin/pip install numpy scipy scikit-learn pillow scikit-activeml small-text modAL-python
    field/bin/python tests/bench/beside_the_field.py [--only margin]

None of them is needed: one that is not installed is left out, with a line that says so. Each
selection runs in a process of its own, at most 90 s long; the time is the best of three runs, or
of those that were done by then. BADGE and k-means++ are drawn at random, so of them the first pick
is compared (BADGE) and the sum of the squared distances to the nearest pick.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import Any

from selection_speed import cloud, odds, same_order, same_set, same_spread

# Imported first: it limits BLAS to one thread before numpy is loaded.
import numpy as np  # isort: skip
from selection.diversity import batch_diversity  # isort: skip
from selection import scores  # isort: skip
from selection.core import top_k  # isort: skip
from selection.core.distances import Points  # isort: skip

PATIENCE = 90.0
REPEATS = 3
LABELLED = 500
FIELD = {
    "scikit-activeml": "skactiveml",
    "small-text": "small_text",
    "modAL-python": "modAL",
    "scikit-learn": "sklearn",
}

Pick = Callable[[], Any]


@dataclass(frozen=True)
class Contest:
    """One selection, by us and by `others` (package name to function)."""

    what: str
    ours: Pick
    others: dict[str, Pick]
    compare: Callable[[Any, Any], str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=CONTESTS)
    only = parser.parse_args().only
    for package, module in FIELD.items():
        print(f"{package} {_version(package)}" if find_spec(module) else _missing(package))
    print("\n| what | ours, s | who | theirs, s | ratio | do the picks agree |")
    print("|---|---:|---|---:|---:|---|")
    for name, prepare in CONTESTS.items():
        if only in (None, name):
            for contest in prepare():
                report(contest)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(version unknown)"


def _missing(package: str) -> str:
    return f"{package} is not installed: left out"


def report(contest: Contest) -> None:
    """Print the results of one contest: one line per installed package."""
    ours, picks, failure = measure(contest.ours)
    if picks is None:
        raise SystemExit(f"{contest.what}: {failure}")
    for package, pick in contest.others.items():
        if not find_spec(FIELD[package]):
            continue
        theirs, others, failure = measure(pick)
        start = f"| {contest.what} | {ours:.3f} | {package} |"
        if others is None:
            ratio = f"over {PATIENCE / ours:,.0f}x" if failure.startswith("over") else "–"
            print(f"{start} {failure} | {ratio} | – |", flush=True)
            continue
        words = contest.compare(picks, others)
        print(f"{start} {theirs:.3f} | {theirs / ours:,.1f}x | {words} |", flush=True)


def measure(pick: Pick) -> tuple[float, Any, str]:
    """Return the seconds of the fastest run and its picks; no picks but a reason on failure."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_run, args=(pick, there))
    child.start()
    there.close()
    runs, failure = _listen(here, time.monotonic() + PATIENCE)
    child.kill()
    child.join()
    if not runs:
        return float("inf"), None, failure
    seconds, picks = min(runs, key=lambda run: run[0])
    return seconds, picks, ""


def _run(pick: Pick, there: Connection) -> None:
    warnings.simplefilter("ignore")
    for _ in range(REPEATS):
        started = time.perf_counter()
        try:
            picks = np.asarray(pick(), dtype=np.int64)
        except Exception as error:
            there.send(f"{type(error).__name__}: {error}"[:200])
            return
        there.send((time.perf_counter() - started, picks))


def _listen(here: Connection, until: float) -> tuple[list[tuple[float, Any]], str]:
    runs: list[tuple[float, Any]] = []
    while len(runs) < REPEATS and here.poll(max(until - time.monotonic(), 0)):
        try:
            said = here.recv()
        except EOFError:
            return runs, "died"
        if isinstance(said, str):
            return runs, said
        runs.append(said)
    return runs, f"over {PATIENCE:.0f}"


# Margin ------------------------------------------------------------------------------------------


def margin() -> Iterator[Contest]:
    n, k = 100_000, 100
    proba = odds(cloud(n))
    rows = np.arange(n)[:, None].astype(float)
    nobody = np.zeros(0, dtype=np.int64)
    yield Contest(
        f"margin of {n:,} x 10, the best {k}",
        lambda: top_k.best(scores.margin(proba), np.arange(n), k, seed=0),
        {
            "scikit-activeml": lambda: _activeml_margin(rows, proba, k),
            "small-text": lambda: _small_text_margin(proba, nobody, k),
            "modAL-python": lambda: _modal_margin(rows, proba, k),
        },
        lambda ours, theirs: _same_margins(proba, ours, theirs),
    )


def _activeml_margin(rows: Any, proba: Any, k: int) -> Any:
    from skactiveml.pool import UncertaintySampling

    rule = UncertaintySampling(method="margin_sampling", random_state=0)
    return rule.query(rows, _unlabelled(len(rows)), _known(proba), fit_clf=False, batch_size=k)


def _small_text_margin(proba: Any, nobody: Any, k: int) -> Any:
    from small_text.query_strategies.strategies import BreakingTies

    everyone = np.arange(len(proba))
    return BreakingTies().query(_Oracle(proba), everyone, everyone, nobody, nobody, n=k)


def _modal_margin(rows: Any, proba: Any, k: int) -> Any:
    from modAL.uncertainty import margin_sampling

    return margin_sampling(_Oracle(proba), rows, n_instances=k)[0]


def _same_margins(proba: Any, ours: Any, theirs: Any) -> str:
    values = scores.margin(proba)
    gap = np.abs(np.sort(values[ours]) - np.sort(values[theirs])).max()
    return same_set(ours, theirs, float(gap))


# BADGE -------------------------------------------------------------------------------------------


def badge() -> Iterator[Contest]:
    for n, k in ((5_000, 20), (5_000, 100), (100_000, 20)):
        yield _badge(n, k)


def _badge(n: int, k: int) -> Contest:
    X = cloud(n)
    proba = odds(X)
    return Contest(
        f"BADGE of {k} from {n:,} x 384 in 10 classes",
        lambda: batch_diversity.badge(proba, X, k, rng=0),
        {"scikit-activeml": lambda: _activeml_badge(proba, X, k)},
        lambda ours, theirs: same_spread(proba, X, ours, theirs),
    )


def _activeml_badge(proba: Any, X: Any, k: int) -> Any:
    from skactiveml.pool import Badge

    # The column of ones is the intercept of the head, which has a gradient as well.
    beside = np.column_stack([X, np.ones(len(X), dtype=X.dtype)])
    rule = Badge(random_state=0)
    return rule.query(beside, _unlabelled(len(X)), _known(proba), fit_clf=False, batch_size=k)


# k-center ----------------------------------------------------------------------------------------


def k_center() -> Iterator[Contest]:
    n = 100_000
    # Labelled rows come last: small-text mixes up row numbers otherwise.
    X = cloud(n + LABELLED)
    for k in (20, 100):
        yield _k_center(X, n, k)


def _k_center(X: Any, n: int, k: int) -> Contest:
    return Contest(
        f"k-center of {k} from {n:,} x 384, {LABELLED} labelled",
        lambda: batch_diversity.k_center(X[:n], k, existing=X[n:]),
        {
            "scikit-activeml": lambda: _activeml_k_center(X, n, k),
            "small-text": lambda: _small_text_k_center(X, n, k),
        },
        same_order,
    )


def _activeml_k_center(X: Any, n: int, k: int) -> Any:
    from skactiveml.pool import CoreSet

    y = _unlabelled(len(X))
    y[n:] = 0
    return CoreSet(random_state=0).query(X, y, batch_size=k)


def _small_text_k_center(X: Any, n: int, k: int) -> Any:
    from small_text.query_strategies.coresets import greedy_coreset

    pool, labelled = np.arange(n), np.arange(n, len(X))
    return greedy_coreset(X, pool, labelled, k, distance_metric="euclidean")


# k-means++ ---------------------------------------------------------------------------------------


def kmeans_pp() -> Iterator[Contest]:
    n, k = 100_000, 100
    X = cloud(n)
    yield Contest(
        f"k-means++ of {k} from {n:,} x 384",
        lambda: batch_diversity.kmeans_pp(X, k, rng=0),
        {"scikit-learn": lambda: _sklearn_kmeans_pp(X, k)},
        lambda ours, theirs: _same_distances(X, ours, theirs),
    )


def _sklearn_kmeans_pp(X: Any, k: int) -> Any:
    from sklearn.cluster import kmeans_plusplus

    # One candidate per step is the plain algorithm; more are scikit-learn's refinement.
    return kmeans_plusplus(X, k, n_local_trials=1, random_state=0)[1]


def _same_distances(X: Any, ours: Any, theirs: Any) -> str:
    left = [float(Points.of(X).to_nearest(rows).sum()) for rows in (ours, theirs)]
    return f"squared distances left {left[0] / left[1]:.3f} times theirs"


# Stand-in for a model -----------------------------------------------------------------------------


class _Oracle:
    """Returns known probabilities for every row, so that only the selection is timed."""

    def __init__(self, proba: Any) -> None:
        self.proba = proba

    def predict_proba(self, X: Any) -> Any:
        return self.proba


def _known(proba: Any) -> Any:
    from skactiveml.base import SkactivemlClassifier

    class Known(SkactivemlClassifier):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            return self

        def predict_proba(self, X: Any) -> Any:
            return proba

    return Known(classes=list(range(proba.shape[1])))


def _unlabelled(n: int) -> Any:
    return np.full(n, np.nan)


CONTESTS = {"margin": margin, "badge": badge, "k_center": k_center, "kmeans_pp": kmeans_pp}

if __name__ == "__main__":
    main()
