"""Entity F1 on a random sample of texts, with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import FloatArray, IntArray
from selection.core.intervals import Estimate
from selection.spans.text.spans import Span

FEWEST = 200  # texts below which an interval of F1 is too wide to say much


class SpanCounts(NamedTuple):
    """Spans of each text (n,): exactly right ones, wrong ones, and missed ones."""

    right: IntArray
    wrong: IntArray
    missed: IntArray

    @property
    def f1(self) -> float:
        """Entity F1 over all texts together; 1.0 where nothing is there and nothing was said."""
        right = 2 * int(self.right.sum())
        total = right + int(self.wrong.sum()) + int(self.missed.sum())
        return right / total if total else 1.0


def count_spans(
    truth: Sequence[Iterable[Span]], said: Sequence[Iterable[Span]], label: str | None = None
) -> SpanCounts:
    """Return how many spans of each text are right to the character, wrong, or missed.

    With `label` only spans of that label count. A span given twice counts once.

    >>> count_spans([[(0, 3, "a")]], [[(0, 3, "a"), (4, 5, "a")]]).f1.__round__(3)
    0.667
    """
    if len(truth) != len(said):
        raise ValueError(f"{len(truth)} texts, but answers to {len(said)}")
    rows = [
        (len(real & found), len(found - real), len(real - found))
        for real, found in (
            (_of_label(a, label), _of_label(b, label)) for a, b in zip(truth, said, strict=True)
        )
    ]
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return SpanCounts(table[:, 0], table[:, 1], table[:, 2])


def audit_f1(
    right: ArrayLike, wrong: ArrayLike, missed: ArrayLike, confidence: float = 0.95
) -> Estimate | None:
    """Return entity F1 of the counts (n,) of random texts, with its interval; None without texts.

    F1 is a ratio of two sums over texts. Its error comes from how texts differ (Cochran 1977, ratio
    estimator), on the logit scale, where an interval stays within 0..1, with a t quantile; one
    right and one wrong span are added, which keeps an interval open where all are right. Below some
    200 texts (`FEWEST`) intervals are wide. (0, 1) where no text has a span.

    >>> found = audit_f1([1] * 150 + [0] * 50, [0] * 200, [0] * 150 + [1] * 50)
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.857, 0.811, 0.891)
    """
    counts = [np.asarray(each, dtype=np.float64) for each in (right, wrong, missed)]
    if any(each.ndim != 1 or len(each) != len(counts[0]) for each in counts):
        raise ValueError("right, wrong and missed must be three equal rows")
    if any((each < 0).any() for each in counts):
        raise ValueError("a count is below 0")
    n = len(counts[0])
    if not n:
        return None
    parts, wholes = 2 * counts[0], 2 * counts[0] + counts[1] + counts[2]
    if not wholes.any():
        return Estimate(1.0, 0.0, 1.0, n, confidence, "ratio")
    low, high = _logit_interval(parts, wholes, confidence)
    value = float(parts.sum() / wholes.sum())
    return Estimate(value, min(low, value), max(high, value), n, confidence, "ratio")


def _of_label(spans: Iterable[Span], label: str | None) -> set[Span]:
    return {span for span in spans if label is None or span[2] == label}


def _logit_interval(
    parts: FloatArray, wholes: FloatArray, confidence: float
) -> tuple[float, float]:
    # Web processes read what was measured, but measure nothing.
    from scipy.stats import t

    n = len(parts)
    total = wholes.sum() + 3.0  # a right span counts twice, a wrong one once
    f1 = (parts.sum() + 2.0) / total
    # The two spans that were added are texts of their own, each with its own deviation.
    deviations = np.concatenate([parts - f1 * wholes, [2.0 - 2.0 * f1, -f1]])
    spread = np.sqrt(float(deviations @ deviations) * (n + 2) / (n + 1)) / total
    with_spans = int((wholes > 0).sum()) + 2
    half = float(t.ppf((1 + confidence) / 2, with_spans - 1)) * spread / (f1 * (1 - f1))
    middle = np.log(f1 / (1 - f1))
    low, high = 1 / (1 + np.exp(-(middle - half))), 1 / (1 + np.exp(-(middle + half)))
    return float(low), float(high)
