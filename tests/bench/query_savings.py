"""Labels that query strategies save over random items, and where one falls behind.

    python tests/bench/query_savings.py --sets trec,ag_news --out DIR
    python tests/bench/query_savings.py --table DIR

Every strategy gets the same seeds, with the features that the pool teaches and with the columns of
an encoder beside them, as `encoder_savings.py` makes both. A run is stored in DIR/<features>/<set>/
and not done again. The saving is how many times as many labels random needs for its own last
accuracy, audits charged. A strategy is below another one at a checkpoint where it is so beyond the
95 % interval over the seeds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

import encoder_savings
import label_efficiency as efficiency
import numpy as np

from annotator.flow.simulation import dataset, storage
from annotator.flow.simulation import runs as simulation_runs
from annotator.formats import Columns
from selection.core.arrays import FloatArray
from selection.simulation import comparison
from selection.simulation.dataset import Run
from selection.simulation.loop import RANDOM

MARKS = (20, 40, 100, 200, 300)
MARGIN = "margin"
Curves = dict[str, list[Run]]


def main() -> None:
    efficiency.measure_all(_options(), measure, table)


def _options() -> argparse.Namespace:
    parser = efficiency.parser_of(__doc__, seeds=8, labels=300, jobs=1)
    parser.add_argument("--strategies", default=f"{RANDOM},{MARGIN},auto")
    parser.add_argument("--features", default="pool,encoder", help="pool, encoder or texts")
    parser.add_argument("--pool", type=int, default=encoder_savings.POOL, help="most items")
    parser.add_argument("--encoder", default="", help="the name of the encoder for all sets")
    return efficiency.parsed(parser)


# Measure ------------------------------------------------------------------------------------------


def measure(name: str, options: argparse.Namespace) -> None:
    """Do the runs of one set that are missing."""
    wanted = options.features.split(",")
    if not any(_missing(options, features, name) for features in wanted):
        return
    data = efficiency.data_of(name)
    pool = dataset.sample(dataset.read(data, Columns()), options.pool)
    unseen = dataset.read(data.with_stem(f"{name}_test"), Columns())
    made = dataset.prepare(pool, unseen)
    for features, own in encoder_savings.variants(name, made, pool, unseen, options):
        if features in wanted:
            _run_missing(own, options, features, name)


def _missing(
    options: argparse.Namespace, features: str, name: str
) -> list[simulation_runs.RunSpec]:
    folder = options.out / features / name
    turns = (
        simulation_runs.RunSpec(strategy, seed)
        for seed in range(options.seeds)
        for strategy in options.strategies.split(",")
    )
    return [turn for turn in turns if storage.load_run(folder, turn) is None]


def _run_missing(
    made: dataset.SimulationData, options: argparse.Namespace, features: str, name: str
) -> None:
    folder = options.out / features / name
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    plan = encoder_savings.plan_of(made, options.labels, options)
    for turn in _missing(options, features, name):
        run = simulation_runs.run_once(made, plan, turn)
        storage.save_run(folder, turn, run)
        print(f"{features} {name} {turn.strategy} {turn.seed}: {run.accuracy[-1]:.3f}", flush=True)


# The table ----------------------------------------------------------------------------------------


def table(folder: Path) -> list[str]:
    """Return what each strategy reaches and saves, and the medians of the savings, as Markdown."""
    marks = " / ".join(map(str, MARKS))
    lines = [
        f"| features | set | asked by | seeds | right after {marks} | random needs "
        "| − random | below at | − margin | below at |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    savings: dict[tuple[str, str], list[float]] = {}
    for features, name, curves in _stored(folder):
        for strategy, runs in curves.items():
            saved = _saving(runs, curves[RANDOM])
            savings.setdefault((features, strategy), []).append(saved.value or 0.0)
            cells = [features, f"`{name}`", strategy, str(len(runs)), _right(runs)]
            cells += ["" if strategy == RANDOM else _times(saved)]
            lines.append(_line(*cells, *_beside(runs, curves)))
    lines += ["", "| features | asked by | sets | median saving |", "|---|---|---|---|"]
    for (features, strategy), told in savings.items():
        lines.append(_line(features, strategy, str(len(told)), f"{median(told):.2f}"))
    return lines


def _stored(folder: Path) -> Iterator[tuple[str, str, Curves]]:
    """Yield features, set and the runs of each strategy, with the seeds that all of them have."""
    for path in sorted(folder.glob("*/*/runs")):
        found: dict[str, dict[int, Run]] = {}
        for file in sorted(path.glob("*.npz")):
            strategy, _, seed = file.stem.rpartition("-")
            run = storage.load_run(path.parent, simulation_runs.RunSpec(strategy, int(seed)))
            if run is not None:
                found.setdefault(strategy, {})[int(seed)] = run
        seeds = set.intersection(*(set(runs) for runs in found.values())) if found else set()
        if seeds and RANDOM in found:
            curves = {name: [runs[s] for s in sorted(seeds)] for name, runs in found.items()}
            yield path.parent.parent.name, path.parent.name, curves


def _accuracies(runs: list[Run]) -> FloatArray:
    """Return the accuracies (S, m) at the checkpoints that all runs have."""
    shortest = min(len(run.labels) for run in runs)
    return np.array([run.accuracy[:shortest] for run in runs])


def _saving(runs: list[Run], random: list[Run]) -> comparison.Ratio:
    labels, others = runs[0].labels, random[0].labels
    return comparison.saving_to_the_end(labels, _accuracies(runs), others, _accuracies(random))


def _times(saved: comparison.Ratio) -> str:
    if saved.value is None:
        return "never reached"
    ends = ("–" if end is None else f"{end:.1f}" for end in (saved.low, saved.high))
    return f"{saved.value:.2f} times ({' to '.join(ends)})"


def _right(runs: list[Run]) -> str:
    mean = dict(zip(runs[0].labels.tolist(), _accuracies(runs).mean(axis=0), strict=True))
    return " / ".join(f"{mean[mark]:.3f}" if mark in mean else "–" for mark in MARKS)


def _beside(runs: list[Run], curves: Curves) -> list[str]:
    """Return the mean difference to random and to margin, and where each is above."""
    cells = []
    for other in (RANDOM, MARGIN):
        if other not in curves or runs is curves[other]:
            cells += ["", ""]
            continue
        band = comparison.difference(_accuracies(runs), _accuracies(curves[other]))
        below = runs[0].labels[np.flatnonzero(band.high < 0)]
        cells += [f"{band.mean.mean():+.3f}", ", ".join(map(str, below)) or "never"]
    return cells


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
