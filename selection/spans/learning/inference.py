"""One pass of a model over a slice of texts: their spans, and how unsure the model is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from selection.core.arrays import AnyArray, Float32Array, FloatArray, IntArray
from selection.spans.learning.chain import (
    Backward,
    Forward,
    Transitions,
    backward,
    best_path_scores,
    forward,
)
from selection.spans.learning.decoding import Candidates, candidate_spans, choose_spans
from selection.spans.learning.packing import NEVER, Packing, cut, has_long
from selection.spans.learning.reading import Texts, WordScores
from selection.spans.learning.tags import OUTSIDE, TagScheme
from selection.spans.learning.training import neighbours, scores_of
from selection.spans.text.spans import Suggestion
from selection.spans.text.tokens import tokens

FAINT = 1e-10  # a tag of a smaller probability adds nothing to the entropy
Rule = Literal["entropy", "mnlp"]


class Doubt(NamedTuple):
    """How unsure a model is of each text (n,): higher means ask sooner.

    `entropy` is the sum of the entropies of its tokens, in nats; `mnlp` the negative log-likelihood
    of its best tags per token (Shen et al. 2017); `words` the number of its tokens.
    """

    entropy: FloatArray
    mnlp: FloatArray
    words: IntArray

    def scores(self, rule: Rule) -> FloatArray:
        """Return the score (n,) by which a rule asks."""
        return self.entropy if rule == "entropy" else self.mnlp

    def take(self, rows: AnyArray) -> Doubt:
        """Return that of some texts."""
        return Doubt(self.entropy[rows], self.mnlp[rows], self.words[rows])


@dataclass(frozen=True)
class Chain:
    """A layer's pass over packed tokens."""

    scores: FloatArray
    weights: FloatArray
    steps: Transitions
    forward: Forward
    backward: Backward


@dataclass(frozen=True)
class Pass:
    """All layers' passes over the same texts."""

    texts: Texts
    sequences: IntArray  # the lengths of what the texts were cut into (S,)
    packing: Packing
    chains: list[Chain]
    scheme: TagScheme

    def spans(self, least: float) -> list[list[Suggestion]]:
        """Return the spans of each text with at least probability `least`, in order."""
        found: list[list[Suggestion]] = [[] for _ in self.texts.texts]
        for chain in self.chains:
            chosen = choose_spans(self._candidates(chain), least)
            for text, suggestion in self._located(chosen):
                # A deeper layer may find again what the layer above it said.
                if suggestion.span not in {other.span for other in found[text]}:
                    found[text].append(suggestion)
        return [sorted(each) for each in found]

    def doubt(self) -> Doubt:
        """Return how unsure the layers together are of each text."""
        lengths = self.texts.lengths
        entropy, surprise = np.zeros(len(lengths)), np.zeros(len(lengths))
        for chain in self.chains:
            entropy += self._per_text(_entropies(chain.backward.marginals))
            surprise += self._surprise(chain)
        return Doubt(entropy, surprise / np.maximum(lengths, 1), lengths)

    def _surprise(self, chain: Chain) -> FloatArray:
        """Return the negative log-likelihood of the best tags of each text (n,)."""
        normaliser = self._per_text(chain.forward.scales)
        best = best_path_scores(chain.scores, self.packing, chain.weights, self.scheme)
        return np.maximum(normaliser - self._per_sequence(best), 0.0)

    def _per_text(self, packed: FloatArray) -> FloatArray:
        # Summed text by text, so that a text has the same doubt in whatever slice it is read.
        n = len(self.texts.lengths)
        of_token = np.repeat(np.arange(n), self.texts.lengths)
        values = _unpacked(packed, self.packing)
        return np.bincount(of_token, weights=values, minlength=n).astype(np.float64)

    def _per_sequence(self, values: FloatArray) -> FloatArray:
        """Return the sums over the sequences of each text (n,); `values` the longest first."""
        ends = np.cumsum(self.sequences)
        texts = np.searchsorted(np.cumsum(self.texts.lengths), ends, side="left")
        has_words = self.sequences > 0
        return np.bincount(
            texts[has_words],
            weights=values[self.packing.rank[has_words]],
            minlength=len(self.texts.lengths),
        ).astype(np.float64)

    def _candidates(self, chain: Chain) -> Candidates:
        marginals, onward = (
            _unpacked(each, self.packing)
            for each in (chain.backward.marginals, chain.backward.onward)
        )
        return candidate_spans(marginals, onward, chain.steps, self.scheme)

    def _located(self, chosen: Candidates) -> list[tuple[int, Suggestion]]:
        ends = np.cumsum(self.texts.lengths)
        texts = np.searchsorted(ends, chosen.first, side="right")
        starts = (ends - self.texts.lengths)[texts]
        found = []
        borders = {text: tokens(self.texts.texts[text]) for text in set(texts.tolist())}
        for text, first, last, label, proba in zip(
            texts.tolist(),
            (chosen.first - starts).tolist(),
            (chosen.last - starts).tolist(),
            chosen.label.tolist(),
            chosen.proba.tolist(),
            strict=True,
        ):
            key = self.scheme.labels[label]
            found.append(
                (
                    text,
                    Suggestion(
                        borders[text][first][0], borders[text][last][1], key, min(proba, 1.0)
                    ),
                )
            )
        return found


