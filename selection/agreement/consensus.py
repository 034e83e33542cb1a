"""Dawid-Skene consensus: the right class and each person's reliability, from answers alone.

Dawid and Skene 1979: each person has a confusion matrix. Gibbs sampling (Kim and Ghahramani 2012)
draws the right classes and the confusion matrices in turns and averages the draws. The maximum
likelihood estimate that EM finds is overconfident about a person with few answers and about the
better one of two people: where answers differed it said 0.95 and was right in half of the cases
(learning-benchmarks.md in docs).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.special import gammaln, logsumexp
from scipy.stats import beta

from selection.agreement.coefficients import as_answers, majority
from selection.core.arrays import AnyArray, FloatArray, IntArray, refuse_rows

BURN_IN = 50
SWEEPS = 150
# Pseudo-answers per class of an annotator who errs evenly; how many is sampled.
STRENGTHS = (0, 0.25, 0.5, 1, 2, 4, 8, 16, 32)
OWN = 10.0  # imagined answers, as often right as those of all, behind the share that one has right
# Imagined answers of all together per class, right so often; else all might be always wrong.
EXPECTED, USUAL = 16.0, 0.8
LEAST = 1e-3  # of an imagined answer, in any cell
TINY = 1e-300


class Consensus(NamedTuple):
    """Class probabilities (items, C), each person's confusion (people, C, C), class shares (C,).

    `confusion[p, true, said]` is how likely person p says `said` where `true` is right.
    """

    proba: FloatArray
    confusion: FloatArray
    prior: FloatArray

    @property
    def labels(self) -> IntArray:
        """The most likely class of each item (items,); the lowest number on a tie."""
        return np.asarray(self.proba.argmax(axis=1), dtype=np.int64)

    @property
    def reliability(self) -> FloatArray:
        """The accuracy of each person (people,) on items with the estimated class shares."""
        right = np.diagonal(self.confusion, axis1=1, axis2=2)
        return np.asarray(right @ self.prior, dtype=np.float64)


def dawid_skene(answers: ArrayLike, n_classes: int, *, seed: int = 0) -> Consensus:
    """Return class probabilities and confusion matrices learnt from `answers` (items, people).

    `answers` are class numbers, -1 for none. Each person starts with one imagined answer per class,
    spread as those of all people together, and some more that are right as often as people are and
    err evenly; how many more, and whether as often as this person or as all of them, is drawn by
    how well it explains the answers. The order of people does not matter. Raises ValueError for an
    answer that is no class number.

    >>> dawid_skene([[0, 0, 1], [1, 1, 0], [0, 0, 0], [1, 1, 1]], 2).labels
    array([0, 1, 0, 1])
    """
    table = as_answers(answers)
    if table.size and table.max() >= n_classes:
        refuse_rows((table >= n_classes).any(axis=1), f"an answer is not below {n_classes}")
    order = np.lexsort(table) if len(table) else np.arange(table.shape[1])
    sampler = _Sampler(table[:, order], n_classes, np.random.default_rng(seed))
    proba = majority(table, n_classes)
    sums = [np.zeros_like(proba), np.zeros(sampler.shape), np.zeros(n_classes)]
    for sweep in range(BURN_IN + SWEEPS):
        drawn = sampler.sweep(proba)
        proba = drawn.proba
        if sweep >= BURN_IN:
            for total, each in zip(sums, drawn, strict=True):
                total += each / SWEEPS
    confusion = np.empty_like(sums[1])
    confusion[order] = sums[1]
    return Consensus(sums[0], confusion, sums[2])


class _Sampler:
    """Gibbs sampler over answer lists (m,): `said` by `people` of `items`."""

    def __init__(self, table: IntArray, n_classes: int, rng: np.random.Generator) -> None:
        self.items, self.people = np.nonzero(table >= 0)
        self.said = table[self.items, self.people]
        self.shape = (table.shape[1], n_classes, n_classes)
        self.rng = rng
        places = np.arange(len(self.items))
        ones = (np.ones(len(places)), (self.items, places))
        self.of_item = csr_array(ones, shape=(len(table), len(places)))

    def sweep(self, proba: FloatArray) -> Consensus:
        """Sample classes by `proba` (items, C), then confusion matrices; return the new `proba`."""
        right = self._pick(proba)
        counts = self._count(right)
        weights = counts + self._imagined(counts)
        shares = np.bincount(right, minlength=proba.shape[1]) + 1.0
        evidence = self.of_item @ _log_dirichlet(weights, self.rng)[self.people, :, self.said]
        evidence += _log_dirichlet(shares, self.rng)
        updated = np.exp(evidence - logsumexp(evidence, axis=1, keepdims=True))
        confusion = weights / weights.sum(axis=2, keepdims=True)
        return Consensus(updated, confusion, shares / shares.sum())

    def _pick(self, proba: FloatArray) -> IntArray:
        steps = proba.cumsum(axis=1)
        drawn = self.rng.random((len(proba), 1)) * steps[:, -1:]
        picked: IntArray = np.minimum((drawn >= steps).sum(axis=1), proba.shape[1] - 1)
        return picked

    def _count(self, right: IntArray) -> FloatArray:
        """Return the confusion counts of each person: (people, C, C)."""
        cells = np.ravel_multi_index((self.people, right[self.items], self.said), self.shape)
        counts = np.bincount(cells, minlength=int(np.prod(self.shape)))
        return counts.reshape(self.shape).astype(np.float64)

    def _imagined(self, counts: FloatArray) -> FloatArray:
        """Sample the pseudo counts (people, C, C) in proportion to their likelihood."""
        right, each = np.trace(counts, axis1=1, axis2=2), counts.sum(axis=(1, 2))
        spread = counts.sum(axis=0) + EXPECTED * _usual(self.shape[1])
        common = np.trace(spread) / spread.sum()
        spread /= spread.sum(axis=1, keepdims=True)
        own, surprise = self._own_shares(right, each, common)
        shares = (np.full(self.shape[0], common), own)
        fits = [
            base + _fit(counts, strength, share, spread)
            for share, base in zip(shares, (0.0, surprise), strict=True)
            for strength in STRENGTHS
        ]
        odds = np.exp(np.array(fits) - max(fits))
        drawn = int(self.rng.choice(len(odds), p=odds / odds.sum()))
        share = shares[drawn // len(STRENGTHS)]
        cells = np.indices(self.shape, sparse=True)
        return _alpha(STRENGTHS[drawn % len(STRENGTHS)], share, spread, *cells)

    def _own_shares(
        self, right: FloatArray, each: FloatArray, common: float
    ) -> tuple[FloatArray, float]:
        """Sample each person's accuracy, and the log ratio of its proposal.

        The shares are drawn with the answers in sight, so a model that uses them must pay for it.
        """
        before = (OWN * common, OWN * (1 - common))
        after = (before[0] + right, before[1] + each - right)
        drawn = np.clip(self.rng.beta(*after), LEAST, 1 - LEAST)
        surprise = beta.logpdf(drawn, *before) - beta.logpdf(drawn, *after)
        return drawn, float(surprise.sum())


def _usual(n_classes: int) -> FloatArray:
    wrong = np.full((n_classes, n_classes), (1 - USUAL) / max(n_classes - 1, 1))
    np.fill_diagonal(wrong, USUAL)
    return wrong


def _alpha(
    strength: float,
    share: FloatArray,
    spread: FloatArray,
    people: AnyArray,
    right: AnyArray,
    said: AnyArray,
) -> FloatArray:
    """Return the pseudo counts: one as `spread` (C, C), `strength` by `share` (p,)."""
    others = max(len(spread) - 1, 1)
    even = np.where(right == said, share[people], (1 - share[people]) / others)
    imagined: FloatArray = np.maximum(strength * even + spread[right, said], LEAST)
    return imagined


def _fit(counts: FloatArray, strength: float, share: FloatArray, spread: FloatArray) -> float:
    """Return the log likelihood of the counts under the pseudo counts."""
    # Cells without an answer cancel out.
    cells = np.nonzero(counts)
    alpha, seen = _alpha(strength, share, spread, *cells), counts[cells]
    rows = counts.sum(axis=2)
    rows = rows[rows > 0]
    total = strength + 1
    told = (gammaln(alpha + seen) - gammaln(alpha)).sum()
    return float(told - (gammaln(total + rows) - gammaln(total)).sum())


def _log_dirichlet(weights: AnyArray, rng: np.random.Generator) -> FloatArray:
    drawn = np.maximum(rng.standard_gamma(weights), TINY)
    logs: FloatArray = np.log(drawn) - np.log(drawn.sum(axis=-1, keepdims=True))
    return logs
