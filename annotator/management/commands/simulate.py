"""Replay labelled data: what would asking well have saved?"""

import json
import os
import sys
import zipfile
from collections.abc import Mapping
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotator.flow.simulation import dataset, runs, spans
from annotator.formats import Columns, UnreadableFile
from annotator.i18n.reasons import worded
from annotator.management.progress import Bar
from annotator.models import Project

if TYPE_CHECKING:
    from selection.simulation.dataset import Plan

MARKS = (100, 300, 1000)
RANDOM = "random"
SHARES = ("rare_80", "rare_95")


class Command(BaseCommand):
    """Run every strategy with every seed, and write summary.json, curves.csv and curves.svg.

    Needs no database and no running server. Random and a plain baseline (TF-IDF or raw pixels with
    a logistic regression, on random labels) are always included. A file with spans is replayed with
    the model of spans, and has no baseline; labels are then texts.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "data",
            type=Path,
            help="CSV, JSON Lines (labels or spans), or a ZIP of images",
        )
        parser.add_argument(
            "--test", type=Path, help="measure on this file; by default a random fifth is held out"
        )
        parser.add_argument("--text-column", default="", help="found by its name by default")
        parser.add_argument("--label-column", default="", help="found by its name by default")
        parser.add_argument("--strategies", default="auto", help="names, separated by commas")
        parser.add_argument(
            "--features",
            default="pool",
            help="pool, auto (the best encoder beside it) or an encoder's name; several, separated "
            "by commas, are compared",
        )
        parser.add_argument("--seeds", type=int, default=5, help="runs per strategy")
        parser.add_argument("--labels", type=int, default=500, help="labels per run")
        parser.add_argument("--batch", type=int, default=20, help="labels per round")
        parser.add_argument("--out", type=Path, required=True, help="a folder for the results")
        parser.add_argument(
            "--audit-share",
            type=float,
            default=Project._meta.get_field("audit_share").get_default(),
            help="share of the labels for audits; 0 compares the strategies alone",
        )
        parser.add_argument("--rare", default="", help="the rare label")
        parser.add_argument(
            "--hunt",
            action="store_true",
            help="the target is the recall of the rare label: auto searches for it",
        )
        parser.add_argument(
            "--jobs",
            type=int,
            default=os.cpu_count() or 1,
            help="runs at once; one per core by default",
        )
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="json is for scripts"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run all simulations, write the files, print the table."""
        _check_numbers(options)
        _known_strategies(options["strategies"], [*_of_labels(), *_of_spans()])
        made = _trial(options)
        of_spans = isinstance(made, spans.SpanData)
        there = _of_spans() if of_spans else _of_labels()
        names = _known_strategies(options["strategies"], there)
        plan = _plan(options, made.facts["n"])
        compared = () if isinstance(made, spans.SpanData) else made.compared
        wanted = runs.turns(names, options["seeds"], compared, baseline=not of_spans)
        done = _go_all(made, plan, wanted, options["jobs"])
        summary = runs.summarise(made, plan, done, data=options["data"].name)
        _store(options["out"], summary, done)
        if options["format"] == "json":
            self.stdout.write(json.dumps(summary, ensure_ascii=False))
            return
        table = _table_of_spans(summary) if of_spans else _table(summary)
        self.stdout.write("\n".join([*table, f"Written to {options['out']}."]))


def _of_labels() -> list[str]:
    from selection.strategies.registry import STRATEGIES

    return list(STRATEGIES)


def _of_spans() -> list[str]:
    from selection.spans.simulation.loop import STRATEGIES

    return list(STRATEGIES)


def _known_strategies(given: str, there: list[str]) -> list[str]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    unknown = [name for name in names if name not in there]
    if unknown or not names:
        shown = ", ".join(dict.fromkeys(there))
        raise CommandError(f"There is no strategy “{', '.join(unknown)}”. There are: {shown}.")
    return names


