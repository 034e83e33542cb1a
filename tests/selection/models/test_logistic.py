"""The model: aligned with the project's classes, exact, repeatable, stored as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from selection.features import Features
from selection.models import MultiLabel, SingleLabel, logistic


def mixed(rng: np.random.Generator, n: int, columns: int = 500) -> tuple[Features, np.ndarray]:
    """Return features with both blocks, and three classes that they can tell apart."""
    y = rng.integers(3, size=n)
    dense = rng.normal(size=(n, 8)) + 2 * np.eye(3, 8)[y]
    block = sparse.random_array((n, columns), density=0.02, rng=rng, format="csr")
    return Features(block.astype(np.float32), dense.astype(np.float32), (0, 8)), y


def test_it_learns(blobs: Any) -> None:
    X, y = blobs
    model = logistic.fit(X.take(slice(0, 60)), y[:60], SingleLabel(3), seed=0)
    assert (model.predict_proba(X).argmax(axis=1) == y).mean() > 0.95


def test_probabilities_line_up_with_the_projects_classes(blobs: Any) -> None:
    X, y = blobs
    model = logistic.fit(X, np.array([4, 1, 6])[y], SingleLabel(8), seed=0)
    proba = model.predict_proba(X)
    assert proba.shape == (300, 8)
    assert proba.dtype == np.float32
    assert (proba[:, [0, 2, 3, 5, 7]] == 0).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    assert (proba.argmax(axis=1) == np.array([4, 1, 6])[y]).mean() > 0.95
    assert model.n_seen == 3


def test_one_class_is_certain_and_says_so(blobs: Any) -> None:
    X, _ = blobs
    model = logistic.fit(X.take([0, 1]), [2, 2], SingleLabel(4), seed=0)
    assert model.n_seen == 1
    assert model.predict_proba(X)[:, 2].min() == 1.0


def test_the_short_way_gives_the_solution_of_the_long_way(rng: Any) -> None:
    X, y = mixed(rng, 40)
    wide = np.hstack([X.sparse.toarray(), X.dense])
    weights = logistic.class_weights(y)
    solver = LogisticRegression(C=logistic.STRENGTH, class_weight=weights, tol=1e-8, max_iter=5000)
    expected = solver.fit(wide, y).predict_proba(wide)
    got = logistic.fit(X, y, SingleLabel(3), seed=0).predict_proba(X)
    np.testing.assert_allclose(got, expected, atol=5e-3)


def test_more_rows_than_columns_take_the_other_way(rng: Any) -> None:
    X, y = mixed(rng, 200, columns=20)
    model = logistic.fit(X, y, SingleLabel(3), seed=0)
    assert (model.predict_proba(X).argmax(axis=1) == y).mean() > 0.8


def test_exact_duplicates_do_not_disturb_it(rng: Any) -> None:
    X, y = mixed(rng, 20)
    twice = logistic.fit(Features.concat([X, X]), np.tile(y, 2), SingleLabel(3), seed=0)
    assert np.isfinite(twice.predict_proba(X)).all()


def test_rows_without_any_feature_get_a_probability(rng: Any) -> None:
    X, y = mixed(rng, 30)
    model = logistic.fit(X, y, SingleLabel(3), seed=0)
    empty = Features(sparse.csr_array((2, 500), dtype=np.float32), np.zeros((2, 8), np.float32))
    np.testing.assert_allclose(model.predict_proba(empty).sum(axis=1), 1, atol=1e-5)
    all_empty = logistic.fit(empty, [0, 1], SingleLabel(2), seed=0)
    np.testing.assert_allclose(all_empty.predict_proba(empty), 0.5, atol=1e-4)


def test_it_survives_being_stored(rng: Any) -> None:
    X, y = mixed(rng, 30)
    model = logistic.fit(X, y, SingleLabel(3), seed=0)
    arrays = model.to_arrays()
    assert all(array.dtype.kind in "fiu" for array in arrays.values())
    again = logistic.Model.from_arrays(arrays)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_same_labels_same_model(rng: Any) -> None:
    X, y = mixed(rng, 50)
    first, again = (logistic.fit(X, y, SingleLabel(3), seed=4).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_several_labels_per_item(rng: Any) -> None:
    X, y = mixed(rng, 120)
    table = np.column_stack([y == 0, y != 2, np.zeros(120), np.ones(120)]).astype(int)
    model = logistic.fit(X, table, MultiLabel(4), seed=0)
    proba = model.predict_proba(X)
    assert ((proba[:, 0] > 0.5) == table[:, 0]).mean() > 0.9
    assert ((proba[:, 1] > 0.5) == table[:, 1]).mean() > 0.9
    assert (proba[:, 2] == 0).all()
    assert (proba[:, 3] == 1).all()
    assert model.n_seen == 3
    again = logistic.Model.from_arrays(model.to_arrays())
    np.testing.assert_array_equal(again.predict_proba(X), proba)


def test_cross_fit_never_lets_a_model_see_what_it_predicts(rng: Any) -> None:
    X = Features(None, np.eye(30, dtype=np.float32))
    y = rng.integers(2, size=30)
    held_out = np.arange(30) % 2 == 0
    # On rows that share nothing a model that saw a row knows its label; one that did not cannot.
    out = logistic.cross_fit(X, y, held_out, SingleLabel(2), seed=0)
    seen = logistic.fit(X, y, SingleLabel(2), seed=0).predict_proba(X)[held_out]
    own = np.arange(15), y[held_out]
    assert (seen[own] > 0.55).all()
    assert np.ptp(out[:, 0]) < 0.3


def test_cross_fit_keeps_row_order_and_needs_few_rows(blobs: Any) -> None:
    X, y = blobs
    held_out = np.zeros(300, dtype=bool)
    held_out[[5, 100, 299]] = True
    proba = logistic.cross_fit(X, y, held_out, SingleLabel(3), seed=1)
    assert proba.shape == (3, 3)
    np.testing.assert_array_equal(proba.argmax(axis=1), y[[5, 100, 299]])
    assert logistic.cross_fit(X, y, np.zeros(300, dtype=bool), SingleLabel(3), seed=1).shape == (
        0,
        3,
    )


def test_cross_fit_with_nothing_else_to_train_on_is_refused() -> None:
    X = Features(None, np.ones((1, 2), dtype=np.float32))
    with pytest.raises(ValueError, match="nothing is left"):
        logistic.cross_fit(X, [0], [True], SingleLabel(2), seed=0)


@pytest.mark.parametrize(
    ("y", "problem"),
    [([0, 1, 3], "row 2"), ([0, -1, 1], "row 1"), ([0, 1], "shape"), ([0, np.nan, 1], "row 1")],
)
def test_wrong_labels_are_named(y: Any, problem: str) -> None:
    X = Features(None, np.eye(3, dtype=np.float32))
    with pytest.raises(ValueError, match=problem):
        logistic.fit(X, y, SingleLabel(3), seed=0)


def test_wrong_features_are_named() -> None:
    dense = np.eye(3, dtype=np.float32)
    dense[1, 2] = np.nan
    with pytest.raises(ValueError, match="row 1"):
        logistic.fit(Features(None, dense), [0, 1, 2], SingleLabel(3), seed=0)
    with pytest.raises(ValueError, match="nothing is labelled"):
        logistic.fit(Features(None, dense[:0]), [], SingleLabel(3), seed=0)
    with pytest.raises(ValueError, match="row 0"):
        logistic.fit(Features(None, np.eye(2, dtype=np.float32)), [[0, 2], [1, 0]], MultiLabel(2))


def test_features_of_another_encoder_are_refused(rng: Any) -> None:
    X, y = mixed(rng, 30)
    model = logistic.fit(X, y, SingleLabel(3), seed=0)
    with pytest.raises(ValueError, match="another encoder"):
        model.predict_proba(mixed(rng, 5, columns=100)[0])


def test_inputs_are_left_alone(rng: Any) -> None:
    X, y = mixed(rng, 30)
    before, data = X.dense.copy(), X.sparse.data.copy()
    logistic.fit(X, y, SingleLabel(3), seed=0).predict_proba(X)
    np.testing.assert_array_equal(X.dense, before)
    np.testing.assert_array_equal(X.sparse.data, data)
