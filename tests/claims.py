"""Figures of pages and API, recomputed from an export: what is claimed beside what is counted."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.exported import INCLUDE, Export, interval, moment

__all__ = ["INCLUDE", "Export", "moment"]

# (where it is shown, what it is called, the claim, the recomputed value)
Claim = tuple[str, str, Any, Any]
# The titles of a person's figures, on "Your work".
OWN_WORK = ("labels", "per hour", "median time", "skipped")


# Claims of the API --------------------------------------------------------------------------------


def of_progress(told: dict[str, Any], export: Export, rate: float | None) -> Iterator[Claim]:
    """Yield the claims of `progress` about completed work; current queue states are not claims."""
    cost = None if rate is None else round(rate * export.seconds() / 3600, 2)
    pairs = {
        "items": len(export.items()),
        "labelled": export.in_state("labelled"),
        "answers": len(export.given),
        "audited": export.audited(),
        "audits_answered": export.audits_answered(),
        "skipped": len(export.skips),
        "aside": export.in_state("aside"),
        "cost": cost,
    }
    shown = {name: value for name, value in pairs.items() if name in told}
    yield from (("progress", name, told[name], value) for name, value in shown.items())
    yield "progress", "labelled, by who completed", told["labelled"], export.finished()
    yield from of_estimate("progress", told["accuracy"], export)


def of_search(told: dict[str, Any] | None, export: Export) -> Iterator[Claim]:
    """Yield the claims about the search for a rare label, of a project that has one."""
    if told is None:
        return
    found = export.search(told["rare_label"])
    for name in ("read", "found", "recall"):
        yield "search", name, told[name], found[name]


def of_estimate(where: str, told: dict[str, Any] | None, export: Export) -> Iterator[Claim]:
    found = estimate_like(told, export)
    if told is None or found is None:
        yield where, "accuracy", told, found if found and found["n"] >= 20 else None
        return
    for name, value in found.items():
        yield where, f"accuracy {name}", told[name], value


def estimate_like(told: dict[str, Any] | None, export: Export) -> dict[str, Any] | None:
    """Return the accuracy; with the interval of a finite pool if `told` gives its size."""
    pool = {"population": export.population()} if told and "population" in told else {}
    return export.accuracy((told or {}).get("target"), **pool)


def read_moment(model: dict[str, Any]) -> datetime:
    """Return when a model's labels were read; for an older model, when it was made."""
    return moment(model["read_at"] or model["created_at"])


def of_models(models: list[dict[str, Any]], export: Export) -> Iterator[Claim]:
    """Yield the claims about each model: its number of labels, in total and per label."""
    for model in models:
        then = export.moment_of(read_moment(model), model["trained_on"])
        known = then.settled()
        name = f"model {model['number']}"
        yield "models", f"{name}, trained on", model["trained_on"], len(known)
        yield "models", f"{name}, seen", model["seen"], dict(Counter(known.values()))


def of_rounds(
    rounds: list[dict[str, Any]], models: list[dict[str, Any]], export: Export
) -> Iterator[Claim]:
    """Yield the claims about each round: its labels, and the phase of its strategy."""
    made = {model["number"]: read_moment(model) for model in models}
    for turn in rounds:
        when = made.get(turn["model"])
        known = export.moment_of(when, turn["labels"]).settled() if when else {}
        yield "rounds", f"round {turn['number']}, labels", turn["labels"], len(known)
        phases = {each["phase"] for each in export.answers if each["round"] == turn["number"]}
        yield "rounds", f"round {turn['number']}, phase", {turn["phase"]}, phases or {turn["phase"]}


def rounded_like(spent: dict[str, Any], seconds: float) -> float:
    """Return the seconds with one decimal; of two that are as near, the one that is `spent`."""
    told = float(spent["seconds"])
    return told if abs(told - seconds) < 0.0500001 else round(seconds, 1)


def of_curve(points: list[dict[str, Any]], export: Export) -> Iterator[Claim]:
    """Yield the claims of the learning curve: costs of each point, accuracy of the last."""
    for point in points:
        answers = point["spent"]["answers"]
        read_at = point["spent"].get("at", point["created_at"])
        then = export.moment_of(moment(read_at), point["labels"], answers)
        name = f"point {point['model']}"
        yield "curve", f"{name}, labels", point["labels"], len(then.settled())
        spent, sources = point["spent"], Counter(each["source"] for each in then.standing)
        yield "curve", f"{name}, answers", spent["answers"], len(then.given)
        yield "curve", f"{name}, seconds", spent["seconds"], rounded_like(spent, then.seconds())
        yield "curve", f"{name}, by source", spent["sources"], dict(sources)
    if points:
        told = points[-1]
        for part, value in _of_last(told, export).items():
            yield "curve", f"last {part}", told[part], value
        yield "curve", "last macro F1", told["macro_f1"], export.macro_f1()


def _of_last(told: dict[str, Any], export: Export) -> dict[str, Any]:
    # The point says no population; its interval is one of a pool where the estimate's is.
    right = [each["right"] for each in export.judged()]
    every = (interval(right), interval(right, population=export.population()))
    return next((each for each in every if same(each["low"], told["low"])), every[0])


def same(claimed: Any, counted: Any) -> bool:
    """Return whether two values are equal up to the order of summation."""
    if isinstance(claimed, dict) and isinstance(counted, dict):
        keys = claimed.keys() | counted.keys()
        return all(same(claimed.get(key, 0), counted.get(key, 0)) for key in keys)
    if isinstance(claimed, (int, float)) and isinstance(counted, (int, float)):
        return (
            abs(claimed - counted) < 0.05
            if max(claimed, counted) > 1000
            else _near(claimed, counted)
        )
    return bool(claimed == counted)


def _near(claimed: float, counted: float) -> bool:
    return abs(claimed - counted) < 1e-6
