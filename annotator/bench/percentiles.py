"""Percentiles of measured values, beside their targets."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value; `goal` is its target, if it has one."""

    name: str
    value: float
    unit: str
    goal: str = ""


def spread(name: str, seconds: Sequence[float], median: str = "", p95: str = "") -> list[Figure]:
    """Return the median and the 95th percentile of times in seconds, in ms."""
    return [
        Figure(f"{name}, median", 1000 * statistics.median(seconds), "ms", median),
        Figure(f"{name}, p95", 1000 * statistics.quantiles(seconds, n=20)[-1], "ms", p95),
    ]


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as a table, one per line."""
    lines = []
    for figure in figures:
        goal = f"   goal {figure.goal}" if figure.goal else ""
        lines.append(f"{figure.name:<72}{figure.value:>12,.2f} {figure.unit:<9}{goal}")
    return "\n".join(lines)
