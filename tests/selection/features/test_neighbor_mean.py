"""What the pool says about an item: its neighbours, and the letters its words are made of."""

from typing import Any

import numpy as np
from scipy import sparse

from selection.features.image.patches import Patches
from selection.features.neighbor_mean import Neighbours
from selection.features.text.subword_vectors import Subwords
from selection.features.text.vocabulary import Vocabulary


def unit(rows: Any) -> Any:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_an_example_looks_like_its_neighbours_not_like_itself(rng: Any) -> None:
    rows = unit(np.repeat(np.eye(3), 20, axis=0) + 0.2 * rng.normal(size=(60, 3)))
    pool = Neighbours.fit(rows, 12.0)
    others = Neighbours.fit(rows[1:], 12.0)
    np.testing.assert_allclose(pool.smooth(rows[:1]), others.smooth(rows[:1]), atol=1e-5)


def test_neighbours_are_the_weighed_mean_written_out(rng: Any) -> None:
    rows, items = unit(rng.normal(size=(30, 4))), unit(rng.normal(size=(7, 4)))
    weights = np.exp(5.0 * (items @ rows.T))
    means = weights @ rows / weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(Neighbours.fit(rows, 5.0).smooth(items), unit(means), atol=1e-5)


def test_groups_move_together(rng: Any) -> None:
    y = np.arange(200) % 2
    rows = unit(np.eye(2, 6)[y] + 0.5 * rng.normal(size=(200, 6)))
    smooth = Neighbours.fit(rows, 12.0).smooth(rows)
    assert ((smooth[:, 0] > smooth[:, 1]) == (y == 0)).mean() > 0.9


def test_what_is_like_nothing_has_no_neighbours() -> None:
    rows = np.eye(3, dtype=np.float32)
    assert not Neighbours.fit(rows, 12.0).smooth(np.zeros((1, 3), dtype=np.float32)).any()
    assert not Neighbours.fit(np.zeros((2, 3), np.float32), 12.0).smooth(rows).any()
    assert Neighbours.fit(rows, 12.0).smooth(rows[:0]).shape == (0, 3)


def test_large_pools_are_smoothed_in_blocks_alike(rng: Any) -> None:
    rows = unit(rng.normal(size=(2500, 8)))
    pool = Neighbours.fit(rows, 12.0)
    np.testing.assert_allclose(
        pool.smooth(rows)[1500:1600], pool.smooth(rows[1500:1600]), atol=1e-5
    )


def test_words_are_near_by_their_letters() -> None:
    texts = ["refund refunds", "refunded refunding", "weather", "weathers rain", "rain"] * 20
    vocabulary = Vocabulary.fit(texts)
    subwords = Subwords.fit(vocabulary.words, vocabulary.count(texts), seed=0)
    rows = subwords.project(vocabulary.count(["refunding", "refund", "rain"]))
    assert rows[0] @ rows[1] > 0.5 > rows[0] @ rows[2]


def test_pairs_of_characters_are_no_words_with_letters() -> None:
    texts = ["大家好", "你好大家"] * 20
    vocabulary = Vocabulary.fit(texts)
    subwords = Subwords.fit(vocabulary.words, vocabulary.count(texts), seed=0)
    assert not subwords.project(vocabulary.count(texts)).any()


def test_no_words_no_vectors() -> None:
    counts = sparse.csr_array((3, 0), dtype=np.float32)
    assert Subwords.fit((), counts, seed=0).project(counts).shape[0] == 3


def test_patches_tell_stripes_from_noise(rng: Any) -> None:
    stripes = np.zeros((20, 32, 32, 3), dtype=np.uint8)
    stripes[:, ::4] = 255
    noise = rng.integers(0, 256, size=(20, 32, 32, 3), dtype=np.uint8)
    pictures = np.concatenate([stripes, noise])
    rows = unit(Patches.fit(pictures, seed=0).describe(pictures))
    likeness = rows @ rows.T
    assert likeness[:20, :20].min() > likeness[:20, 20:].max()


def test_flat_pictures_and_none_at_all_have_no_patches_to_tell() -> None:
    flat = np.full((3, 32, 32, 3), 7, dtype=np.uint8)
    assert np.isfinite(Patches.fit(flat, seed=0).describe(flat)).all()
    assert Patches.fit(flat[:0], seed=0).describe(flat).shape[0] == 3
