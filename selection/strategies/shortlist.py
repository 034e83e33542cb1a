"""Shortlist: the best of a pool by one strategy, found shard by shard.

The app and the simulator share it, so a simulation selects exactly as the app does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from selection.core import hashing, top_k
from selection.core.arrays import AnyArray, BoolArray, FloatArray, IntArray
from selection.models import LabelSpace
from selection.models.relevance import take_turns
from selection.strategies.base import Strategy
from selection.strategies.candidates import Candidates

SEED_STEP = 1_000_003  # prime, so that rounds of neighbouring seeds share nothing
SAMPLE_STREAM = 0xF1008  # what is drawn must not be what ties fall to


@dataclass(frozen=True)
class Query:
    """The query of one round: its strategy, label space, batch size and pool size.

    `seed` breaks ties; `rare_class` is the declared class to search for, or None.
    """

    strategy: Strategy
    space: LabelSpace
    wanted: int
    pool_items: int
    seed: int
    rare_class: int | None = None

    @property
    def searches(self) -> bool:
        """Whether a declared class is searched for, by what is likely relevant."""
        return self.rare_class is not None and "relevance" in self.strategy.needs

    @property
    def most(self) -> int:
        """The number of candidates that the strategy chooses among."""
        return self.strategy.prefilter_size(self.wanted, self.pool_items)


@dataclass(frozen=True)
class Shortlist:
    """The best of one shard or of several: `ids` (M,), `scores` (M,), `proba` (M, C) or None.

    Behind the best come those that were drawn from the whole pool, if the rule wants any.
    `pool_size` items were looked at, whose weights in a draw sum to `total_weight`.
    """

    ids: IntArray
    scores: FloatArray
    proba: AnyArray | None
    pool_size: int
    total_weight: float

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return plain arrays that `from_arrays` turns back into this shortlist."""
        sums = {"size": np.array([self.pool_size]), "weight": np.array([self.total_weight])}
        arrays: dict[str, AnyArray] = {"ids": self.ids, "scores": self.scores, **sums}
        return arrays if self.proba is None else {**arrays, "proba": self.proba}

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Shortlist:
        """Return the shortlist that `to_arrays` described."""
        size, weight = int(arrays["size"][0]), float(arrays["weight"][0])
        return cls(arrays["ids"], arrays["scores"], arrays.get("proba"), size, weight)


def round_seed(seed: int, number: int) -> int:
    """Return the seed of round `number` of a project with `seed`.

    >>> round_seed(1, 2)
    1000005
    """
    return (seed * SEED_STEP + number) % 2**31


def shortlist(
    query: Query,
    ids: ArrayLike,
    proba: AnyArray | None,
    votes: AnyArray | None = None,
    relevance: AnyArray | None = None,
) -> Shortlist:
    """Return the best of one shard whose free items are `ids` (n,).

    `proba` (n, C) are the model's probabilities, None without a model; `votes` (T, n, C) those of a
    committee, and `relevance` (n,) the ranks of `models.relevance`, for a strategy that needs them.
    These take turns with the strategy's own score, by their ranks in the shard.

    >>> from selection.models import SingleLabel
    >>> from selection.strategies.registry import STRATEGIES
    >>> closest = Query(STRATEGIES["margin"], SingleLabel(2), wanted=1, pool_items=2, seed=0)
    >>> shortlist(closest, [7, 8], np.array([[0.9, 0.1], [0.5, 0.5]])).ids
    array([8, 7])
    """
    strategy, numbers = query.strategy, np.asarray(ids, dtype=np.int64)
    scores = strategy.score(
        _score_input(strategy, proba, votes),
        numbers,
        query.seed,
        space=query.space,
        rare_class=query.rare_class,
    )
    if relevance is not None and query.searches:
        scores = take_turns(relevance, scores)
    best = _top_rows(query, numbers, scores)
    if proba is None:
        return Shortlist(numbers[best], scores[best], None, len(numbers), 0.0)
    weight = float(strategy.weights(proba, query.space).sum())
    return Shortlist(numbers[best], scores[best], proba[best], len(numbers), weight)


