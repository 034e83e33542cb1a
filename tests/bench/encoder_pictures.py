"""Accuracy and macro F1 on pictures: few labels with a pretrained encoder, many without.

    python tests/bench/encoder_pictures.py --sets cifar10_rare,magnetic_tile --seeds 3 --out DIR
    python tests/bench/encoder_pictures.py --table DIR

Each set is replayed with random labels and with `auto`, both with the features that the pool
teaches, up to `--labels`, and with an encoder's columns beside them, up to `--own-labels`. Vectors
and runs are stored in DIR, so that nothing is done twice.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import encoder_savings as savings
import label_efficiency as efficiency
import numpy as np

from annotator.flow.simulation import dataset, storage
from annotator.flow.simulation import runs as simulation_runs
from annotator.formats import Columns
from selection.simulation.dataset import Plan, Run
from selection.simulation.loop import RANDOM

STRATEGIES = (RANDOM, "auto")
FEW, MANY = (50, 100, 300), (100, 300, 800)
METRICS = {"accuracy": "accuracy", "macro_f1": "macro F1"}
FACTS = "facts.json"


def main() -> None:
    efficiency.measure_all(_options(), measure, table)


def _options() -> argparse.Namespace:
    parser = efficiency.parser_of(__doc__, seeds=3, labels=800, jobs=1)
    parser.set_defaults(batch=25)
    parser.add_argument("--own-labels", type=int, default=300)
    parser.add_argument("--pool", type=int, default=savings.POOL, help="most items of a pool")
    parser.add_argument("--encoder", default="", help="the name of the encoder for all sets")
    return efficiency.parsed(parser)


def measure(name: str, options: argparse.Namespace) -> None:
    """Do the runs of one set that are missing."""
    data = efficiency.data_of(name)
    pool = dataset.sample(dataset.read(data, Columns()), options.pool)
    unseen = dataset.read(data.with_stem(f"{name}_test"), Columns())
    made = dataset.prepare(pool, unseen)
    print(f"{name}: {len(pool)} items", flush=True)
    for variant, own in savings.variants(name, made, pool, unseen, options):
        folder = options.out / variant / name
        folder.mkdir(parents=True, exist_ok=True)
        labels = options.labels if variant == savings.VARIANTS[0] else options.own_labels
        plan = Plan(min(labels, len(own.known.X)), options.batch, options.audit_share)
        for spec in _wanted(options.seeds):
            if storage.load_run(folder, spec) is None:
                storage.save_run(folder, spec, simulation_runs.run_once(own, plan, spec))
    facts = {"set": name, "items": len(pool), "test": len(unseen), "seeds": options.seeds}
    (options.out / f"{name}-{FACTS}").write_text(json.dumps(facts))


def _wanted(seeds: int) -> list[simulation_runs.RunSpec]:
    return [simulation_runs.RunSpec(name, seed) for seed in range(seeds) for name in STRATEGIES]


# The table ---------------------------------------------------------------------------------------


def table(folder: Path) -> list[str]:
    """Return the means over the seeds, with their standard errors, as Markdown."""
    few, many = " / ".join(map(str, FEW)), " / ".join(map(str, MANY))
    lines = [
        f"| set | measure | labels | without an encoder at {many} | with it at {few} |",
        "|---|---|---|---|---|",
    ]
    for path in sorted(folder.glob(f"*-{FACTS}")):
        facts = json.loads(path.read_text())
        lines += [
            _row(folder, facts, metric, strategy) for metric in METRICS for strategy in STRATEGIES
        ]
    return lines


def _row(folder: Path, facts: dict[str, Any], metric: str, strategy: str) -> str:
    cells = [f"`{facts['set']}`", METRICS[metric], f"`{strategy}`"]
    for variant, marks in zip(savings.VARIANTS[:2], (MANY, FEW), strict=True):
        runs = _runs(folder / variant / facts["set"], strategy, facts["seeds"])
        cells.append(" / ".join(_at(runs, metric, mark) for mark in marks))
    return f"| {' | '.join(cells)} |"


def _runs(folder: Path, strategy: str, seeds: int) -> list[Run]:
    specs = [simulation_runs.RunSpec(strategy, seed) for seed in range(seeds)]
    return [run for spec in specs if (run := storage.load_run(folder, spec)) is not None]


def _at(runs: list[Run], metric: str, mark: int) -> str:
    values = [
        float(getattr(run, metric)[run.labels == mark][0]) for run in runs if mark in run.labels
    ]
    if not values:
        return "–"
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{np.mean(values):.3f} ± {error:.3f}"


if __name__ == "__main__":
    main()