def _check_numbers(options: dict[str, Any]) -> None:
    for name in ("seeds", "labels", "batch", "jobs"):
        if options[name] < 1:
            raise CommandError(f"--{name} must be at least 1, not {options[name]}.")
    if options["hunt"] and not options["rare"]:
        raise CommandError("--hunt needs --rare: name the label to search for.")
    if not 0 <= options["audit_share"] <= 0.5:
        raise CommandError(
            f"--audit-share lies between 0 and 0.5, not at {options['audit_share']}."
        )


def _trial(options: dict[str, Any]) -> runs.AnyData:
    columns = Columns(options["text_column"], options["label_column"])
    files = [options["data"], options["test"]]
    marked = _marked(options["data"], columns)
    if marked is not None:
        return _span_trial(options, marked, columns)
    bar = Bar(sys.stderr, "encoding")
    try:
        data, test = (_read(file, columns) if file else None for file in files)
        assert data is not None
        features = [name.strip() for name in options["features"].split(",") if name.strip()]
        return dataset.prepare(
            data, test, rare=options["rare"], features=features or ["pool"], show=bar.show
        )
    except UnreadableFile as problem:
        raise CommandError(worded(problem.reason)) from problem
    finally:
        bar.clear()


def _marked(file: Path, columns: Columns) -> spans.MarkedTexts | None:
    """Return the texts of a file with their spans; None if it has none."""
    if zipfile.is_zipfile(file):
        return None
    try:
        return spans.read(file, columns)
    except (OSError, UnreadableFile):
        # What is wrong with it is told where its labels are read.
        return None


def _span_trial(
    options: dict[str, Any], marked: spans.MarkedTexts, columns: Columns
) -> spans.SpanData:
    if options["rare"] or options["hunt"] or options["features"] != "pool":
        raise CommandError("--rare, --hunt and --features are not for spans.")
    try:
        test = spans.read(options["test"], columns) if options["test"] else None
        return spans.prepare(marked, test)
    except OSError as problem:
        raise CommandError(f"{options['test']}: {problem.strerror}.") from problem
    except UnreadableFile as problem:
        raise CommandError(worded(problem.reason)) from problem


def _read(file: Path, columns: Columns) -> dataset.LabelledDocuments:
    try:
        return dataset.read(file, columns)
    except OSError as problem:
        raise CommandError(f"{file}: {problem.strerror}.") from problem
    except UnreadableFile as problem:
        raise CommandError(f"{file}: {worded(problem.reason)}") from problem


def _plan(options: dict[str, Any], items: int) -> "Plan":
    from selection.simulation.dataset import Plan

    if options["labels"] > items:
        raise CommandError(
            f"--labels {options['labels']} asks for more than the pool's {items} items."
        )
    return Plan(options["labels"], options["batch"], options["audit_share"], hunts=options["hunt"])


def _go_all(
    made: runs.AnyData, plan: "Plan", wanted: list[runs.RunSpec], jobs: int
) -> Mapping[runs.RunSpec, Any]:
    bar = Bar(sys.stderr, "runs")
    try:
        return runs.go_all(made, plan, wanted, jobs, bar.show)
    except BrokenProcessPool as problem:
        words = "A process died, perhaps for want of memory; try fewer --jobs."
        raise CommandError(words) from problem
    finally:
        bar.clear()


def _store(folder: Path, summary: dict[str, Any], done: Mapping[runs.RunSpec, Any]) -> None:
    from annotator.views.simulations import chart

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "summary.json").open("w", encoding="utf-8") as file:
            runs.write_json(file, summary)
        with (folder / "curves.csv").open("w", encoding="utf-8", newline="") as file:
            runs.write_csv(file, done)
        (folder / "curves.svg").write_text(chart.file_svg(summary), encoding="utf-8")
    except OSError as problem:
        raise CommandError(f"{folder}: {problem.strerror}.") from problem


