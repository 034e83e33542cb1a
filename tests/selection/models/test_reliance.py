"""What a model leans on."""

import numpy as np
import pytest
from scipy import sparse

from selection.features import Blocks
from selection.features.matrix import Features
from selection.models import MultiLabel, SingleLabel
from selection.models.logistic import fit
from selection.models.reliance import reliance

Y = np.repeat([0, 1], 10)


def features(telling: str) -> Features:
    """Features of which one block tells the classes apart and the others are noise."""
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.normal(size=(20, 4)).astype(np.float32)
    column = {"exact": 0, "itself": 1, "encoder": 2, "encoder_neighbours": 3}[telling]
    noise[:, column] = 2 * Y - 1
    exact = sparse.csr_array(noise[:, :1])
    blocks = Blocks(encoder=(1, 2), encoder_neighbours=(2, 3))
    return Features(exact, noise[:, 1:], blocks=blocks)


@pytest.mark.parametrize("name", ["exact", "itself", "encoder", "encoder_neighbours"])
def test_block_that_tells_classes_apart_has_the_largest_share(name: str) -> None:
    X = features(name)
    shares = reliance(fit(X, Y, SingleLabel(2)), X)
    assert list(shares) == ["exact", "itself", "encoder", "encoder_neighbours"]
    assert sum(shares.values()) == pytest.approx(1.0)
    assert max(shares, key=lambda each: shares[each]) == name


def test_share_is_that_of_the_scores_variance() -> None:
    X = features("encoder")
    model = fit(X, Y, SingleLabel(2))
    own = X.dense[:, 1:2] @ model.dense_weights[1:2]
    rest = X.dense[:, [0, 2]] @ model.dense_weights[[0, 2]]
    exact = X.sparse[:, model.columns] @ model.sparse_weights
    assert own.var() > 0.9 * (own.var() + rest.var() + exact.var())
    assert reliance(model, X)["encoder"] > 0.9


def test_several_labels_have_shares_too() -> None:
    X = features("itself")
    y = np.stack([Y, 1 - Y], axis=1)
    shares = reliance(fit(X, y, MultiLabel(2)), X)
    assert max(shares, key=lambda each: shares[each]) == "itself"


def test_same_score_for_all_leans_on_nothing() -> None:
    X = Features(None, np.ones((4, 1), dtype=np.float32))
    assert reliance(fit(X, [0, 1, 0, 1], SingleLabel(2)), X) == {}
