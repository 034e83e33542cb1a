"""Label efficiency on real data: what each strategy reaches with so many labels.

    python tests/bench/label_efficiency.py --sets ag_news,trec --strategies random,auto \
        --seeds 10 --labels 1000 --out DIR
    python tests/bench/label_efficiency.py --table DIR

Runs go through `selection.simulation.loop`, as `manage.py simulate` does. Every run is stored in
DIR/<set>/, so that what is there already is not done again; DIR/<set>.json holds the summary of all
of them. Data sets are read from `../shared/data` next to the repository. A set without a test file
is one to be screened: it is read until 95 % of the rarest label, which is declared, are found. With
`--found 0.8` any set is screened like that, until 80 % are found, and its test file is left alone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
os.environ.setdefault("WINNOW_DATA", tempfile.gettempdir() + "/winnow-label-efficiency")

import django  # noqa: E402

django.setup()

from annotator.flow.simulation import dataset, storage  # noqa: E402
from annotator.flow.simulation import runs as simulation_runs  # noqa: E402
from annotator.formats import Columns  # noqa: E402
from annotator.models import Project  # noqa: E402
from selection.simulation.dataset import Plan, Run  # noqa: E402
from selection.simulation.loop import RANDOM  # noqa: E402

DATA = ROOT.parent / "shared" / "data"
MARKS = (100, 300, 1000)
FOUND = 0.95
Runs = dict[simulation_runs.RunSpec, Run]


def main() -> None:
    measure_all(_options(), measure, table)


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__, seeds=10, labels=1000, jobs=1)
    parser.add_argument("--strategies", default="random,auto")
    parser.add_argument("--declare", action="store_true", help="tell what the rarest label is")
    parser.add_argument("--found", type=float, help="screen until that share of it is found")
    return parsed(parser)


def parser_of(story: str, *, seeds: int, labels: int, jobs: int) -> argparse.ArgumentParser:
    """Return a parser of the options shared by all data set benchmarks, with these defaults."""
    parser = argparse.ArgumentParser(description=story.splitlines()[0])
    parser.add_argument("--sets", default="")
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--labels", type=int, default=labels)
    parser.add_argument("--batch", type=int, default=20)
    share = Project._meta.get_field("audit_share").get_default()
    parser.add_argument("--audit-share", type=float, default=share)
    parser.add_argument("--jobs", type=int, default=jobs)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path, help="print the table of what is in this folder")
    return parser


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Return the options; at least one action is required."""
    options = parser.parse_args()
    if not options.table and not (options.sets and options.out):
        parser.error("give --sets and --out, or --table")
    return options


def measure_all(
    options: argparse.Namespace,
    measure: Callable[[str, argparse.Namespace], None],
    table: Callable[[Path], list[str]],
) -> None:
    """Measure the requested data sets, and print the table of all results."""
    if not options.table:
        for name in options.sets.split(","):
            measure(name, options)
    print("\n".join(table(options.table or options.out)))


# Measure ------------------------------------------------------------------------------------------


def measure(name: str, options: argparse.Namespace) -> None:
    """Do the missing runs of one data set, and store the summary of all its runs."""
    folder = options.out / name
    wanted = simulation_runs.turns(options.strategies.split(","), options.seeds)
    missing = [turn for turn in wanted if storage.load_run(folder, turn) is None]
    started = time.perf_counter()
    made, is_screened = _trial(name, options.declare, options.found is not None)
    print(f"{name}: {len(made.known.X)} items, ready in {time.perf_counter() - started:.0f} s")
    plan = _plan(made, options, is_screened)
    _same_plan(folder, plan, made)
    if is_screened:
        missing = [turn for turn in missing if turn.strategy != simulation_runs.BASELINE]
    for part in _by_seed(missing):
        runs = simulation_runs.go_all(made, plan, part, options.jobs, lambda *_: None)
        for turn, run in runs.items():
            storage.save_run(folder, turn, run)
            _tell(turn, run)
        summarise(folder, made, plan)
    summarise(folder, made, plan)