def pass_over(
    texts: Sequence[str],
    words: WordScores,
    between: Sequence[Float32Array],
    scheme: TagScheme,
) -> Pass:
    """Return the pass over `texts`; `between` are the transitions of each layer."""
    read = words.read(texts)
    places = neighbours(read.words, read.lengths, 0, 1)
    scores = [scores_of(*words.scores(layer), places, len(scheme)) for layer in range(len(between))]
    sequences = cut(read.lengths, _surely_outside(read, scores))
    packing = Packing.of(sequences)
    chains = [
        _chain(own[packing.order].astype(np.float64), weights.astype(np.float64), packing, scheme)
        for own, weights in zip(scores, between, strict=True)
    ]
    return Pass(read, sequences, packing, chains, scheme)


def _surely_outside(read: Texts, scores: Sequence[Float32Array]) -> FloatArray:
    """Return how sure it is that the tokens at a cut before each token (N,) are in no span.

    A chain forgets: given a tag, what comes after it does not depend on what came before. So a cut
    where the tag is sure changes nothing.
    """
    if not has_long(read.lengths):
        return np.zeros(0)
    leads = [own[:, OUTSIDE] - own[:, OUTSIDE + 1 :].max(axis=1) for own in scores]
    lead: FloatArray = np.min(leads, axis=0).astype(np.float64)
    safety = np.concatenate([lead[:1], np.minimum(lead[1:], lead[:-1])])
    # Where another tag leads, a span may be going on.
    return np.where(safety > 0, safety, NEVER)


def join_doubts(parts: Sequence[Doubt]) -> Doubt:
    """Return the doubts of several slices as one."""
    empty = Doubt(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))
    return Doubt(*(np.concatenate(each) for each in zip(empty, *parts, strict=True)))


def _chain(scores: FloatArray, weights: FloatArray, packing: Packing, scheme: TagScheme) -> Chain:
    steps = Transitions.of(weights, scheme)
    passed = forward(scores, packing, steps)
    back = backward(passed, packing, steps, learns=False)
    return Chain(scores, weights, steps, passed, back)


def _entropies(marginals: FloatArray) -> FloatArray:
    # Nearly all tags of nearly all tokens are as good as impossible, and logarithms take time.
    places, tags = np.nonzero(marginals > FAINT)
    proba = marginals[places, tags]
    parts = -proba * np.log(proba)
    return np.bincount(places, weights=parts, minlength=len(marginals)).astype(np.float64)


def _unpacked(values: FloatArray, packing: Packing) -> FloatArray:
    found = np.empty_like(values)
    found[packing.order] = values
    return found
