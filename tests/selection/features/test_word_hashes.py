"""Hashed words and pairs: counts, weights, and what only one text uses."""

from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from selection.features.text.word_hashes import COLUMNS, count_words, weigh

TEXTS = ["nudging helps patients", "nudging helps doctors help patients", "soil bacteria", ""]


def likeness(texts: list[str]) -> Any:
    X = weigh(count_words(texts))
    return (X @ X.T).toarray()


def test_weights_are_those_of_scikit_learn() -> None:
    theirs = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)).fit_transform(TEXTS)
    assert np.allclose(likeness(TEXTS), (theirs @ theirs.T).toarray(), atol=1e-6)


def test_rows_have_length_one_and_empty_ones_stay_empty() -> None:
    assert np.diag(likeness(TEXTS)) == pytest.approx([1, 1, 1, 0])


def test_what_only_one_text_uses_makes_it_less_like_others() -> None:
    alike = likeness(["nudging patients", "nudging patients unheard gadgets", "nudging patients"])
    assert alike[0, 1] < 0.9
    assert alike[0, 2] == pytest.approx(1)


def test_counts_do_not_depend_on_the_other_texts() -> None:
    alone, among = count_words(TEXTS[1:2]), count_words(TEXTS)[[1]]
    assert alone.shape == (1, COLUMNS)
    assert abs(alone - among).sum() == 0


def test_scripts_without_spaces_have_words_too() -> None:
    assert likeness(["大家好", "大家都好"])[0, 1] > 0
