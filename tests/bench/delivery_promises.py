"""Promises of deliveries on real data: how often they break, what they bring, and what they cost.

    python tests/bench/delivery_promises.py --sets sms_spam,ag_news --seeds 8 --out DIR
    python tests/bench/delivery_promises.py --table DIR

A project is labelled by `auto` with `--labels` labels, audits among them. Its model is frozen, the
regions are cut, and checks are drawn until the promise is proven or given up, `--draws` times in
different orders: one promise for all labels, and one for each label at once. Beside it stand two
ways that break their promise: to trust the confidence, and to look at an exact interval after each
check. Projects and results are stored in DIR, so that what is there is not done again.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import delivery_projects
import encoder_savings
import label_efficiency as efficiency
import numpy as np
from scipy.stats import beta

from selection.delivery import evidence, ladder, regions, several, slips
from selection.delivery.calibration import Calibration, calibrate
from selection.delivery.ladder import Plan, Standing
from selection.delivery.several import Part

PROMISES = (Fraction(2, 100), Fraction(5, 100), Fraction(10, 100))
NOISE = (0.0, 0.05)
ALPHA = 0.05
# Of the checks of a region whose error is known: its size, runs, and shares of what is allowed.
LARGE, RUNS, KNOWN = 100_000, 300, (0.0, 0.25, 0.5)
VERSION = 4
# Looks at an exact interval, and orders of the draws.
PEEKS, ORDERS = 500, 20


def main() -> None:
    parser = efficiency.parser_of(__doc__, seeds=8, labels=400, jobs=1)
    parser.add_argument("--pool", type=int, default=encoder_savings.POOL)
    parser.add_argument("--encoder", default="")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument(
        "--label-projects", type=int, default=12, help="projects with promises for each label"
    )
    options = efficiency.parsed(parser)
    if not options.table:
        # Some of each set first, so that a run that is stopped early has some of all of them.
        for seed in range(options.seeds):
            for name in options.sets.split(","):
                delivery_projects.make(name, seed, options)
    print("\n".join(table(options.table or options.out, options)))


# Promises -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What became of one delivery; `broken` is None where nothing was delivered."""

    share: float
    checks: int
    broken: bool | None
    limit: float | None


def results(
    project: dict[str, Any], allowed: Fraction, noise: float, draws: int, seed: int
) -> Iterator[Result]:
    """Yield the deliveries of a project with this promise, each in an order of its own."""
    rng = np.random.default_rng(seed)
    slip = _slips(noise, rng)
    everything = np.arange(len(project["sure"]))
    part = _planned(project, everything, allowed, _alpha(slip), slip, _calibration(project))
    for _draw in range(draws if part else 1):
        if part is None:
            yield Result(0.0, 0, None, None)
            continue
        plan, inside, wrong = _shuffled(part, rng)
        standing = ladder.stand(plan, inside, _verdicts(wrong, noise, rng), at_once=True)
        yield _result(project, standing, inside, wrong, allowed)


def each_label(
    project: dict[str, Any], allowed: Fraction, noise: float, seed: int
) -> Iterator[Result]:
    """Yield what became of the promise of each label that got one; all are proven together."""
    rng = np.random.default_rng(seed)
    slip = _slips(noise, rng)
    masks = regions.by_label(project["said"])
    alpha = _alpha(slip)
    calibration, share = _calibration(project), alpha / max(1, len(masks))
    planned = {
        label: _planned(project, np.flatnonzero(mask), allowed, share, slip, calibration)
        for label, mask in masks.items()
    }
    drawn = {label: _shuffled(each, rng) for label, each in planned.items() if each is not None}
    said = {label: _verdicts(wrong, noise, rng) for label, (_, _, wrong) in drawn.items()}
    for label, standing in _stands(drawn, said, alpha).items():
        _plan, inside, wrong = drawn[label]
        yield _result(project, standing, inside, wrong, allowed)


Drawn = tuple[Plan, Any, Any]


