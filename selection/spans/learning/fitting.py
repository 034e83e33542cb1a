"""Fitting of the model of spans: one chain for each layer that occurs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from selection.core.arrays import FloatArray, IntArray
from selection.spans.learning.lexicon import Lexicon
from selection.spans.learning.model import Layer, SpanModel
from selection.spans.learning.packing import NEVER, Packing, cut
from selection.spans.learning.reading import Texts, WordNumbers, feature_table, number_words
from selection.spans.learning.tags import OUTSIDE, TagScheme
from selection.spans.learning.training import TrainingSet, Weights, neighbours, train
from selection.spans.learning.word_features import word_features
from selection.spans.text.spans import Span, check_spans, in_layers
from selection.spans.text.tokens import tokens

MAX_LAYERS = 3  # deeper nesting is too rare to learn from
FEWEST_OWN = 2  # tokens with a feature of their own, from which its weight is learnt
FEWEST_CONTEXT = 2  # tokens with a feature, from which its weight for neighbours is learnt
FEWEST_IN_LAYER = 5  # spans below the outermost ones, from which another layer is learnt


def is_trainable(spans: Sequence[Sequence[Span]]) -> bool:
    """Return whether there is a span to learn from: without one a model is silent for ever.

    >>> is_trainable([[], []])
    False
    """
    return any(len(each) for each in spans)


def fit(
    texts: Sequence[str],
    spans: Sequence[Sequence[Span]],
    labels: Sequence[str],
    *,
    seed: int = 0,
    lexicon: Lexicon | None = None,
) -> SpanModel:
    """Return a model of the `spans` in `texts`, whose keys are among `labels`.

    A convex problem that starts at 0: nothing is drawn, and the same input gives the same model
    whatever the `seed`. Spans may overlap: a chain learns the outermost, a further chain the next
    layer. Raises ValueError without any span, for one outside its text, or an unknown label.
    """
    _check(texts, spans, labels)
    known = lexicon or Lexicon.empty()
    scheme = TagScheme(tuple(labels))
    numbers = WordNumbers()
    read = number_words(texts, numbers)
    tags = _layer_tags(read, spans, scheme)
    sequences = cut(read.lengths, _between_spans(tags))
    inputs = _inputs(read, list(numbers), known, Packing.of(sequences))
    layers = tuple(_as_layer(train(_training_set(inputs, each, scheme))) for each in tags)
    return SpanModel(scheme, inputs.own_names, inputs.context_names, layers, known)


class _Inputs(NamedTuple):
    own: Any
    context: Any
    own_names: tuple[str, ...]
    context_names: tuple[str, ...]
    words: IntArray
    packing: Packing


def _inputs(read: Texts, words: list[str], lexicon: Lexicon, packing: Packing) -> _Inputs:
    named = [word_features(word, lexicon) for word in words]
    times = np.bincount(read.words, minlength=len(words))
    own, own_names = _table([each.own for each in named], times, FEWEST_OWN)
    context, context_names = _table([each.context for each in named], times, FEWEST_CONTEXT)
    places = neighbours(read.words, read.lengths, 0, 1)[:, packing.order]
    return _Inputs(own, context, own_names, context_names, places, packing)


def _table(rows: Sequence[list[str]], times: IntArray, fewest: int) -> tuple[Any, tuple[str, ...]]:
    """Return the features of words that at least `fewest` tokens have, and their names."""
    counts: dict[str, int] = {}
    for names, n in zip(rows, times.tolist(), strict=True):
        for name in names:
            counts[name] = counts.get(name, 0) + n
    # What stands before and after a text has no tokens of its own.
    kept = [name for name, n in counts.items() if n >= fewest or not n]
    index = {name: i for i, name in enumerate(kept)}
    numbered = [[index[name] for name in names if name in index] for names in rows]
    return feature_table(numbered, len(index)), tuple(kept)


def _layer_tags(read: Texts, spans: Sequence[Sequence[Span]], scheme: TagScheme) -> list[IntArray]:
    """Return the tags (N,) of each layer to learn: the outermost, and deeper ones with examples."""
    layered = [in_layers(each) for each in spans]
    deepest = min(max(map(len, layered)), MAX_LAYERS)
    borders = [tokens(text) for text in read.texts]
    found = []
    for depth in range(deepest):
        here = [each[depth] if len(each) > depth else [] for each in layered]
        if depth and sum(map(len, here)) < FEWEST_IN_LAYER:
            break
        tags = [scheme.encode(*each) for each in zip(borders, here, strict=True)]
        found.append(np.concatenate([np.zeros(0, dtype=np.int64), *tags]))
    return found


def _between_spans(tags: Sequence[IntArray]) -> FloatArray:
    """Return how safe a cut before each token (N,) is: only between tokens outside of all spans."""
    outside = np.all([each == OUTSIDE for each in tags], axis=0)
    safe = outside.copy()
    safe[1:] &= outside[:-1]
    return np.where(safe, 0.0, NEVER)


def _training_set(inputs: _Inputs, tags: IntArray, scheme: TagScheme) -> TrainingSet:
    packed = tags[inputs.packing.order]
    return TrainingSet(inputs.own, inputs.context, inputs.words, packed, inputs.packing, scheme)


def _as_layer(weights: Weights) -> Layer:
    return Layer(
        weights.own.astype(np.float32),
        weights.context.astype(np.float32),
        weights.between.astype(np.float32),
    )


def _check(texts: Sequence[str], spans: Sequence[Sequence[Span]], labels: Sequence[str]) -> None:
    if len(texts) != len(spans):
        raise ValueError(f"{len(texts)} texts, but spans of {len(spans)}")
    if not is_trainable(spans):
        raise ValueError("there is no span to learn from")
    for text, each in zip(texts, spans, strict=True):
        check_spans(text, each)
        unknown = {span[2] for span in each}.difference(labels)
        if unknown:
            raise ValueError(f"unknown label: {min(unknown)}")
