"""A linear-chain CRF over words: fitted on labelled texts, stored as checked arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from selection.core.arrays import AnyArray, Float32Array, IntArray
from selection.spans.learning.inference import Doubt, Pass, join_doubts, pass_over
from selection.spans.learning.lexicon import Lexicon
from selection.spans.learning.reading import WordScores
from selection.spans.learning.sealing import pack_names, sealed, unpack_names, unsealed
from selection.spans.learning.tags import TagScheme
from selection.spans.learning.word_features import FeatureNumbers
from selection.spans.text.spans import Span, Suggestion

# Spans of at least this probability are said: near half of the F1 to expect, where F1 is best.
LEAST = 0.25
# Spans of at least this probability are worth suggesting: to delete a wrong one takes one action,
# to mark a missing one three, and one with a wrong border is changed in one.
SUGGESTED = 0.15
# Characters of the texts read at once: the tables of a slice take some tens of megabytes.
SLICE = 120_000


class SpanLearner(Protocol):
    """What learns spans: `fit` of this module, or a model from elsewhere."""

    def __call__(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[Span]],
        labels: Sequence[str],
        *,
        seed: int,
        lexicon: Lexicon,
    ) -> SpanPredictor:
        """Return a model fitted on `texts` with their `spans`."""
        ...


class SpanPredictor(Protocol):
    """A fitted model of spans."""

    def predict(self, texts: Sequence[str], least: float = LEAST) -> list[list[Suggestion]]:
        """Return the spans of each text that have at least probability `least`."""
        ...

    def doubt(self, texts: Sequence[str]) -> Doubt:
        """Return how unsure the model is of each text."""
        ...


@dataclass(frozen=True)
class Layer:
    """The weights of one layer: `own` (F, T), `context` (G, 4 T), `between` (T, T)."""

    own: Float32Array
    context: Float32Array
    between: Float32Array


@dataclass(frozen=True)
class SpanModel:
    """Chains over the same features, one for each layer of spans, with the names of features."""

    scheme: TagScheme
    own_names: tuple[str, ...]
    context_names: tuple[str, ...]
    layers: tuple[Layer, ...]
    lexicon: Lexicon

    @property
    def labels(self) -> tuple[str, ...]:
        """The keys of the labels that it may say."""
        return self.scheme.labels

    def predict(self, texts: Sequence[str], least: float = LEAST) -> list[list[Suggestion]]:
        """Return the spans of each text that have at least probability `least`, in order."""
        return self.read(texts, least)[0]

    def doubt(self, texts: Sequence[str]) -> Doubt:
        """Return how unsure the model is of each text."""
        order, slices = _by_length(texts)
        doubts = [found.doubt() for found in self._passes(texts, slices)]
        return join_doubts(doubts).take(np.argsort(order, kind="stable"))

    def read(
        self, texts: Sequence[str], least: float = LEAST
    ) -> tuple[list[list[Suggestion]], Doubt]:
        """Return the spans of each text and how unsure the model is of it, in one pass."""
        order, slices = _by_length(texts)
        spans: list[list[Suggestion]] = [[] for _ in texts]
        doubts = []
        for rows, found in zip(slices, self._passes(texts, slices), strict=True):
            doubts.append(found.doubt())
            for row, said in zip(rows, found.spans(least), strict=True):
                spans[row] = said
        return spans, join_doubts(doubts).take(np.argsort(order, kind="stable"))

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return the model as numeric arrays with a checksum; the lexicon is stored apart."""
        return sealed(
            {
                **pack_names("labels", self.labels),
                **pack_names("own_names", self.own_names),
                **pack_names("context_names", self.context_names),
                "own": np.stack([layer.own for layer in self.layers]),
                "context": np.stack([layer.context for layer in self.layers]),
                "between": np.stack([layer.between for layer in self.layers]),
            }
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray], lexicon: Lexicon) -> SpanModel:
        """Return the model that `to_arrays` described; ValueError if it is damaged."""
        checked = unsealed(arrays)
        scheme = TagScheme(tuple(unpack_names("labels", checked)))
        own, context, between = (checked[name] for name in ("own", "context", "between"))
        names = [tuple(unpack_names(name, checked)) for name in ("own_names", "context_names")]
        n_layers, n_tags = len(own), len(scheme)
        if (
            own.shape != (n_layers, len(names[0]), n_tags)
            or context.shape != (n_layers, len(names[1]), 4 * n_tags)
            or between.shape != (n_layers, n_tags, n_tags)
        ):
            raise ValueError("the arrays of the model do not fit together")
        layers = tuple(Layer(*each) for each in zip(own, context, between, strict=True))
        return cls(scheme, names[0], names[1], layers, lexicon)

    def _passes(self, texts: Sequence[str], slices: Sequence[Sequence[int]]) -> Iterator[Pass]:
        words = WordScores(
            self.lexicon,
            FeatureNumbers(self.own_names, self.context_names),
            [(layer.own, layer.context) for layer in self.layers],
        )
        between = [layer.between for layer in self.layers]
        for rows in slices:
            yield pass_over([texts[row] for row in rows], words, between, self.scheme)


def _by_length(texts: Sequence[str]) -> tuple[IntArray, list[list[int]]]:
    """Return the rows of `texts` in the order of their lengths, and that order cut into slices.

    In texts of one length each step of the recursion has a token of all of them; a single long text
    among many would have steps of its own, and each step costs.
    """
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    order = np.argsort(lengths, kind="stable")
    slices: list[list[int]] = []
    held = 0
    for row, length in zip(order.tolist(), lengths[order].tolist(), strict=True):
        if not slices or held + length > SLICE:
            slices.append([])
            held = 0
        slices[-1].append(row)
        held += length
    return order, slices