def _stands(drawn: dict[int, Drawn], said: dict[int, Any], alpha: float) -> dict[int, Standing]:
    """Return how the proofs end, as people answer the checks of each label in their order."""
    parts = {
        label: Part(plan, inside, said[label], np.zeros(len(inside), bool))
        for label, (plan, inside, _wrong) in drawn.items()
    }
    return several.stand(parts, alpha, at_once=True)


def _planned(
    project: dict[str, Any],
    rows: Any,
    allowed: Fraction,
    alpha: float,
    slip: float,
    calibration: Calibration,
) -> Drawn | None:
    """Return the plan of a promise for these rows, the rung and the truth of each item.

    None where even checks without an error would not prove it.
    """
    found = regions.cut(project["sure"][rows], allowed, calibration)
    if not found.sizes:
        return None
    largest = found.sizes[-1]
    first = evidence.checks_without_error(0, 0, largest, allowed, alpha, slips=slip)
    if first is None or first > largest // 2:
        return None
    most = ladder.budget(largest, first)
    plan = Plan(found.sizes, allowed, alpha, most, slip, found.expected)
    return plan, found.innermost(), project["wrong"][rows[found.items]].astype(np.int64)


def _calibration(project: dict[str, Any]) -> Calibration:
    return calibrate(project["audit_sure"], project["audit_wrong"])


def _shuffled(part: Drawn, rng: np.random.Generator) -> Drawn:
    plan, inside, wrong = part
    order = rng.permutation(len(wrong))
    return plan, inside[order], wrong[order]


def _alpha(slip: float) -> float:
    return ALPHA - (slips.SHARE if slip else 0.0)


def _slips(noise: float, rng: np.random.Generator) -> float:
    """Return the rate that 200 items with two annotations allow to be assumed."""
    if not noise:
        return 0.0
    torn = (rng.random((2, 200)) < noise).sum(axis=0) == 1
    return slips.rate_at_most(int(torn.sum()), 200) or 0.0


def _verdicts(wrong: Any, noise: float, rng: np.random.Generator) -> Any:
    """Return what people say: who slips says the opposite; two must find a label wrong."""
    one, two = rng.random((2, len(wrong))) < noise
    first, second = wrong.astype(bool) ^ one, wrong.astype(bool) ^ two
    return (first & second).astype(np.int64)


def _result(
    project: dict[str, Any], standing: Standing, inside: Any, wrong: Any, allowed: Fraction
) -> Result:
    share, broken, limit = 0.0, None, None
    if standing.delivered is not None:
        left = inside[standing.drawn :] <= standing.delivered
        share = float(left.sum() / len(project["sure"]))
        broken = bool(left.any() and wrong[standing.drawn :][left].mean() > allowed)
        error = float(wrong[inside <= standing.delivered].mean())
        if error < allowed:
            limit = -math.log(ALPHA) / evidence.divergence(error, float(allowed))
    return Result(share, standing.checks, broken, limit)


def naive(
    project: dict[str, Any], allowed: Fraction, calibration: Calibration | None = None
) -> bool | None:
    """Return whether the largest region that confidence alone allows is worse than promised.

    The confidence is what the model says, or what the audits make of it with a `calibration`.
    """
    order = np.argsort(-project["sure"], kind="stable")
    sure = project["sure"][order]
    errors = 1.0 - sure if calibration is None else calibration.error(sure)
    fits = np.flatnonzero(regions.expected_error(errors) <= float(allowed))
    if not len(fits):
        return None
    return bool(project["wrong"][order[: fits[-1] + 1]].mean() > allowed)