def _trial(name: str, declare: bool, screen: bool) -> tuple[dataset.SimulationData, bool]:
    data = data_of(name)
    test = data.with_stem(f"{name}_test")
    answers = dataset.read(data, Columns())
    if test.exists() and not screen:
        unseen = dataset.read(test, Columns())
        rare = _rarest(answers) if declare else ""
        return dataset.prepare(answers, unseen, rare=rare), False
    return dataset.prepare(answers, rare=_rarest(answers), hold_out=False), True


def data_of(name: str) -> Path:
    """Return the file of a data set."""
    return next(path for path in (DATA / f"{name}.csv", DATA / f"{name}.zip") if path.exists())


def _rarest(answers: dataset.LabelledDocuments) -> str:
    names = [label for labels in answers.labels for label in labels]
    return min(sorted(set(names)), key=names.count)


def _plan(made: dataset.SimulationData, options: argparse.Namespace, is_screened: bool) -> Plan:
    items = len(made.known.X)
    if is_screened:
        return Plan(items, options.batch, options.audit_share, options.found or FOUND)
    return Plan(min(options.labels, items), options.batch, options.audit_share)


def _same_plan(folder: Path, plan: Plan, made: dataset.SimulationData) -> None:
    """Refuse to mix runs with different options."""
    path = folder / "plan.json"
    ours = {**vars(plan), "declared": made.known.rare_class_declared}
    if path.exists() and json.loads(path.read_text()) != ours:
        raise SystemExit(f"{folder} holds runs with {path.read_text()}; take another --out.")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(ours))


def _by_seed(turns: list[simulation_runs.RunSpec]) -> list[list[simulation_runs.RunSpec]]:
    seeds = sorted({turn.seed for turn in turns})
    return [[turn for turn in turns if turn.seed == seed] for seed in seeds]


def _tell(turn: simulation_runs.RunSpec, run: Run) -> None:
    measured = run.accuracy[-1] == run.accuracy[-1]
    right = f"{run.accuracy[-1]:.3f} right, " if measured else ""
    print(
        f"  {turn.strategy:16} seed {turn.seed}: {right}"
        f"{run.rare_found[-1]:.2f} found after {run.labels[-1]}, "
        f"{run.seconds_per_round:.2f} s a round",
        flush=True,
    )


def summarise(folder: Path, made: dataset.SimulationData, plan: Plan) -> None:
    """Store the summary of all runs of a data set; strategies count with random's seeds."""
    runs = _stored(folder)
    whole = {}
    for name in dict.fromkeys(turn.strategy for turn in runs):
        seeds = {turn.seed for turn in runs if turn.strategy == name}
        whole[name] = _summary(runs, made, plan, name, seeds)
    merged = _merged(whole)
    path = folder.with_suffix(".json")
    path.write_text(json.dumps({"set": folder.name, **merged}, ensure_ascii=False))


def _stored(folder: Path) -> Runs:
    found: Runs = {}
    for path in sorted((folder / "runs").glob("*.npz")):
        name, _, seed = path.stem.rpartition("-")
        turn = simulation_runs.RunSpec(name, int(seed))
        run = storage.load_run(folder, turn)
        if run is not None:
            found[turn] = run
    return found


def _summary(
    runs: Runs, made: dataset.SimulationData, plan: Plan, name: str, seeds: set[int]
) -> dict[str, Any] | None:
    """Return the summary of one strategy beside random and the baseline, with the same seeds."""
    beside = {simulation_runs.BASELINE, RANDOM, name}
    chosen = {turn: run for turn, run in runs.items() if turn.strategy in beside}
    for each in {turn.strategy for turn in chosen}:
        seeds = seeds & {turn.seed for turn in chosen if turn.strategy == each}
    same = {turn: run for turn, run in chosen.items() if turn.seed in seeds}
    return simulation_runs.summarise(made, plan, same) if same else None