def merge_shortlists(query: Query, parts: Sequence[Shortlist]) -> Shortlist:
    """Return the best of all `parts`, which are those of the shards of one pool, in any order.

    >>> from selection.models import SingleLabel
    >>> from selection.strategies.registry import STRATEGIES
    >>> drawn = Query(STRATEGIES["random"], SingleLabel(3), wanted=1, pool_items=2, seed=0)
    >>> parts = [shortlist(drawn, [item], None) for item in (7, 8)]
    >>> merge_shortlists(drawn, parts).pool_size
    2
    """
    ids = np.concatenate([part.ids for part in parts])
    scores = np.concatenate([part.scores for part in parts])
    best = _top_rows(query, ids, scores)
    known = [part.proba for part in parts if part.proba is not None]
    return Shortlist(
        ids[best],
        scores[best],
        np.concatenate(known)[best] if known else None,
        sum(part.pool_size for part in parts),
        # Rounded once, so that the order of the parts leaves no trace.
        math.fsum(part.total_weight for part in parts),
    )


def to_candidates(
    query: Query,
    found: Shortlist,
    spread: AnyArray,
    existing: AnyArray,
    y: ArrayLike,
) -> Candidates:
    """Return the shortlist as candidates, with features and targets of the labelled items.

    `spread` (M, d) are the features in which diversity is measured, `existing` (L, d) those of the
    labelled items, and `y` their targets.

    >>> from selection.models import SingleLabel
    >>> from selection.strategies.registry import STRATEGIES
    >>> drawn = Query(STRATEGIES["random"], SingleLabel(3), wanted=1, pool_items=1, seed=0)
    >>> found = shortlist(drawn, [7], None)
    >>> to_candidates(drawn, found, np.zeros((1, 2)), np.zeros((2, 2)), [1, 1]).class_counts
    [0, 2, 0]
    """
    labels = np.asarray(y)
    counts = query.space.class_counts(labels)
    return Candidates(
        ids=found.ids,
        scores=found.scores,
        proba=found.proba,
        spread=spread,
        existing=existing,
        labels=labels,
        n_labelled=len(labels),
        space=query.space,
        classes_seen=sum(count > 0 for count in counts),
        pool_size=found.pool_size,
        total_weight=found.total_weight,
        class_counts=counts,
        rare_class=query.rare_class,
        drawn=_random_sample(query, found.ids),
    )


def _top_rows(query: Query, ids: IntArray, scores: FloatArray) -> IntArray:
    """Return the rows of the best, then those of the random sample.

    Both are the highest by some number of the item alone, so those of all shards together are
    exactly those of the pool.
    """
    best = top_k.best(scores, ids, query.most, query.seed)
    drawn = _random_sample(query, ids)
    if drawn is None:
        return best
    return np.concatenate([best, np.setdiff1d(np.flatnonzero(drawn), best)])


def _random_sample(query: Query, ids: IntArray) -> BoolArray | None:
    """Return which of `ids` (n,) are in the random sample; None for a strategy without one.

    At least as many are drawn as are wanted: some are left even where all others were chosen.
    """
    size = query.strategy.sample_size(query.wanted)
    if not size:
        return None
    lots = hashing.uniform(ids, query.seed ^ SAMPLE_STREAM)
    drawn = np.zeros(len(ids), dtype=np.bool_)
    drawn[top_k.best(lots, ids, size, query.seed)] = True
    return drawn


def _score_input(
    strategy: Strategy, proba: AnyArray | None, votes: AnyArray | None
) -> AnyArray | None:
    """Return the input of the score: nothing, the model's probabilities or a committee's."""
    if proba is None or not strategy.needs & {"proba", "committee"}:
        return None
    return votes if "committee" in strategy.needs else proba
