"""The support vector machine: the model's contract, and probabilities that mean what they say."""

from typing import Any

import numpy as np
import pytest

from selection.features import Blocks, Features
from selection.models import SingleLabel
from selection.models.svm import fit_svm


def clouds(n: Any, rng: Any, spread: float = 1.0, classes: Any = 3) -> Any:
    y = np.arange(n) % classes
    X = np.eye(classes, 8)[y] * 2 + rng.normal(size=(n, 8)) * spread
    return Features(None, X.astype(np.float32)), y


def test_it_learns_and_repeats_itself(rng: Any) -> None:
    X, y = clouds(300, rng, spread=0.4)
    first, second = fit_svm(X, y, SingleLabel(3), seed=1), fit_svm(X, y, SingleLabel(3), seed=1)
    proba = first.predict_proba(X)
    assert (proba.argmax(axis=1) == y).mean() > 0.95
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(proba, second.predict_proba(X))


def test_its_probabilities_are_calibrated(rng: Any) -> None:
    X, y = clouds(600, rng)
    fresh, truth = clouds(6000, rng)
    proba = fit_svm(X, y, SingleLabel(3), seed=0).predict_proba(fresh)
    sure, right = proba.max(axis=1), proba.argmax(axis=1) == truth
    for low, high in ((0.4, 0.6), (0.6, 0.8), (0.8, 1.01)):
        inside = (sure >= low) & (sure < high)
        assert abs(right[inside].mean() - sure[inside].mean()) < 0.06


def test_labels_that_were_never_seen_get_nothing(rng: Any) -> None:
    X, y = clouds(60, rng, classes=2)
    proba = fit_svm(X, 2 * y, SingleLabel(4), seed=0).predict_proba(X)
    assert proba.shape == (60, 4)
    assert not proba[:, [1, 3]].any()


@pytest.mark.parametrize("y", [[0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 2, 1]])
def test_too_little_to_calibrate_on_is_the_usual_model(y: Any) -> None:
    X = Features(None, np.eye(4, dtype=np.float32))
    assert np.isfinite(fit_svm(X, y, SingleLabel(3)).predict_proba(X)).all()


def test_neighbours_are_weighed_as_in_the_usual_model(rng: Any) -> None:
    X, y = clouds(80, rng, spread=0.3)
    both = np.hstack([rng.normal(size=(80, 8)), X.dense]).astype(np.float32)
    rows = Features(None, both, (0, 8), Blocks((8, 16)))
    model = fit_svm(rows, y, SingleLabel(3), seed=0)
    assert (model.predict_proba(rows).argmax(axis=1) == y).mean() > 0.95


def test_bad_rows_are_named() -> None:
    X = Features(None, np.array([[0.0], [np.nan]], dtype=np.float32))
    with pytest.raises(ValueError, match="row 1"):
        fit_svm(X, [0, 1], SingleLabel(2))
    good = Features(None, np.zeros((2, 1), dtype=np.float32))
    with pytest.raises(ValueError, match="row 1"):
        fit_svm(good, [0, 7], SingleLabel(2))
