"""Ranking of a pool of texts that is searched for one class, from few labels."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import rankdata
from sklearn.svm import LinearSVC

from selection.features import Features
from selection.features.matrix import Blocks
from selection.models.relevance import (
    BY_FEATURES,
    BY_WORDS,
    Relevance,
    add_ranks,
    fit_relevance,
    take_turns,
)

WORDS = 60
LABELLED = np.arange(60)


@pytest.fixture
def pool() -> tuple[Features, Any, Any]:
    """400 items of ten words each, a tenth of which prefer six of the 60 words."""
    rng = np.random.default_rng(5)
    relevant = np.arange(400) % 10 == 0
    odds = np.where(relevant[:, None] & (np.arange(WORDS) < 6), 6.0, 1.0)
    counts = np.stack([rng.multinomial(10, row / row.sum()) for row in odds])
    words = sparse.csr_array((counts / np.linalg.norm(counts, axis=1)[:, None]).astype(np.float32))
    dense = (rng.normal(size=(400, 4)) + relevant[:, None]).astype(np.float32)
    return Features(words, dense, (0, 2), Blocks(neighbours=(2, 4))), words, relevant


def fitted(pool: Any, rows: Any = LABELLED) -> Relevance:
    X, words, relevant = pool
    found = fit_relevance(X.take(rows), words[rows], relevant[rows])
    assert found is not None
    return found


def plain(rows: Any, marks: Any, penalty: Any) -> LinearSVC:
    """Return scikit-learn's machine, with enough steps that both come to the same end."""
    n, r, ratio = len(marks), marks.sum(), penalty.ratio
    heavy = {True: ratio / (1 + ratio) * n / r, False: n / (1 + ratio) / (n - r)}
    solver = LinearSVC(C=penalty.strength, class_weight=heavy, max_iter=20_000, random_state=0)
    return solver.fit(rows, marks)


def test_relevant_items_come_first(pool: Any) -> None:
    X, words, relevant = pool
    likeliest = np.argsort(-fitted(pool).rank(X, words)[60:])[:34]
    # A tenth of them by chance.
    assert relevant[60:][likeliest].mean() > 0.5


def test_by_words_is_the_weighted_machine_on_the_words(pool: Any) -> None:
    _X, words, relevant = pool
    theirs = plain(words[LABELLED], relevant[LABELLED], BY_WORDS).decision_function(words)
    ours = fitted(pool).by_words.score(Features(words, None))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.999


def test_by_features_is_the_weighted_machine_on_all_columns(pool: Any) -> None:
    X, words, relevant = pool
    # Neighbours count for 1.4 of the rest.
    table = np.hstack([words.toarray(), X.dense * [1, 1, 1.4, 1.4]])
    theirs = plain(table[LABELLED], relevant[LABELLED], BY_FEATURES).decision_function(table)
    assert np.corrcoef(fitted(pool).by_features.score(X), theirs)[0, 1] > 0.999


def test_ranks_by_words_count_twice(pool: Any) -> None:
    X, words, _relevant = pool
    found = fitted(pool)
    of = [found.by_features.score(X), found.by_words.score(Features(words, None))]
    one, two = [(rankdata(np.round(scores, 6)) - 1) / 399 for scores in of]
    assert np.allclose(found.rank(X, words), one + 2 * two)


def test_more_rows_than_the_row_space_takes_are_learnt_too(pool: Any) -> None:
    X, words, relevant = pool
    many = np.tile(np.arange(400), 2)
    found = fitted((X, words, relevant), many)
    first = np.argsort(-found.rank(X, words))[: relevant.sum()]
    assert relevant[first].mean() > 0.7


def test_stored_ranking_is_the_same(pool: Any) -> None:
    X, words, _relevant = pool
    found = fitted(pool)
    again = Relevance.from_arrays(found.to_arrays())
    assert np.array_equal(again.rank(X, words), found.rank(X, words))


def test_without_both_kinds_there_is_no_ranking(pool: Any) -> None:
    X, words, relevant = pool
    for marks in (relevant | True, relevant & False):
        assert fit_relevance(X, words, marks) is None


@pytest.mark.parametrize("rows", [[0, 1], [0, 10, 1], [0, 1, 2, 3, 4, 5]])
def test_few_labels_are_enough(pool: Any, rows: list[int]) -> None:
    X, words, _relevant = pool
    assert np.isfinite(fitted(pool, rows).rank(X, words)).all()


def test_empty_texts_are_all_alike() -> None:
    words = sparse.csr_array((4, 9), dtype=np.float32)
    X = Features(words, None)
    found = fit_relevance(X, words, [True, False, False, False])
    assert found is not None
    assert len(np.unique(found.rank(X, words))) == 1


def test_equal_scores_share_a_rank() -> None:
    assert add_ranks([1.0, 1.0, 0.0], [1.0, 1.0, 0.0]).tolist() == [2.25, 2.25, 0.0]
    assert add_ranks([3.0], [5.0]).tolist() == [0.0]


def test_every_fifth_is_the_likeliest_by_the_other_model() -> None:
    places = np.arange(40)
    order = np.argsort(-take_turns(-places, places)).tolist()
    assert order[:14] == [0, 1, 2, 39, 3, 4, 5, 6, 38, 7, 8, 9, 10, 37]
    assert sorted(order) == places.tolist()


def test_turns_for_one_item_or_none() -> None:
    assert np.isfinite(take_turns([1.0], [2.0])).all()
    assert len(take_turns([], [])) == 0
