"""Sentences, words and actions that selection and suggestions save in span labelling.

    python tests/bench/span_savings.py DATA --sets spans_ncbi_disease --seeds 3 --out DIR
    python tests/bench/span_savings.py DATA --table DIR

An oracle gives the known spans of what a strategy asks, in rounds of 20, and corrects what the
model and the auto-tag suggest. Random sentences come in rounds of 100 and without suggestions: what
counts of them is their F1. Every run is stored in DIR and not done again. Actions are keys and
clicks as `selection.spans.simulation.actions` counts them.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from span_data import read_set  # first: it limits the threads of NumPy

# isort: split
import numpy as np

from selection.spans.simulation.dataset import LabelledTexts, SpanPlan
from selection.spans.simulation.loop import RANDOM, replay_spans

SETS = "spans_ncbi_disease,spans_german_legal"
MARKS = (100, 300, 1000)
COLUMNS = ("sentences", "words", "actions", "by_hand", "f1")
Stored = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the data sets")
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--strategies", default="auto")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument(
        "--audits", type=float, default=0.0, help="share of random, blind sentences"
    )
    parser.add_argument("--out", type=Path, default=Path("span-savings"))
    parser.add_argument("--table", type=Path, help="print what was stored there")
    options = parser.parse_args()
    if options.table is None:
        for name in options.sets.split(","):
            measure(name, options)
    table(options.table or options.out, options.sets.split(","), options.strategies.split(","))


def measure(name: str, options: argparse.Namespace) -> None:
    """Do the runs of one set that are missing."""
    dataset = LabelledTexts.of(*read_set(options.data, name), seed=0)
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in range(options.seeds):
        for strategy in [RANDOM, *options.strategies.split(",")]:
            path = options.out / f"{name}-{strategy}-{seed}.json"
            if path.exists():
                continue
            batch = 100 if strategy == RANDOM else 20
            plan = SpanPlan(options.sentences, batch, options.audits)
            run = replay_spans(dataset, strategy, seed, plan)
            kept = {each: getattr(run, each).tolist() for each in (*COLUMNS, "asked")}
            path.write_text(json.dumps(kept), "utf-8")


# Table --------------------------------------------------------------------------------------------


def table(folder: Path, sets: list[str], strategies: list[str]) -> None:
    """Print a row for each run and one for their mean."""
    print(
        "| set | strategy | seed | F1 at 100 / 300 / 1,000 | random at 1,000 | reached after "
        "| words | actions | by hand | saved so far | saved in all |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name in sets:
        for strategy in strategies:
            rows = [
                row_of(json.loads(path.read_text("utf-8")), path, name)
                for path in sorted(folder.glob(f"{name}-{strategy}-*.json"))
            ]
            for row, path in zip(
                rows, sorted(folder.glob(f"{name}-{strategy}-*.json")), strict=True
            ):
                print(line(name, strategy, path.stem.rsplit("-", 1)[1], row))
            if rows:
                print(line(name, strategy, "mean", np.nanmean(rows, axis=0)))


def row_of(run: Stored, path: Path, name: str) -> list[float]:
    """Return the numbers of one run beside the random run of its seed."""
    seed = path.stem.rsplit("-", 1)[1]
    random = json.loads((path.parent / f"{name}-{RANDOM}-{seed}.json").read_text("utf-8"))
    target = random["f1"][-1]
    reached = first_reaching(run, target)
    there = [at(run, reached, each) for each in ("words", "actions", "by_hand")]
    in_all = 1 - run["actions"][-1] / run["by_hand"][-1]
    marks = [at(run, mark, "f1") for mark in MARKS]
    return [*marks, target, reached, *there, 1 - there[1] / there[2], in_all]


def first_reaching(run: Stored, target: float) -> float:
    """Return the sentences after which the mean F1 of three rounds is at least `target`."""
    f1 = np.array(run["f1"])
    padded = np.concatenate([f1[:1], f1, f1[-1:]])
    smooth = np.convolve(padded, np.ones(3) / 3, "valid")
    rows = np.flatnonzero(smooth >= target)
    return float(run["sentences"][rows[0]]) if len(rows) else float("nan")


def at(run: Stored, sentences: float, column: str) -> float:
    """Return a column after so many sentences; NaN beyond the last."""
    if not sentences <= run["sentences"][-1]:
        return float("nan")
    return float(np.interp(sentences, run["sentences"], run[column]))


def line(name: str, strategy: str, seed: str, row: Any) -> str:
    first, second, third, target, reached, words, actions, by_hand, so_far, in_all = row
    return (
        f"| {name} | {strategy} | {seed} | {first:.3f} / {second:.3f} / {third:.3f} "
        f"| {target:.3f} | {reached:.0f} | {words:,.0f} | {actions:,.0f} | {by_hand:,.0f} "
        f"| {so_far:.0%} | {in_all:.0%} |"
    )


if __name__ == "__main__":
    main()
