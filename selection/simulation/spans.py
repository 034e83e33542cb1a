"""Summary of runs over spans: curves of entity F1, and what the target took in texts and work.

The target is the entity F1 that random has after its last text. Texts are compared as the labels of
other runs are (`summary`), with an interval over the seeds; words read and actions are told at the
point where the mean curve is at the target.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from selection.core.arrays import FloatArray
from selection.simulation import summary
from selection.simulation.dataset import Run
from selection.spans.simulation.dataset import SpanRun

WORK = ("words", "actions", "by_hand")
OWN = "against_random"


def summarise_spans(runs: Sequence[SpanRun]) -> dict[str, Any]:
    """Return curves, comparisons and savings of `runs` as plain lists and numbers, None for NaN.

    `runs` are of any strategies, each with the same seeds, "random" among them. For each strategy
    `work` has the texts at which it is at the target, with the words read and the actions until
    then, with suggestions and `by_hand`; None where it never gets there. Raises ValueError where a
    seed is missing.
    """
    told = summary.summarise([_as_run(run) for run in runs])
    groups = {name: [run for run in runs if run.strategy == name] for name in told["strategies"]}
    savings = {name: _savings(saved) for name, saved in told["savings"].items()}
    headlines = {name: saved["headline"] for name, saved in savings.items()}
    return {
        "strategies": {
            name: _curves(curve, groups[name]) for name, curve in told["strategies"].items()
        },
        "target": next((each["target"] for each in headlines.values() if each), None),
        OWN: told[OWN],
        "savings": savings,
        "work": {
            name: _work(groups[name], each and each["labels"]) for name, each in headlines.items()
        },
    }


def _as_run(run: SpanRun) -> Run:
    nothing = np.zeros(len(run.f1))
    return Run(
        run.strategy,
        run.seed,
        run.sentences,
        run.f1,
        run.f1,
        nothing,
        nothing.astype(np.int64),
        run.asked,
        run.seconds_per_round,
    )


def _curves(curve: dict[str, Any], group: Sequence[SpanRun]) -> dict[str, Any]:
    work = {name: _mean(group, name).round(1).tolist() for name in WORK}
    return {
        "labels": curve["labels"],
        "f1": curve["accuracy"],
        **work,
        "seconds_per_round": curve["seconds_per_round"],
    }


def _mean(group: Sequence[SpanRun], name: str) -> FloatArray:
    table: FloatArray = np.array([getattr(run, name) for run in group], dtype=np.float64)
    return np.asarray(table.mean(axis=0))


def _savings(saved: dict[str, Any]) -> dict[str, Any]:
    """Return what concerns random's own end: there is no baseline, and no rare label."""
    kept = {key: value for key, value in saved.items() if key.startswith((OWN, "headline"))}
    headline = kept["headline"]
    if headline:
        words = headline["words"].replace("labels", "texts").replace("accuracy", "F1")
        kept["headline"] = {**headline, "words": words}
    return kept


def _work(group: Sequence[SpanRun], texts: float | None) -> dict[str, float] | None:
    if texts is None:
        return None
    marks = group[0].sentences
    # Before the first mark, what was read is in proportion.
    places = np.concatenate([[0], marks])
    done = {
        name: float(np.interp(texts, places, np.concatenate([[0.0], _mean(group, name)])))
        for name in WORK
    }
    return {"labels": texts, **{name: round(value, 1) for name, value in done.items()}}