def peeking(project: dict[str, Any], allowed: Fraction, seed: int) -> tuple[float, float]:
    """Return how often an exact interval at each check would prove a region that breaks it.

    And how often the e-value would. The region is the most confident one that holds a few errors
    more than are allowed.
    """
    order = np.argsort(-project["sure"], kind="stable")
    error = np.cumsum(project["wrong"][order]) / np.arange(1, len(order) + 1)
    fits = np.flatnonzero(error <= 1.02 * float(allowed))
    size = int(fits[-1]) + 2 if len(fits) else 0
    if not PEEKS < size <= len(order):
        return math.nan, math.nan
    rng, proven = np.random.default_rng(seed), []
    for _order in range(ORDERS):
        drawn = rng.permutation(project["wrong"][order[:size]])[: min(PEEKS, size // 2)]
        n, k = np.arange(1, len(drawn) + 1), np.cumsum(drawn)
        exact = beta.ppf(1 - ALPHA, k + 1, n - k) <= float(allowed)
        by_evidence = evidence.log_finite(n, k, size, allowed) >= -math.log(ALPHA)
        proven.append((exact.any(), by_evidence.any()))
    exactly, by_e_value = np.mean(proven, axis=0)
    return float(exactly), float(by_e_value)


# Tables -------------------------------------------------------------------------------------------


def table(folder: Path, options: argparse.Namespace) -> list[str]:
    """Return Markdown: one promise for all labels, one for each label, and what a proof costs."""
    names = sorted(path.name for path in folder.iterdir() if path.name != "vectors")
    sets = {name: delivery_projects.stored(folder, name) for name in names}
    sets = {name: projects for name, projects in sets.items() if projects}
    found = {name: _results(folder / name, each, options) for name, each in sets.items()}
    lines = [
        "| set | promise | slips | projects | runs | delivered | share of the pool "
        "| checks: median, 90% | ln 20 / KL | times | broken | confidence alone | calibrated "
        "| false region: exact interval at each check | e-value |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_line(name, key, found[name]) for name in found for key in _keys()]
    lines += [
        "",
        "| set | promise | slips | projects | labels with a promise | of these delivered "
        "| share of the pool | checks of all labels, median | labels broken "
        "| projects with a broken one |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_label_line(name, key, found[name]) for name in found for key in _keys()]
    return [*lines, "", *costs()]


def _keys() -> Iterator[tuple[Fraction, float]]:
    for allowed in PROMISES:
        for noise in NOISE:
            yield allowed, noise


def _results(
    folder: Path, projects: list[dict[str, Any]], options: argparse.Namespace
) -> list[dict[str, Any]]:
    found = []
    for seed, project in enumerate(projects):
        told = _stored(
            folder / f"{seed}.all.json", [VERSION, options.draws], _of_all, seed, project
        )
        told |= _stored(folder / f"{seed}.beside.json", [VERSION], _of_others, seed, project)
        if seed < options.label_projects:
            path = folder / f"{seed}.labels.json"
            told |= {"labels": _stored(path, [VERSION], _of_labels, seed, project)}
        found.append(told)
    return found


def _beside(project: dict[str, Any], allowed: Fraction, seed: int) -> dict[str, Any]:
    return {
        "naive": naive(project, allowed),
        "calibrated": naive(project, allowed, _calibration(project)),
        "peeking": peeking(project, allowed, seed),
    }


def _stored(
    path: Path,
    version: list[int],
    work_out: Callable[[dict[str, Any], int, int], dict[str, Any]],
    seed: int,
    project: dict[str, Any],
) -> dict[str, Any]:
    """Return what is stored of a project for this version, or worked out now."""
    if path.exists():
        stored: dict[str, Any] = json.loads(path.read_text())
        if stored["version"] == version:
            return stored
    found = {"version": version, **work_out(project, seed, version[-1])}
    path.write_text(json.dumps(found))
    return found


def _of_all(project: dict[str, Any], seed: int, draws: int) -> dict[str, Any]:
    return {
        _name(allowed, noise): [asdict(r) for r in results(project, allowed, noise, draws, seed)]
        for allowed, noise in _keys()
    }


def _of_others(project: dict[str, Any], seed: int, _draws: int) -> dict[str, Any]:
    return {str(each): _beside(project, each, seed) for each in PROMISES}


def _of_labels(project: dict[str, Any], seed: int, _draws: int) -> dict[str, Any]:
    return {
        _name(allowed, noise): [asdict(each) for each in each_label(project, allowed, noise, seed)]
        for allowed, noise in _keys()
    }


def _name(allowed: Fraction, noise: float) -> str:
    return f"{allowed}-{noise}"


def _line(name: str, key: tuple[Fraction, float], projects: list[dict[str, Any]]) -> str:
    allowed, noise = key
    found = [each for project in projects for each in project[_name(*key)]]
    proven = [each for each in found if each["broken"] is not None]
    checks = sorted(each["checks"] for each in proven)
    limits = [each["limit"] for each in proven if each["limit"]]
    ratios = [each["checks"] / each["limit"] for each in proven if each["limit"]]
    beside = [project[str(allowed)] for project in projects]
    peeks = [each["peeking"] for each in beside if each["peeking"][0] == each["peeking"][0]]
    exact, by_e_value = (_mean([each[i] for each in peeks], ".0%") for i in (0, 1))
    return (
        f"| `{name}` | {float(allowed):.0%} | {noise:.0%} | {len(projects)} | {len(found)} "
        f"| {len(proven) / len(found):.0%} | {np.mean([each['share'] for each in found]):.2f} "
        f"| {_at(checks, 0.5)}, {_at(checks, 0.9)} "
        f"| {_mean(limits, '.0f')} | {_mean(ratios, '.2f')} "
        f"| {sum(bool(each['broken']) for each in found) / len(found):.1%} "
        f"| {np.mean([bool(each['naive']) for each in beside]):.0%} "
        f"| {np.mean([bool(each['calibrated']) for each in beside]):.0%} "
        f"| {exact} | {by_e_value} |"
    )


def _label_line(name: str, key: tuple[Fraction, float], projects: list[dict[str, Any]]) -> str:
    allowed, noise = key
    by_project = [each["labels"][_name(*key)] for each in projects if "labels" in each]
    found = [each for labels in by_project for each in labels]
    proven = [each for each in found if each["broken"] is not None]
    broken = [any(each["broken"] for each in labels) for labels in by_project]
    shares = [sum(each["share"] for each in labels) for labels in by_project]
    spent = sorted(sum(each["checks"] for each in labels) for labels in by_project)
    delivered = f"{len(proven) / len(found):.0%}" if found else "–"
    return (
        f"| `{name}` | {float(allowed):.0%} | {noise:.0%} | {len(by_project)} | {len(found)} "
        f"| {delivered} | {_mean(shares, '.2f')} | {_at(spent, 0.5)} "
        f"| {_share(sum(bool(each['broken']) for each in proven), len(found))} "
        f"| {_share(sum(broken), len(by_project))} |"
    )


def _share(number: int, of: int) -> str:
    return f"{number / of:.1%}" if of else "–"


def _mean(values: list[float], form: str) -> str:
    return format(float(np.mean(values)), form) if values else "–"


def costs() -> list[str]:
    """Return what a proof of one large region takes whose error is known."""
    lines = [
        "| promise | wrong, of what is allowed | checks: mean, median, 90% | ln 20 / KL | times |",
        "|---|---|---|---|---|",
    ]
    for allowed in PROMISES:
        for share in KNOWN:
            checks = sorted(_checks(allowed, share, seed) for seed in range(RUNS))
            limit = -math.log(ALPHA) / evidence.divergence(share * float(allowed), float(allowed))
            lines.append(
                f"| {float(allowed):.0%} | {share:.2f} | {np.mean(checks):.0f}, "
                f"{_at(checks, 0.5)}, {_at(checks, 0.9)} | {limit:.0f} "
                f"| {np.mean(checks) / limit:.2f} |"
            )
    return lines


def _checks(allowed: Fraction, share: float, seed: int) -> int:
    """Return the checks until a region is proven that holds this share of what is allowed."""
    rng = np.random.default_rng(seed)
    wrong = np.zeros(LARGE, dtype=np.int64)
    wrong[: round(LARGE * share * float(allowed))] = 1
    drawn = np.cumsum(rng.permutation(wrong)[: LARGE // 5])
    n = np.arange(1, len(drawn) + 1)
    proven = evidence.log_finite(n, drawn, LARGE, allowed) >= -math.log(ALPHA)
    assert proven.any()
    return int(n[proven.argmax()])


def _at(values: list[int], share: float) -> str:
    return str(values[min(len(values) - 1, int(share * len(values)))]) if values else "–"


if __name__ == "__main__":
    main()
