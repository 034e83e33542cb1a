"""Whether "active learning has saved so many labels" is true: projects against real random runs.

    python tests/bench/saved_labels.py --sets trec,sms_spam,customer_reviews,fashion --seeds 30 \
        --labels 600 --out DIR
    python tests/bench/saved_labels.py --table DIR

Of every set 60 % are the pool; all the rest, the test file too, is seen by nobody and tells the
truth: how right the model of a project is, and how many labels the mean of ten random runs needs to
be as right. What is judged out of fold in the pool would do the strategy wrong, as it asks less
where an item is labelled. Runs are stored, so that what is there is not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import honest_numbers as honest
import label_efficiency as efficiency
import numpy as np

from annotator.flow.simulation import dataset
from annotator.formats import Columns
from selection.core.arrays import FloatArray, IntArray
from selection.evaluation import label_savings
from selection.models import logistic
from selection.simulation import loop
from selection.simulation.dataset import LabelledDataset, Plan

LOOKS = (200, 300, 400, 600)
SIZES = (20, 30, 45, 60, 80, 110, 150, 200, 270, 350, 450, 600, 800, 1050, 1400, 1800, 2400, 3000)
ORDERS = 10
POOL = 0.6


def main() -> None:
    efficiency.measure_all(_options(), measure, table)


def _options() -> argparse.Namespace:
    parser = efficiency.parser_of(__doc__, seeds=30, labels=600, jobs=1)
    parser.add_argument("--strategy", default="auto")
    return efficiency.parsed(parser)


# Measure ------------------------------------------------------------------------------------------


def measure(name: str, options: argparse.Namespace) -> None:
    """Do the missing runs of one data set, and store the reported figures beside the truth."""
    folder = options.out / name
    folder.mkdir(parents=True, exist_ok=True)
    known = known_of(name)
    plan = Plan(min(options.labels, len(known.X)), options.batch, options.audit_share)
    with ProcessPoolExecutor(options.jobs, initializer=honest._alone) as executor:
        list(executor.map(partial(store_random, known, folder), range(ORDERS)))
        go = partial(run, known, options.strategy, plan, folder)
        runs = list(executor.map(go, range(options.seeds)))
    (options.out / f"{name}.json").write_text(json.dumps(runs))


def known_of(name: str) -> LabelledDataset:
    """Return 60 % of a data set as the pool, and the rest, with the test file, as test set."""
    data = efficiency.data_of(name)
    answers = dataset.read(data, Columns())
    rest = dataset.read(data.with_stem(f"{name}_test"), Columns())
    order = np.random.default_rng(0).permutation(len(answers)).tolist()
    size = round(POOL * len(answers))
    unseen = dataset._take(answers, sorted(order[size:]))
    documents, labels = unseen.documents + rest.documents, unseen.labels + rest.labels
    test = replace(rest, documents=documents, labels=labels)
    return dataset.prepare(dataset._take(answers, sorted(order[:size])), test).known


def store_random(known: LabelledDataset, folder: Path, seed: int) -> None:
    """Store the accuracy of random labels, by number of labels."""
    path = folder / f"random-{seed}.npz"
    if path.exists():
        return
    order = np.random.default_rng(1000 + seed).permutation(len(known.X))
    sizes = [size for size in SIZES if size <= 0.9 * len(known.X)]
    curve = [accuracy(known, order[:size], seed) for size in sizes]
    np.savez(path, sizes=np.array(sizes), test=np.array(curve))


def accuracy(known: LabelledDataset, rows: IntArray, seed: int) -> float:
    """Return the accuracy on unseen items of a model trained on `rows`."""
    X, y = known.X.take(rows), known.y[rows]
    model = logistic.fit(X, y, known.space, seed=seed)
    return float((model.predict_proba(known.test).argmax(axis=1) == known.truth).mean())


def run(
    known: LabelledDataset, strategy: str, plan: Plan, folder: Path, seed: int
) -> list[dict[str, Any]]:
    """Return what a project with `seed` reported at each look, and its true accuracy."""
    path = folder / f"run-{seed}.npz"
    if not path.exists():
        done = loop.replay(replace(known, test=None, truth=None), strategy, seed, plan, lambda: 0.0)
        truths = {f"truth{n}": accuracy(known, done.asked[:n], seed) for n in LOOKS}
        np.savez(path, asked=done.asked, audits=honest._audits(known, plan, seed), **truths)
    stored = np.load(path)
    looks = [look(known, stored["asked"][:n], stored["audits"]) for n in LOOKS]
    return [{**told, "truth": float(stored[f"truth{told['labels']}"])} for told in looks if told]


def look(known: LabelledDataset, asked: IntArray, audits: IntArray) -> dict[str, Any] | None:
    """Return what is reported after the labels `asked` (n,)."""
    place = {int(row): i for i, row in enumerate(asked)}
    rows = np.array([place[int(row)] for row in audits if int(row) in place])
    X, y = known.X.take(asked), known.y[asked]
    right = honest._right_out_of_fold(known, X, y, np.isin(np.arange(len(y)), rows), 0)
    curve = label_savings.random_baseline_curve(X, y, rows, known.space, seed=0)
    told = label_savings.estimate_savings(curve, right[rows], len(asked), seed=0)
    if told is None:
        return None
    ends = {"low": told.low, "value": told.value, "high": told.high, "most": told.most}
    return {"labels": told.n, **ends, "verdict": told.verdict}


# The table ---------------------------------------------------------------------------------------


def table(folder: Path) -> list[str]:
    """Return one line per data set and look, and the coverage of all."""
    lines = [
        "| set | labels | runs | covers | covers one random run | really saved | low, median "
        "| value, median | high, median | helps | does not help | wrongly |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    everything: list[bool] = []
    for path in sorted(folder.glob("*.json")):
        for labels in LOOKS:
            runs = json.loads(path.read_text())
            told = [(i, at) for i, looks in enumerate(runs) for at in looks]
            told = [(i, at) for i, at in told if at["labels"] == labels]
            line, covered = _line(path.stem, labels, told, folder / path.stem)
            lines.append(line)
            everything += covered
    return [*lines, f"all: {np.mean(everything):.1%} of {len(everything)}"]


def _line(
    name: str, labels: int, told: list[tuple[int, dict[str, Any]]], folder: Path
) -> tuple[str, list[bool]]:
    runs = [np.load(folder / f"random-{seed}.npz") for seed in range(ORDERS)]
    sizes, curves = runs[0]["sizes"], np.array([each["test"] for each in runs])
    real = [needed(sizes, curves.mean(axis=0), at["truth"]) - labels for _, at in told]
    single = [needed(sizes, curves[i % ORDERS], at["truth"]) - labels for i, at in told]
    last = float(sizes[-1] - labels)
    covered = [_holds(at, true, last) for (_, at), true in zip(told, real, strict=True)]
    alone = [_holds(at, true, last) for (_, at), true in zip(told, single, strict=True)]
    says = [at["verdict"] for _, at in told]
    wrong = sum(
        (verdict == "helps" and true <= 0) or (verdict == "does_not_help" and true > 0)
        for verdict, true in zip(says, real, strict=True)
    )
    middle = [_median([at[end] for _, at in told]) for end in ("low", "value", "high")]
    cells = [
        *(name, str(labels), str(len(told)), f"{np.mean(covered):.0%}", f"{np.mean(alone):.0%}"),
        *(_median(real), *middle),
        *(str(says.count("helps")), str(says.count("does_not_help")), str(wrong)),
    ]
    return f"| {' | '.join(cells)} |", covered


def needed(sizes: IntArray, curve: FloatArray, goal: float) -> float:
    """Return the number of labels at which the `curve` (k,) reaches the goal; infinite if never."""
    rising = np.maximum.accumulate(curve)
    reached = np.flatnonzero(rising >= goal)
    if not len(reached):
        return float("inf")
    at = int(reached[0])
    if not at:
        return float(sizes[0])
    share = (goal - rising[at - 1]) / (rising[at] - rising[at - 1])
    return float(sizes[at - 1] * (sizes[at] / sizes[at - 1]) ** share)


def _holds(told: dict[str, Any], true: float, last: float) -> bool:
    low = told["most"] if told["low"] is None else told["low"]
    if not np.isfinite(true):
        # Beyond the longest run: correct if the interval reaches that far.
        return told["high"] is None or told["high"] >= last
    return min(true, told["most"]) >= low and (told["high"] is None or true <= told["high"])


def _median(values: list[float | None]) -> str:
    middle = float(np.median([np.inf if value is None else value for value in values]))
    return f"{middle:.0f}" if np.isfinite(middle) else "without bound"


if __name__ == "__main__":
    main()
