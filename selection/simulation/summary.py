"""Summary of runs: curves with intervals, labels needed, and savings.

The headline is read at random's own last accuracy: the labels that random needs to get there over
those of the strategy, same features and model. The two other savings have the accuracy that the
plain baseline has after its last label as their target, which a better model reaches in its first
batches. *Query saving*: the labels that random needs over those of the strategy. *System saving*:
the labels that the baseline needs over those of the strategy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from selection.core.arrays import FloatArray, IntArray
from selection.simulation import comparison
from selection.simulation.comparison import Band, Ratio
from selection.simulation.dataset import Run
from selection.simulation.loop import RANDOM

DIGITS = 6
METRICS = ("accuracy", "macro_f1", "rare_found")
FOUND = (0.8, 0.95)  # shares of the rare items


def summarise(runs: Sequence[Run], baseline: Sequence[Run] = ()) -> dict[str, Any]:
    """Return curves, comparisons and savings of `runs` as plain lists and numbers, None for NaN.

    `runs` are of any strategies, each with the same seeds, "random" among them; `baseline` are the
    runs of `baseline.plain` with these seeds. Raises ValueError where a seed is missing somewhere.

    >>> one = np.array([0.5, 0.9])
    >>> run = Run("random", 0, np.array([20, 40]), one, one, one, np.zeros(2), np.arange(40), 0.1)
    >>> summarise([run], [run])["savings"]["random"]["query"]
    1.0
    """
    groups = _by_strategy(runs)
    plain = sorted(baseline, key=lambda run: run.seed)
    _check(groups, plain)
    # Each seed's contribution to the target, so that intervals include its uncertainty.
    target = _table(plain, "accuracy")[:, -1] if plain else np.array([np.nan])
    random = groups.get(RANDOM, [])
    return {
        "strategies": {name: _curves(group) for name, group in groups.items()},
        "baseline": _curves(plain) if plain else None,
        "target": _number(target.mean()),
        "needs": {name: _needs(group, target) for name, group in groups.items()},
        "against_random": {name: _against(group, random) for name, group in groups.items()},
        "savings": {name: _savings(group, random, plain, target) for name, group in groups.items()},
    }


def in_words(ratio: Ratio) -> str:
    """Return a savings ratio in words; a loss is named as a loss.

    >>> in_words(Ratio(2.93, 2.0, 4.1)), in_words(Ratio(None, over=3.02))
    ('2.9 times (2.0 to 4.1)', 'over 3.0 times')
    >>> in_words(Ratio(0.8, 0.5, 0.9)), in_words(Ratio(None))
    ('a loss: 1.2x as many (1.1 to 2.0)', 'not reached')
    """
    if ratio.over is not None:
        return f"over {ratio.over:.1f} times"
    if ratio.value is None:
        return "not reached"
    if is_loss(ratio.value):
        return f"a loss: {1 / ratio.value:.1f}x as many{_inverted(ratio)}"
    if ratio.low is None:
        return f"{ratio.value:.1f} times"
    if ratio.high is None:
        return f"{ratio.value:.1f} times ({ratio.low:.1f} or more)"
    return f"{ratio.value:.1f} times ({ratio.low:.1f} to {ratio.high:.1f})"


def is_loss(value: float) -> bool:
    """Return whether a saving is a loss at one decimal.

    >>> is_loss(0.9), is_loss(0.99)
    (True, False)
    """
    return round(1 / value, 1) > 1


def _inverted(ratio: Ratio) -> str:
    if ratio.low is None:
        return ""
    least = 0.0 if ratio.high is None else 1 / ratio.high
    if not ratio.low:
        return f" ({least:.1f} or more)"
    return f" ({least:.1f} to {1 / ratio.low:.1f})"


def _by_strategy(runs: Sequence[Run]) -> dict[str, list[Run]]:
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.strategy, []).append(run)
    return {name: sorted(group, key=lambda run: run.seed) for name, group in groups.items()}


def _check(groups: dict[str, list[Run]], plain: Sequence[Run]) -> None:
    seeds = {tuple(run.seed for run in group) for group in [*groups.values(), plain] if group}
    if len(seeds) > 1:
        raise ValueError(f"the seeds differ between strategies: {sorted(seeds)}")


# Curves ------------------------------------------------------------------------------------------


def _curves(group: Sequence[Run]) -> dict[str, Any]:
    curves = {metric: _band(comparison.band(_table(group, metric))) for metric in METRICS}
    seconds = float(np.mean([run.seconds_per_round for run in group]))
    return {"labels": _marks(group).tolist(), **curves, "seconds_per_round": _number(seconds)}


def _marks(group: Sequence[Run]) -> IntArray:
    return max((run.labels for run in group), key=len)


def _table(group: Sequence[Run], metric: str) -> FloatArray:
    """Return the curves (S, m) of all seeds; one that stopped early stays where it was."""
    length = len(_marks(group))
    curves = [getattr(run, metric) for run in group]
    return np.array([np.pad(curve, (0, length - len(curve)), mode="edge") for curve in curves])


def _band(found: Band) -> dict[str, list[float | None]]:
    # A share cannot lie outside 0 to 1, whatever the t distribution says.
    return {
        name: [_number(value) for value in np.clip(curve, 0.0, 1.0)]
        for name, curve in vars(found).items()
    }


def _number(value: float) -> float | None:
    return round(float(value), DIGITS) if np.isfinite(value) else None


# Comparisons -------------------------------------------------------------------------------------


def _needs(group: Sequence[Run], target: FloatArray) -> dict[str, Any]:
    """Return how many labels are needed to the target and to find the rare items."""
    labels, curves = _marks(group), _table(group, "accuracy")
    value = comparison.labels_to(labels, curves.mean(axis=0), target.mean())
    low, high = comparison.labels_interval(labels, curves, target)
    rare = {f"rare_{share * 100:.0f}": _mean_found(group, share) for share in FOUND}
    return {"target": _whole(value), "low": _whole(low), "high": _whole(high), **rare}


def _whole(labels: float | None) -> float | None:
    return None if labels is None else round(labels, 1)


def _mean_found(group: Sequence[Run], share: float) -> float | None:
    needed = _found_after(group, share)
    return None if np.isnan(needed).any() else _whole(float(needed.mean()))


def _found_after(group: Sequence[Run], share: float) -> FloatArray:
    """Return after how many labels each seed found that share of the rare items; NaN for never."""
    found = [comparison.labels_to(run.labels, run.rare_found, share) for run in group]
    return np.array([np.nan if labels is None else labels for labels in found])


def _against(group: Sequence[Run], random: Sequence[Run]) -> dict[str, Any] | None:
    """Return the paired difference in accuracy to random, and at which marks it is a loss."""
    if not random or len(_marks(group)) != len(_marks(random)):
        return None
    gain = comparison.difference(_table(group, "accuracy"), _table(random, "accuracy"))
    worse = np.nan_to_num(gain.high, nan=0.0) < 0
    return {
        "labels": _marks(group).tolist(),
        **{name: [_number(value) for value in curve] for name, curve in vars(gain).items()},
        "worse": worse.tolist(),
        # A single seed shows nothing.
        "never_worse": None if len(group) < 2 else not worse.any(),
    }


def _savings(
    group: Sequence[Run], random: Sequence[Run], plain: Sequence[Run], target: FloatArray
) -> dict[str, Any]:
    own = _to_the_end(group, random)
    ratios = {
        "query": _ratio(group, random, target),
        "system": _ratio(group, plain, target),
        "against_random": own,
    }
    for share in FOUND:
        needed, others = _found_after(group, share), _found_after(random, share)
        found = comparison.finding(needed, others, _spent(random)) if random else Ratio(None)
        ratios[f"rare_{share * 100:.0f}"] = found
    told = {key: value for name, ratio in ratios.items() for key, value in _told(name, ratio)}
    return {**told, "headline": _headline(group, random, own)}


def _to_the_end(group: Sequence[Run], random: Sequence[Run]) -> Ratio:
    if not random or not np.isfinite(_table(random, "accuracy")).all():
        return Ratio(None)
    first, second = _table(group, "accuracy"), _table(random, "accuracy")
    return comparison.saving_to_the_end(_marks(group), first, _marks(random), second)


def _headline(
    group: Sequence[Run], random: Sequence[Run], own: Ratio
) -> dict[str, float | str | None] | None:
    """Return the labels that the strategy and random need for random's last accuracy."""
    if not random or not np.isfinite(_table(random, "accuracy")).all():
        return None
    reached, goal = (float(_table(runs, "accuracy")[:, -1].mean()) for runs in (group, random))
    needs = comparison.labels_to(_marks(random), _table(random, "accuracy").mean(axis=0), goal)
    verdict = _verdict(own)
    return {
        "verdict": verdict,
        "target": _number(goal),
        "reached": _number(reached),
        "labels": None if own.value is None else _whole((needs or 0.0) / own.value),
        "random_labels": _whole(needs),
        "words": _headline_words(own, verdict, goal, reached),
    }


