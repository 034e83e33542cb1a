"""The query strategy: a score for every item of the pool, and a choice among the best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from selection.core import hashing
from selection.core.arrays import FloatArray, IntArray
from selection.models import LabelSpace
from selection.strategies import batch
from selection.strategies.batch import Picks
from selection.strategies.candidates import ONE_LABEL, Candidates, Selection, nothing

MIN_COVER = 2000  # candidates of a rule that wants to see the whole space
MIN_SAMPLE = 2000  # random items of a rule that clusters some besides its best ones

Chooser = Callable[[Candidates, int, np.random.Generator], Picks]


class Scorer(Protocol):
    """The score of every item of one shard."""

    def __call__(
        self,
        proba: ArrayLike,
        ids: IntArray,
        seed: int,
        *,
        space: LabelSpace,
        rare_class: int | None,
    ) -> FloatArray:
        """Return the scores (n,) of `proba` (n, C), or (T, n, C) of a committee."""
        ...


@dataclass(frozen=True)
class Strategy:
    """A query strategy: its name, title and description, and the inputs it needs.

    `needs` holds "proba" (probabilities of the model), "committee" (of several models, to
    `score` as (T, n, C)), "relevance" (ranks of texts, where a class is declared, which take turns
    with its own scores) and "features" (the spread columns, to `choose`). One that `covers` wants
    to see the whole space; one with a `floor` asks some items drawn from the whole pool; one that
    `samples` wants thousands of these beside the best.
    """

    name: str
    title: str
    description: str
    needs: frozenset[str]
    scorer: Scorer | None
    chooser: Chooser
    covers: bool = False
    floor: bool = False
    samples: bool = False

    def score(
        self,
        proba: ArrayLike | None,
        ids: ArrayLike,
        seed: int,
        *,
        space: LabelSpace = ONE_LABEL,
        rare_class: int | None = None,
    ) -> FloatArray:
        """Return the scores (n,) of one shard: `proba` (n, C), or (T, n, C) for a committee.

        A strategy without a model scores by a hash of `ids` (n,) and `seed`, which makes its
        candidates a random sample of the pool. Raises ValueError naming a bad row.

        >>> rule = Strategy("any", "Any", "Any.", frozenset(), None, batch.random)
        >>> rule.score(None, [7, 8], seed=0).shape
        (2,)
        """
        numbers = np.asarray(ids, dtype=np.int64)
        if self.scorer is None:
            return hashing.uniform(numbers, seed)
        if proba is None:
            raise ValueError(f"{self.name} needs probabilities")
        values = self.scorer(proba, numbers, seed, space=space, rare_class=rare_class)
        if values.shape != numbers.shape:
            raise ValueError(f"{len(values)} rows of proba for {len(numbers)} ids")
        return values

    def weights(self, proba: ArrayLike, space: LabelSpace = ONE_LABEL) -> FloatArray:
        """Return the weight (n,) with which each row is drawn; sum it over the pool's shards.

        Only "stochastic" draws by weight; its `Candidates.total_weight` is that sum.
        """
        return batch.doubt_weights(np.asarray(proba), space)

    def choose(self, candidates: Candidates, k: int, rng: np.random.Generator | int) -> Selection:
        """Return the `k` candidates to ask, in that order; all of them if there are fewer.

        The answer depends on the candidates, not on their order. Raises ValueError for missing
        or unusable arrays, naming the row.

        >>> pool = Candidates(np.array([7, 8]), np.array([-0.8, 0.0]))
        >>> rule = Strategy("any", "Any", "Any.", frozenset(), None, batch.random)
        >>> rule.choose(pool, 1, 0).rows
        array([1])
        """
        candidates.check()
        wanted = min(max(k, 0), len(candidates))
        if not wanted:
            return nothing()
        order = np.argsort(np.asarray(candidates.ids), kind="stable")
        choice = self.chooser(candidates.take(order), wanted, np.random.default_rng(rng))
        rows = order[choice.rows]
        chances = choice.probability
        return Selection(
            rows,
            np.asarray(candidates.scores, dtype=np.float64)[rows],
            np.full(wanted, np.nan) if chances is None else chances,
            [choice.reasons] * wanted if isinstance(choice.reasons, str) else choice.reasons,
        )

    def prefilter_size(self, k: int, n: int) -> int:
        """Return how many candidates of a pool of `n` this strategy wants for `k` picks."""
        wanted = prefilter_size(k, n)
        return min(max(wanted, MIN_COVER), n) if self.covers else wanted

    def sample_size(self, k: int) -> int:
        """Return how many items are drawn from the whole pool for `k` picks, beside the best."""
        if self.samples:
            return max(MIN_SAMPLE, k)
        return k if self.floor else 0


def prefilter_size(k: int, n: int) -> int:
    """Return how many of `n` items reach the second step for `k` picks: 20k, in 200..5000.

    >>> prefilter_size(20, 1_000_000), prefilter_size(20, 50)
    (400, 50)
    """
    return min(max(min(20 * k, 5000), 200, k), n)
