"""Neighbours count for much where they share labels, for nothing where they do not."""

from typing import Any

import numpy as np
from scipy import sparse

from selection.features import Blocks, Features
from selection.models import MultiLabel, SingleLabel, logistic
from selection.models.block_weights import (
    FEW,
    RIDGES,
    TEMPERATURES,
    BlockWeights,
    _left_out_loss,
    _log_loss,
    block_weights,
    scale_blocks,
)


def rows(own: Any, around: Any) -> Any:
    both = np.hstack([own, around]).astype(np.float32)
    return Features(None, both, (0, own.shape[1]), Blocks((own.shape[1], both.shape[1])))


def test_telling_neighbours_count_for_much_and_noise_for_nothing(rng: Any) -> None:
    y = np.arange(120) % 3
    telling = np.eye(3, 6)[y] + 0.3 * rng.normal(size=(120, 6))
    noise = rng.normal(size=(120, 6))
    truth = y[:, None] == np.arange(3)
    assert block_weights(rows(noise, telling), truth, seed=0).neighbours >= 1.4
    assert block_weights(rows(telling, noise), truth, seed=0).neighbours == 0.0


def test_the_closed_form_equals_leaving_each_label_out(rng: Any) -> None:
    X = rng.normal(size=(12, 5))
    truth = np.eye(3)[np.arange(12) % 3]
    kernel = 1.0 + X @ X.T
    # The last two rows are texts of labels that count twice; they teach and are not judged.
    noise = np.array([1.0] * 10 + [0.5] * 2)
    losses = []
    for ridge in RIDGES:
        said = np.empty((10, 3))
        for i in range(10):
            rest = np.arange(12) != i
            inner = kernel[np.ix_(rest, rest)] + ridge * np.diag(noise[rest])
            said[i] = kernel[i, rest] @ np.linalg.solve(inner, truth[rest])
        losses += [_log_loss(said / temperature, truth[:10]) for temperature in TEMPERATURES]
    np.testing.assert_allclose(
        _left_out_loss(kernel, truth, noise, 10, RIDGES), min(losses), atol=1e-9
    )


def test_a_model_of_weighed_columns_is_a_plain_one(rng: Any) -> None:
    X = rows(rng.normal(size=(40, 3)), rng.normal(size=(40, 3)))
    y = np.arange(40) % 2
    once, twice = BlockWeights(neighbours=1.0), BlockWeights(neighbours=2.0)
    scaled = scale_blocks(X, twice)
    of_scaled = logistic.fit(scaled, y, SingleLabel(2), weights=once).predict_proba(scaled)
    model = logistic.fit(X, y, SingleLabel(2), weights=twice)
    np.testing.assert_allclose(model.predict_proba(X), of_scaled, atol=1e-6)
    np.testing.assert_array_equal(X.dense, rows(X.dense[:, :3], X.dense[:, 3:]).dense)


def test_several_labels_per_item_are_judged_too(rng: Any) -> None:
    y = rng.integers(2, size=(60, 3))
    X = rows(rng.normal(size=(60, 4)), y + 0.1 * rng.normal(size=(60, 3)))
    assert block_weights(X, y.astype(bool), seed=0).neighbours > 0
    model = logistic.fit(X, y, MultiLabel(3))
    assert ((model.predict_proba(X) > 0.5) == y).mean() > 0.9


def encoded(own: Any, encoder: Any, around: Any) -> Any:
    """Return features with an encoder's columns beside those of the item itself."""
    ends = np.cumsum([own.shape[1], encoder.shape[1], around.shape[1]]).tolist()
    blocks = Blocks(encoder=(ends[0], ends[1]), encoder_neighbours=(ends[1], ends[2]))
    dense = np.hstack([own, encoder, around]).astype(np.float32)
    return Features(None, dense, (ends[0], ends[1]), blocks)


def test_an_encoder_counts_for_what_it_tells(rng: Any) -> None:
    y = np.arange(120) % 3
    truth = y[:, None] == np.arange(3)
    telling = np.eye(3, 6)[y] + 0.3 * rng.normal(size=(120, 6))
    noise = rng.normal(size=(120, 60))
    found = block_weights(encoded(telling, noise, noise), truth, seed=0)
    assert found.encoder < 0.5
    assert found.encoder_neighbours == 0
    found = block_weights(encoded(noise, telling, noise), truth, seed=0)
    assert found.encoder >= 1
    assert found.encoder_neighbours < 0.5


def test_too_few_labels_take_the_usual_weights(rng: Any) -> None:
    X = encoded(*(rng.normal(size=(9, 4)) for _ in range(3)))
    assert block_weights(X, np.eye(3, dtype=bool)[np.arange(9) % 3], seed=0) == FEW


def test_every_block_of_a_model_is_scaled_back(rng: Any) -> None:
    exact = sparse.csr_array(rng.random((30, 6)) < 0.4, dtype=np.float32)
    dense = rng.normal(size=(30, 8)).astype(np.float32)
    X = Features(exact, dense, (0, 2), Blocks((2, 4), (4, 6), (6, 8)))
    y = np.arange(30) % 3
    weights = BlockWeights(0.5, 0.7, 2.0, 1.5, 0.25)
    scaled = scale_blocks(X, weights)
    ones = BlockWeights(1, 1, 1, 1, 1)
    expected = logistic.fit(scaled, y, SingleLabel(3), weights=ones).predict_proba(scaled)
    model = logistic.fit(X, y, SingleLabel(3), weights=weights)
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-5)
    again = logistic.Model.from_arrays(model.to_arrays())
    assert again.weights == weights
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_a_model_of_before_the_weights_were_stored_is_read() -> None:
    X = Features(None, np.eye(4, dtype=np.float32))
    model = logistic.fit(X, [0, 1, 0, 1], SingleLabel(2))
    arrays = model.to_arrays()
    del arrays["block_weights"]
    again = logistic.Model.from_arrays(arrays)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_numbers_too_large_to_compare_leave_the_block_out() -> None:
    X = rows(np.eye(2)[np.arange(20) % 2], np.full((20, 2), 1e30))
    truth = np.arange(20)[:, None] % 2 == np.arange(2)
    assert block_weights(X, truth, seed=0).neighbours == 0
