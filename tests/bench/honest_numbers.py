"""Whether the numbers are true: intervals and "target reached" against pools of known labels.

    python tests/bench/honest_numbers.py --sets trec,sms_spam,customer_reviews,fashion --seeds 50 \
        --labels 400 --out DIR
    python tests/bench/honest_numbers.py --table DIR

Every run is a project as the app would go through it: `selection.simulation.loop` asks, and at
looks on the way the audits so far are scored by models that did not train on them. What they tell
is held against the truth: the accuracy on the whole pool, each item judged by a model that did not
train on it. Beside that stand the numbers that others show: cross-validation on whatever was
labelled, the accuracy on the training labels, and a 95 % bound looked at after every hundred
labels.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import label_efficiency as efficiency
import numpy as np

from annotator.flow.simulation import dataset
from annotator.formats import Columns
from selection.core import intervals
from selection.core.arrays import BoolArray, IntArray
from selection.evaluation import stopping
from selection.features import Features
from selection.models import logistic
from selection.simulation import loop
from selection.simulation.dataset import LabelledDataset, Plan

EVERY = 100
FOLDS = 5
FEW = 10  # audits; with fewer, nothing is reported


def main() -> None:
    efficiency.measure_all(_options(), measure, table)


def _options() -> argparse.Namespace:
    parser = efficiency.parser_of(__doc__, seeds=50, labels=400, jobs=2)
    parser.add_argument("--strategy", default="auto")
    return efficiency.parsed(parser)


# Measure ------------------------------------------------------------------------------------------


def measure(name: str, options: argparse.Namespace) -> None:
    """Run one data set, and store the reported figures beside the truth."""
    known = dataset.prepare(dataset.read(efficiency.data_of(name), Columns())).known
    plan = Plan(min(options.labels, len(known.X)), options.batch, options.audit_share)
    go = partial(run, known, options.strategy, plan)
    options.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(options.jobs, initializer=use_one_thread) as executor:
        runs = list(executor.map(go, range(options.seeds)))
    told = {"items": len(known.X), "classes": known.space.n_classes, "runs": runs}
    (options.out / f"{name}.json").write_text(json.dumps(told))
    print(f"{name}: {len(runs)} runs over {len(known.X)} items")


def use_one_thread() -> None:
    """Limit this process to one thread: the others use the other cores."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def run(known: LabelledDataset, strategy: str, plan: Plan, seed: int) -> list[dict[str, Any]]:
    """Return what a project with `seed` reported at each look, and the truth."""
    done = loop.replay(known, strategy, seed, plan, lambda: 0.0)
    audits = audits_of(known, plan, seed)
    marks = range(EVERY, int(done.labels[-1]) + 1, EVERY)
    looks = [look(known, done.asked[:mark], audits, seed) for mark in marks]
    return [told for told in looks if told is not None]


def audits_of(known: LabelledDataset, plan: Plan, seed: int) -> IntArray:
    """Return the random rows, in order, from which the simulator takes its audits."""
    n = len(known.X)
    order = loop.audit_order(n, seed)
    return order[: int(np.ceil(plan.audit_share * n))]


def look(
    known: LabelledDataset, asked: IntArray, audits: IntArray, seed: int
) -> dict[str, Any] | None:
    """Return the estimates after the labels `asked` (n,), and the truth."""
    in_order = audits[np.isin(audits, asked)]
    if len(in_order) < FEW or len(np.unique(known.y[asked])) < 2:
        return None
    X, y = known.X.take(asked), known.y[asked]
    rows = {int(row): place for place, row in enumerate(asked)}
    places = np.array([rows[int(row)] for row in in_order])
    right = right_out_of_fold(known, X, y, np.isin(asked, in_order), seed)
    audited = right[places]
    # As others measure: on the labelled items, most of which are hard.
    everywhere = right_out_of_fold(known, X, y, np.ones(len(y), dtype=bool), seed)
    model = logistic.fit(X, y, known.space, seed=seed)
    in_pool = model.predict_proba(known.X).argmax(axis=1) == known.y
    truth = in_pool.copy()
    truth[asked] = everywhere
    shown = intervals.accuracy_interval(audited)
    naive = intervals.accuracy_interval(everywhere)
    if shown is None or naive is None:
        return None
    return {
        "labels": len(asked),
        "truth": float(truth.mean()),
        "value": shown.value,
        "low": shown.low,
        "high": shown.high,
        "n": shown.n,
        "proven": stopping.target_reached(audited, 0.5).low,
        "peeked": intervals.lower_bound(int(audited.sum()), len(audited)),
        "cross_validated": [naive.value, naive.low, naive.high],
        "on_training": float(in_pool[asked].mean()),
    }


def right_out_of_fold(
    known: LabelledDataset, X: Features, y: IntArray, held_out: BoolArray, seed: int
) -> BoolArray:
    """Return (n,) whether each held-out row is predicted correctly; False for the others."""
    proba = logistic.cross_fit(X, y, held_out, known.space, folds=FOLDS, seed=seed)
    right = np.zeros(len(y), dtype=bool)
    right[held_out] = proba.argmax(axis=1) == y[held_out]
    return right


# Table --------------------------------------------------------------------------------------------


def table(folder: Path) -> list[str]:
    """Return one line per data set, and a total."""
    files = sorted(folder.glob("*.json"))
    sets = {path.stem: json.loads(path.read_text())["runs"] for path in files}
    lines = [
        "| set | runs | least coverage at any look | mean of value - truth | bound above the truth "
        "at any look | the same, looking every time | cross-validation covers | "
        "cross-validation - truth | on training labels - truth |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    everything = [run for runs in sets.values() for run in runs]
    return [*lines, *(_line(name, runs) for name, runs in {**sets, "all": everything}.items())]


def _line(name: str, runs: list[list[dict[str, Any]]]) -> str:
    looks = [told for run in runs for told in run]
    marks = sorted({told["labels"] for told in looks})
    covered = [_covered([told for told in looks if told["labels"] == mark]) for mark in marks]
    cells = [
        name,
        str(len(runs)),
        f"{min(covered):.1%}",
        f"{np.mean([told['value'] - told['truth'] for told in looks]):+.3f}",
        f"{_ever(runs, 'proven'):.1%}",
        f"{_ever(runs, 'peeked'):.1%}",
        f"{np.mean([_within(told, *told['cross_validated'][1:]) for told in looks]):.1%}",
        f"{np.mean([told['cross_validated'][0] - told['truth'] for told in looks]):+.3f}",
        f"{np.mean([told['on_training'] - told['truth'] for told in looks]):+.3f}",
    ]
    return f"| {' | '.join(cells)} |"


def _covered(looks: list[dict[str, Any]]) -> float:
    return float(np.mean([_within(told, told["low"], told["high"]) for told in looks]))


def _within(told: dict[str, Any], low: float, high: float) -> bool:
    return bool(low <= told["truth"] <= high)


def _ever(runs: list[list[dict[str, Any]]], bound: str) -> float:
    """Return the share of runs in which the bound ever exceeded the truth."""
    return float(np.mean([any(told[bound] > told["truth"] for told in run) for run in runs]))


if __name__ == "__main__":
    main()