def _table(summary: dict[str, Any]) -> list[str]:
    last = summary["settings"]["labels"]
    marks = [mark for mark in MARKS if mark < last] + [last]
    head = "".join(f"{mark:>9}" for mark in marks)
    rows = {**summary["strategies"], runs.BASELINE: summary["baseline"]}
    lines = [f"{'accuracy after labels':<22}{head}   {'query saving':<34}system saving"]
    for name, curve in rows.items():
        saved = summary["savings"].get(name, {})
        cells = "".join(f"{_at(curve, mark):>9}" for mark in marks)
        words = f"   {saved.get('query_words', ''):<34}{saved.get('system_words', '')}"
        lines.append(f"{name:<22}{cells}{words}".rstrip())
    goal = (
        f"The savings in the table have another target: {summary['target']:.3f}, what the baseline "
        f"reaches with {last} labels."
    )
    found = _found(summary) if summary["rare"]["declared"] else []
    return [*summary["notes"], "", *_headlines(summary), "", *lines, "", goal, *found]


def _table_of_spans(summary: dict[str, Any]) -> list[str]:
    """Return what was reached, and what the target took in texts, words and actions."""
    last = summary["settings"]["labels"]
    marks = [mark for mark in MARKS if mark < last] + [last]
    head = "".join(f"{mark:>9}" for mark in marks)
    lines = [
        f"{'entity F1 after texts':<22}{head}   "
        f"{'texts':>8}{'words':>10}{'actions':>9}{'by hand':>9}   texts saved"
    ]
    for name, curve in summary["strategies"].items():
        cells = "".join(f"{_at(curve, mark, 'f1'):>9}" for mark in marks)
        work = summary["work"][name]
        took = [work[each] if work else None for each in ("labels", "words", "actions", "by_hand")]
        widths = (8, 10, 9, 9)
        spent = "".join(
            f"{'–' if n is None else f'{n:,.0f}':>{width}}"
            for n, width in zip(took, widths, strict=True)
        )
        saved = summary["savings"][name][f"{runs.AGAINST_RANDOM}_words"]
        lines.append(f"{name:<22}{cells}   {spent}   {saved if name != RANDOM else ''}".rstrip())
    goal = (
        f"The right half is at {summary['target']:.3f}, what random reaches with {last} texts. "
        "Actions are with suggestions."
    )
    return [*summary["notes"], "", *_headlines(summary, "texts"), "", *lines, "", goal]


def _found(summary: dict[str, Any]) -> list[str]:
    """Return for each strategy after how many labels it found 80% and 95% of the rare label."""
    rare = summary["rare"]
    lines = [f"Labels until 80% and 95% of the {rare['n']} items with “{rare['label']}” are found:"]
    for name, needed in summary["needs"].items():
        cells = ["–" if needed[key] is None else f"{needed[key]:.0f}" for key in SHARES]
        lines.append(f"{name:<22}" + "".join(f"{cell:>9}" for cell in cells))
    return ["", *lines]


def _headlines(summary: dict[str, Any], unit: str = "labels") -> list[str]:
    """Return for each strategy how many labels it needs for random's final accuracy."""
    told = {name: saved["headline"] for name, saved in summary["savings"].items()}
    lines = []
    for name, each in told.items():
        if each is None:
            continue
        strategy, at, features = name.partition(runs.AT)
        if strategy != RANDOM:
            lines.append(f"{name} {each['words']}.")
            continue
        lines.append(
            f"Target{at and f' with {features}'}: {each['target']:.3f}, what random reaches with "
            f"{summary['settings']['labels']} {unit}; it needs {each['random_labels']:.0f} for it."
        )
    return lines


def _at(curve: dict[str, Any], mark: int, metric: str = "accuracy") -> str:
    reached = [i for i, labels in enumerate(curve["labels"]) if labels <= mark]
    return f"{curve[metric]['mean'][reached[-1]]:.3f}" if reached else "–"
