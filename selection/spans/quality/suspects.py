"""Spans to look at again: seen by the model and not by people, or tagged otherwise elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from selection.core.hashing import hash_bits
from selection.spans.learning.fitting import fit, is_trainable
from selection.spans.learning.lexicon import Lexicon
from selection.spans.text.auto_tag import AutoTag
from selection.spans.text.spans import Span, Suggestion, overlap

SURE = 0.5  # of a span that people did not mark
FOLDS = 5
FEWEST = 3  # times that a string was tagged, before its other occurrences are suspect


class Suspect(NamedTuple):
    """A stretch of the text in row `text`: what is suggested there, and what people marked, if any.

    `kind` is "missed" where people marked nothing, "relabelled" where they gave another label.
    """

    text: int
    suggestion: Suggestion
    marked: Span | None
    kind: Literal["missed", "relabelled"]


def suspects(
    spans: Sequence[Sequence[Span]], said: Sequence[Sequence[Suggestion]], least: float = SURE
) -> list[Suspect]:
    """Return where a model `said` (n) what people did not, surest first.

    The model must not have learnt from these texts; `spans` (n) are people's. A span of the model
    that overlaps one of theirs is no suspect, unless it is the same stretch with another label.

    >>> suspects([[]], [[Suggestion(0, 3, "person", 0.9)]])[0].kind
    'missed'
    """
    found = [
        suspect
        for row, (ours, theirs) in enumerate(zip(spans, said, strict=True))
        for each in theirs
        if each.confidence >= least and (suspect := _against(row, ours, each))
    ]
    return sorted(found, key=lambda each: (-each.suggestion.confidence, each.text, each.suggestion))


def tagged_otherwise(texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[Suspect]:
    """Return where a string is not tagged as it mostly is in `texts`, surest first.

    >>> found = tagged_otherwise(["Ana"] * 4, [[(0, 3, "person")]] * 3 + [[]])
    >>> found[0].text, found[0].suggestion.confidence
    (3, 0.75)
    """
    known = AutoTag.of(zip(texts, spans, strict=True))
    said = [
        [each for each in known.suggest(text) if known.times(text[each.start : each.end]) >= FEWEST]
        for text in texts
    ]
    return suspects(spans, said, 0.0)


def out_of_fold(
    texts: Sequence[str],
    spans: Sequence[Sequence[Span]],
    labels: Sequence[str],
    *,
    seed: int,
    lexicon: Lexicon,
) -> list[list[Suggestion]]:
    """Return what models that did not learn from them say of `texts` (n), a fifth at a time."""
    fold = hash_bits(np.arange(len(texts)), seed) % np.uint64(FOLDS)
    said: list[list[Suggestion]] = [[] for _ in texts]
    for number in range(FOLDS):
        inside = np.flatnonzero(fold == number).tolist()
        outside = np.flatnonzero(fold != number).tolist()
        taught = [spans[row] for row in outside]
        if not is_trainable(taught):
            continue
        model = fit([texts[row] for row in outside], taught, labels, seed=seed, lexicon=lexicon)
        for row, found in zip(inside, model.predict([texts[row] for row in inside]), strict=True):
            said[row] = found
    return said


def _against(row: int, ours: Sequence[Span], said: Suggestion) -> Suspect | None:
    touched = [span for span in ours if overlap(span, said.span)]
    if not touched:
        return Suspect(row, said, None, "missed")
    same = [span for span in touched if span[:2] == said.span[:2]]
    if same and said.span not in same:
        return Suspect(row, said, min(same), "relabelled")
    return None
