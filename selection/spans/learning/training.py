"""Training of the linear chain: the regularised likelihood, by L-BFGS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from selection.core.arrays import AnyArray, FloatArray, IntArray
from selection.spans.learning.chain import Transitions, backward, forward
from selection.spans.learning.lbfgs import minimise
from selection.spans.learning.packing import Packing
from selection.spans.learning.tags import TagScheme

CONTEXT = (-2, -1, 1, 2)  # neighbours that a token sees
STEPS = 60
PENALTY = 0.05


@dataclass(frozen=True)
class Weights:
    """What is learnt: `own` (F, T), `context` (G, 4 T) of each neighbour, `between` (T, T)."""

    own: FloatArray
    context: FloatArray
    between: FloatArray


@dataclass(frozen=True)
class TrainingSet:
    """Sequences to learn from: words by number, as the table of their features.

    `own` (V, F) and `context` (V, G) are CSR tables of ones; `words` has for each place among
    -2..2 the word number of each packed token (5, N), `tags` (N,) the packed tags.
    """

    own: Any
    context: Any
    words: IntArray
    tags: IntArray
    packing: Packing
    scheme: TagScheme


def neighbours(words: IntArray, lengths: IntArray, start: int, stop: int) -> IntArray:
    """Return the word numbers of tokens at each place of -2..2 (5, N).

    `start` and `stop` are the numbers of what stands before and after a sequence.

    >>> neighbours(np.array([7, 8]), np.array([2]), 0, 1).tolist()
    [[0, 0], [0, 7], [7, 8], [8, 1], [1, 1]]
    """
    ends = np.cumsum(lengths)
    padded_ends = ends + 4 * np.arange(1, len(lengths) + 1)
    padded = np.full(len(words) + 4 * len(lengths), stop, dtype=words.dtype)
    firsts = padded_ends - lengths - 4
    padded[firsts] = padded[firsts + 1] = start
    place = np.arange(len(words)) + 4 * np.repeat(np.arange(len(lengths)), lengths) + 2
    padded[place] = words
    return np.stack([padded[place + offset] for offset in range(-2, 3)])


def scores_of(own: AnyArray, context: AnyArray, words: IntArray, n_tags: int) -> AnyArray:
    """Return scores (N, T) of tokens from those of words, `own` (V, T) and `context` (V, 4 T)."""
    scores: AnyArray = own[words[2]]
    blocks = context.reshape(len(context), len(CONTEXT), n_tags)
    for block, place in enumerate((0, 1, 3, 4)):
        scores += blocks[words[place], block]
    return scores


def train(data: TrainingSet) -> Weights:
    """Return the weights that make the tags of `data` likeliest, large weights penalised."""
    problem = _Problem.of(data)
    return problem.unpack(minimise(problem.loss, np.zeros(problem.size), STEPS))


@dataclass(frozen=True)
class _Problem:
    data: TrainingSet
    places: Sequence[Any]  # for each of the five places, which tokens have a word: (V, N)
    observed: Weights

    @classmethod
    def of(cls, data: TrainingSet) -> _Problem:
        n, n_words = data.words.shape[1], data.own.shape[0]
        ones = np.ones(n)
        places = [
            sparse.csr_array((ones, (row, np.arange(n))), shape=(n_words, n)) for row in data.words
        ]
        n_tags = len(data.scheme)
        truth = np.zeros((n, n_tags))
        truth[np.arange(n), data.tags] = 1.0
        empty = Weights(np.zeros(0), np.zeros(0), np.zeros(0))
        problem = cls(data, places, empty)
        observed = problem._sums(truth, _count_transitions(data))
        return cls(data, places, observed)

    @property
    def size(self) -> int:
        return self.n_own + self.n_context + len(self.data.scheme) ** 2

    @property
    def n_own(self) -> int:
        return int(self.data.own.shape[1]) * len(self.data.scheme)

    @property
    def n_context(self) -> int:
        return int(self.data.context.shape[1]) * len(self.data.scheme) * len(CONTEXT)

    def unpack(self, flat: FloatArray) -> Weights:
        n_tags = len(self.data.scheme)
        own, context, between = np.split(flat, [self.n_own, self.n_own + self.n_context])
        return Weights(
            own.reshape(-1, n_tags),
            context.reshape(-1, n_tags * len(CONTEXT)),
            between.reshape(n_tags, n_tags),
        )

    def loss(self, flat: FloatArray) -> tuple[float, FloatArray]:
        data, weights = self.data, self.unpack(flat)
        own, context = data.own @ weights.own, data.context @ weights.context
        scores = scores_of(own, context, data.words, len(data.scheme))
        steps = Transitions.of(weights.between, data.scheme)
        passed = forward(scores, data.packing, steps)
        back = backward(passed, data.packing, steps)
        sums = self._sums(back.marginals, back.transitions)
        right = sum(
            float(np.vdot(a, b))
            for a, b in (
                (self.observed.own, weights.own),
                (self.observed.context, weights.context),
                (self.observed.between, weights.between),
            )
        )
        loss = float(passed.scales.sum()) - right + PENALTY * float(flat @ flat)
        gradient = np.concatenate(
            [
                (sums.own - self.observed.own).ravel(),
                (sums.context - self.observed.context).ravel(),
                (sums.between - self.observed.between).ravel(),
            ]
        )
        return loss, gradient + 2 * PENALTY * flat

    def _sums(self, tags: FloatArray, between: FloatArray) -> Weights:
        """Return how often each feature goes with each tag, in expectation."""
        own = self.data.own.T @ (self.places[2] @ tags)
        around = np.hstack([self.places[place] @ tags for place in (0, 1, 3, 4)])
        return Weights(own, self.data.context.T @ around, between)


def _count_transitions(data: TrainingSet) -> FloatArray:
    n_tags = len(data.scheme)
    counts = np.zeros((n_tags, n_tags))
    for step in range(1, data.packing.steps):
        after = data.tags[data.packing.rows(step)]
        before = data.tags[data.packing.rows(step - 1)][: len(after)]
        np.add.at(counts, (before, after), 1.0)
    return counts
