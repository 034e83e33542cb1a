"""Neighbours count for much where they share labels, for nothing where they do not."""

from typing import Any

import numpy as np

from selection.features import Blocks, Features
from selection.models import MultiLabel, SingleLabel, logistic
from selection.models.block_weights import BlockWeights, block_weights, scale_blocks


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
    from selection.models.block_weights import RIDGES, TEMPERATURES, _left_out_loss, _log_loss

    X = rng.normal(size=(12, 5))
    truth = np.eye(3)[np.arange(12) % 3]
    kernel = 1.0 + X @ X.T
    losses = []
    for ridge in RIDGES:
        said = np.empty_like(truth)
        for i in range(12):
            rest = np.arange(12) != i
            inner = kernel[np.ix_(rest, rest)] + ridge * np.eye(11)
            said[i] = kernel[i, rest] @ np.linalg.solve(inner, truth[rest])
        losses += [_log_loss(said / temperature, truth) for temperature in TEMPERATURES]
    np.testing.assert_allclose(_left_out_loss(kernel, truth), min(losses), atol=1e-9)


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
