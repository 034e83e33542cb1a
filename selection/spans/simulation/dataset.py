"""Inputs and results of a simulation of spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from selection.core.arrays import Float32Array, FloatArray, IntArray
from selection.spans.learning.lexicon import Lexicon
from selection.spans.text.spans import Span


@dataclass(frozen=True)
class LabelledTexts:
    """A fully labelled pool, and a test set that nothing is fitted on.

    `vectors` (n, d) are those of the pool's texts.
    """

    texts: Sequence[str]
    spans: Sequence[Sequence[Span]]
    labels: Sequence[str]
    test_texts: Sequence[str]
    test_spans: Sequence[Sequence[Span]]
    lexicon: Lexicon
    vectors: Float32Array

    @classmethod
    def of(
        cls,
        pool: tuple[Sequence[str], Sequence[Sequence[Span]]],
        test: tuple[Sequence[str], Sequence[Sequence[Span]]],
        *,
        seed: int,
    ) -> LabelledTexts:
        """Return texts with their spans; the lexicon is learnt from the texts of the pool."""
        lexicon = Lexicon.fit(pool[0], seed=seed)
        labels = sorted({span[2] for each in pool[1] for span in each})
        return cls(*pool, labels, *test, lexicon, lexicon.text_vectors(pool[0]))


@dataclass(frozen=True)
class SpanPlan:
    """Extent of a run: `sentences` in rounds of `batch`; `audit_share` of them are random, blind.

    On audits nothing is suggested; they train the model like the others.
    """

    sentences: int
    batch: int = 20
    audit_share: float = 0.0


@dataclass(frozen=True)
class SpanRun:
    """What one strategy with one seed took, after each round (m,).

    `sentences` labelled, `words` read in them, `actions` with suggestions and `by_hand` without;
    entity `f1` on the test set; `asked` the rows in the order of asking. `seconds_per_round` as a
    clock had it.
    """

    strategy: str
    seed: int
    sentences: IntArray
    words: IntArray
    actions: IntArray
    by_hand: IntArray
    f1: FloatArray
    asked: IntArray
    seconds_per_round: float = 0.0
