"""The linear chain: marginals, normaliser and expected transitions, for many sequences at once.

Lafferty, McCallum and Pereira 2001; forward and backward in probabilities that are scaled at each
token (Rabiner 1989), so that a step is one product of small matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from selection.core.arrays import BoolArray, FloatArray
from selection.spans.learning.packing import Packing
from selection.spans.learning.tags import BEGIN, END, INSIDE, TagScheme

LOWEST = -500.0  # below the best tag of a token; further down nothing changes
HIGHEST = 200.0  # weight of a transition
TINY = 1e-300


@dataclass(frozen=True)
class Transitions:
    """Weights (T, T) from a tag (row) to the next (column), of the first (T,) and the last (T,).

    Impossible ones have factor 0: no weight can make them likely.
    """

    between: Any
    first: Any
    last: Any

    @classmethod
    def of(cls, weights: FloatArray, scheme: TagScheme) -> Transitions:
        """Return the factors of `weights` (T, T), impossible transitions masked."""
        return cls(
            # A step of the optimiser may overshoot; its loss is then bad enough without infinity.
            np.where(scheme.successors, np.exp(np.minimum(weights, HIGHEST)), 0.0),
            scheme.openers.astype(np.float64),
            scheme.closers.astype(np.float64),
        )


@dataclass(frozen=True)
class Forward:
    """A packed recursion: scaled `alpha` (N, T), `factors` (N, T), the log of each scale (N,)."""

    alpha: FloatArray
    factors: FloatArray
    scales: FloatArray


def forward(scores: FloatArray, packing: Packing, steps: Transitions) -> Forward:
    """Return the forward pass over packed `scores` (N, T)."""
    highest = scores.max(axis=1, keepdims=True) if len(scores) else scores[:, :1]
    factors = np.exp(np.maximum(scores - highest, LOWEST))
    is_last = _ends(packing)
    factors[is_last] *= steps.last
    alpha = np.empty_like(factors)
    scales = np.empty(len(factors))
    before = np.zeros(0)
    for step in range(packing.steps):
        rows = packing.rows(step)
        arriving = before[: packing.sizes[step]] @ steps.between if step else steps.first
        now = arriving * factors[rows]
        total = np.maximum(now.sum(axis=1), TINY)
        before = now / total[:, None]
        alpha[rows], scales[rows] = before, total
    return Forward(alpha, factors, np.log(scales) + highest[:, 0])


@dataclass(frozen=True)
class Backward:
    """The `marginals` (N, T), packed, what follows as `onward` (N, T), and the expected
    `transitions` (T, T) of all sequences."""

    marginals: FloatArray
    onward: FloatArray
    transitions: FloatArray


def backward(
    found: Forward, packing: Packing, steps: Transitions, *, learns: bool = True
) -> Backward:
    """Return the backward pass over what `forward` found.

    Only what `learns` needs the expected transitions; without, they are 0.
    """
    beta = np.empty_like(found.alpha)
    expected = np.zeros_like(steps.between)
    after, size_after = np.zeros((0, found.alpha.shape[1])), 0
    for step in range(packing.steps - 1, -1, -1):
        rows, size = packing.rows(step), int(packing.sizes[step])
        here = np.ones((size, found.alpha.shape[1]))
        if size_after:
            alpha = found.alpha[rows][:size_after]
            back = after @ steps.between.T
            total = np.maximum((alpha * back).sum(axis=1, keepdims=True), TINY)
            here[:size_after] = back / total
            if learns:
                expected += alpha.T @ (after / total)
        beta[rows] = here
        after, size_after = found.factors[rows] * here, size
    marginals = found.alpha * beta
    marginals /= np.maximum(marginals.sum(axis=1, keepdims=True), TINY)
    return Backward(marginals, found.factors * beta, expected * steps.between)


def best_path_scores(
    scores: FloatArray, packing: Packing, weights: FloatArray, scheme: TagScheme
) -> FloatArray:
    """Return the score of the best possible tags of each sequence (S,), longest first."""
    own = scores.copy()
    own[np.ix_(_ends(packing), ~scheme.closers)] = -np.inf
    best = np.where(scheme.openers, own[packing.rows(0)], -np.inf) if packing.steps else own
    found = best.copy()
    for step in range(1, packing.steps):
        size = int(packing.sizes[step])
        best = _best_arriving(best[:size], weights, scheme) + own[packing.rows(step)]
        found[:size] = best
    highest: FloatArray = found.max(axis=1, initial=-np.inf)
    return highest


def _best_arriving(best: FloatArray, weights: FloatArray, scheme: TagScheme) -> FloatArray:
    """Return the best score (m, T) of arriving at each tag, of `best` (m, T) at the tags before.

    Only what may be is looked at: from one span's end to the next one's start, and within a span.
    """
    found = np.full_like(best, -np.inf)
    closers, openers = np.flatnonzero(scheme.closers), np.flatnonzero(scheme.openers)
    ways = best[:, closers, None] + weights[np.ix_(closers, openers)]
    found[:, openers] = ways.max(axis=1)
    begin, inside = scheme.tags(BEGIN), scheme.tags(INSIDE)
    for part in (INSIDE, END):
        after = scheme.tags(part)
        found[:, after] = np.maximum(
            best[:, begin] + weights[begin, after], best[:, inside] + weights[inside, after]
        )
    return found


def _ends(packing: Packing) -> BoolArray:
    """Return which packed places (N,) are the last of their sequence."""
    is_last = np.zeros(int(packing.starts[-1]), dtype=bool)
    for step in range(packing.steps):
        after = packing.sizes[step + 1] if step + 1 < packing.steps else 0
        is_last[packing.starts[step] + after : packing.starts[step + 1]] = True
    return is_last