def _merged(whole: dict[str, dict[str, Any] | None]) -> dict[str, Any]:
    first = whole.get(RANDOM) or {}
    keys = ("strategies", "needs", "against_random", "savings")
    merged: dict[str, Any] = {**first, **{key: {} for key in keys}}
    for name, summary in whole.items():
        if summary is not None and name in summary["strategies"]:
            for key in keys:
                merged[key][name] = summary[key][name]
            merged["strategies"][name]["seeds"] = summary["settings"]["seeds"]
    if merged.get("baseline"):
        merged["baseline"]["seeds"] = merged["settings"]["seeds"]
    return merged


# The table ---------------------------------------------------------------------------------------


def table(folder: Path) -> list[str]:
    """Return the results of all sets in `folder` as Markdown."""
    summaries = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    measured = [each for each in summaries if each["n_test"]]
    screened = [each for each in summaries if not each["n_test"]]
    return [*_measured(measured), "", *_medians(measured), "", *_screened(screened)]


def _measured(summaries: list[dict[str, Any]]) -> list[str]:
    marks = " | ".join(f"after {mark:,}" for mark in MARKS)
    lines = [
        f"| set | asked by | seeds | {marks} | query saving | system saving | below random at "
        "| rare: 80 % found after | fewer than random |",
        "|---|---|---|" + "---|" * (len(MARKS) + 5),
    ]
    for summary in summaries:
        lines.append(_row(summary, "TF-IDF, random", summary["baseline"], {}, {}, None))
        for name, curve in summary["strategies"].items():
            rest = (summary[key][name] for key in ("savings", "needs", "against_random"))
            lines.append(_row(summary, name, curve, *rest))
    return lines


def _row(
    summary: dict[str, Any],
    name: str,
    curve: dict[str, Any] | None,
    saved: dict[str, Any],
    needs: dict[str, Any],
    against: dict[str, Any] | None,
) -> str:
    cells = [_at(curve, mark) for mark in MARKS] if curve else [""] * len(MARKS)
    return _line(
        f"`{summary['set']}`",
        name,
        (curve or {}).get("seeds", ""),
        *cells,
        saved.get("query_words", ""),
        saved.get("system_words", ""),
        _below(against),
        needs.get("rare_80") or "",
        saved.get("rare_80_words", ""),
    )


def _at(curve: dict[str, Any], mark: int) -> str:
    if mark not in curve["labels"]:
        return "–"
    i = curve["labels"].index(mark)
    mean, low, high = (curve["accuracy"][end][i] for end in ("mean", "low", "high"))
    return f"{mean:.3f}" if low is None else f"{mean:.3f} ({low:.3f}–{high:.3f})"


def _below(against: dict[str, Any] | None) -> str:
    """Return the label counts at which random is better, beyond the interval."""
    if against is None or against["never_worse"] is None:
        return ""
    labels = [n for n, bad in zip(against["labels"], against["worse"], strict=True) if bad]
    return "never" if not labels else ", ".join(map(str, labels[:6])) + (" …" if labels[6:] else "")


def _medians(summaries: list[dict[str, Any]]) -> list[str]:
    """Return the median savings over all data sets; an open-ended one counts as its bound."""
    names = sorted({name for summary in summaries for name in summary["strategies"]} - {RANDOM})
    lines = ["| over all sets | median query saving | median system saving |", "|---|---|---|"]
    for name in names:
        told = [summary["savings"][name] for summary in summaries if name in summary["savings"]]
        medians = [
            f"{median(each[which] or each[f'{which}_over'] or 0.0 for each in told):.2f}"
            for which in ("query", "system")
        ]
        lines.append(_line(name, *medians))
    return lines


def _screened(summaries: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| to be screened | asked by | seeds | 80 % found after | fewer | 95 % found after "
        "| fewer |",
        "|---|---|---|---|---|---|---|",
    ]
    for summary in summaries:
        for name, curve in summary["strategies"].items():
            needs, saved = summary["needs"][name], summary["savings"][name]
            cells = [
                each
                for share in ("rare_80", "rare_95")
                for each in (needs[share] or "never", saved[f"{share}_words"])
            ]
            lines.append(_line(f"`{summary['set']}`", name, curve["seeds"], *cells))
    return lines


def _line(*cells: Any) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    main()