def _verdict(own: Ratio) -> str:
    """Return "never", "equal", "better", "worse", or "unclear" where it may be chance."""
    if own.value is None:
        return "never"
    if own.value == 1 and own.low in (None, 1) and own.high in (None, 1):
        return "equal"
    if own.low is not None and own.low > 1:
        return "better"
    return "worse" if own.high is not None and own.high < 1 else "unclear"


def _headline_words(own: Ratio, verdict: str, goal: float, reached: float) -> str:
    if own.value is None:
        return f"never reaches random's last accuracy ({goal:.3f}): it ends at {reached:.3f}"
    if verdict == "equal":
        return "needs as many labels as random"
    chance = ", which may be chance" if verdict == "unclear" else ""
    if is_loss(own.value):
        return f"needs {1 / own.value:.1f}x as many labels as random{_inverted(own)}{chance}"
    between = _between(own)
    return f"random needs {own.value:.1f}x as many labels{between}{chance}"


def _between(own: Ratio) -> str:
    if own.low is None:
        return ""
    if own.high is None:
        return f" ({own.low:.1f} or more)"
    return f" ({own.low:.1f} to {own.high:.1f})"


def _ratio(group: Sequence[Run], others: Sequence[Run], target: FloatArray) -> Ratio:
    if not others or not np.isfinite(target).all():
        return Ratio(None)
    first, second = _table(group, "accuracy"), _table(others, "accuracy")
    return comparison.saving(_marks(group), first, _marks(others), second, target)


def _spent(group: Sequence[Run]) -> float:
    return float(_marks(group)[-1])


def _told(name: str, ratio: Ratio) -> list[tuple[str, Any]]:
    numbers = [(name, ratio.value)] + [
        (f"{name}_{end}", getattr(ratio, end)) for end in ("low", "high", "over")
    ]
    told: list[tuple[str, Any]] = [
        (key, None if value is None else _number(value)) for key, value in numbers
    ]
    return [*told, (f"{name}_words", in_words(ratio))]
