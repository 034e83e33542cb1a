"""Features of words: the numbers that a model reads are those of the names that it learnt."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from selection.spans.learning.lexicon import Lexicon
from selection.spans.learning.word_features import (
    START,
    STOP,
    FeatureNumbers,
    word_features,
)

LEXICON = Lexicon.of(
    ("an=a", "apr0"),
    np.zeros((2, 1), dtype=np.float32),
    np.array([[0, 3, 17], [1, 2, 4]]),
    np.ones(2, dtype=np.float32),
)
WORDS = st.one_of(
    st.text(min_size=1, max_size=50),
    st.sampled_from([START, STOP, "An=a", "Apr3", "=", "1", "w=x", "g", "ßä", "北", "\ud800"]),
)


@given(learnt=st.lists(WORDS, max_size=6), word=WORDS, every=st.integers(1, 3))
def test_numbers_are_those_of_the_names(learnt: list[str], word: str, every: int) -> None:
    named = [word_features(each, LEXICON) for each in [*learnt, word]]
    own, context = (
        list(dict.fromkeys(name for each in named for name in getattr(each, part)))[::every]
        for part in ("own", "context")
    )
    expected = word_features(word, LEXICON)
    assert FeatureNumbers(own, context).of(word, LEXICON) == (
        [own.index(name) for name in expected.own if name in own],
        [context.index(name) for name in expected.context if name in context],
    )
