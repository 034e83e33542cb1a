"""Vectors of an encoder beside the columns that the pool taught."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from selection.core.arrays import normalise_rows
from selection.features import Blocks, Features, VectorBlock
from selection.models import SingleLabel, logistic


@pytest.fixture
def vectors(rng: Any) -> Any:
    """Return vectors of two groups that lie close together, far from the origin."""
    groups = np.eye(2, 6)[np.arange(80) % 2]
    return normalise_rows(10.0 + groups + 0.1 * rng.normal(size=(80, 6)))


@pytest.fixture
def pool(rng: Any) -> Features:
    exact = sparse.csr_array(rng.random((80, 9)) < 0.3, dtype=np.float32)
    dense = rng.normal(size=(80, 5)).astype(np.float32)
    return Features(exact, dense, (0, 3), Blocks(neighbours=(3, 5)))


def test_what_all_vectors_share_is_taken_out(vectors: Any) -> None:
    directions = VectorBlock.fit(vectors, seed=0).directions(vectors)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-5)
    same, other = directions[0] @ directions[2], directions[0] @ directions[1]
    assert vectors[0] @ vectors[1] > 0.99
    assert (same > 0.8, other < -0.8) == (True, True)


def test_a_vector_of_zeros_stays_zero(vectors: Any, pool: Features) -> None:
    block = VectorBlock.fit(vectors, seed=0)
    vectors[7] = 0.0
    X = block.extend(pool, vectors)
    assert X.dense is not None
    assert not X.dense[7, 5:].any()
    assert X.dense[8, 5:11].any()
    assert X.dense[8, 11:].any()


def test_all_that_was_there_stays_where_it_was(vectors: Any, pool: Features) -> None:
    X = VectorBlock.fit(vectors, seed=0).extend(pool, vectors.astype(np.float16))
    assert X.dense is not None
    assert X.sparse is pool.sparse
    np.testing.assert_array_equal(X.dense[:, :5], pool.dense)
    assert X.blocks == Blocks((3, 5), (5, 11), (11, 17))
    assert X.spread == (5, 11)
    assert X.dense.dtype == np.float32
    assert X.dense.shape == (80, 17)


def test_neither_words_nor_columns_need_be_there(vectors: Any) -> None:
    bare = Features(sparse.csr_array((80, 3), dtype=np.float32), None)
    X = VectorBlock.fit(vectors, seed=0).extend(bare, vectors)
    assert X.blocks == Blocks((0, 0), (0, 6), (6, 12))
    y = np.arange(80) % 2
    model = logistic.fit(X.take(slice(0, 20)), y[:20], SingleLabel(2))
    assert (model.predict_proba(X).argmax(axis=1) == y).all()


def test_shards_are_what_the_whole_is(vectors: Any, pool: Features) -> None:
    block = VectorBlock.fit(vectors[::2], seed=0)
    whole = block.extend(pool, vectors)
    parts = [block.extend(pool.take(rows), vectors[rows]) for rows in (slice(0, 30), slice(30, 80))]
    np.testing.assert_allclose(Features.concat(parts).dense, whole.dense, atol=1e-6)


def test_what_was_learnt_lies_beside_another_encoder(vectors: Any, pool: Features) -> None:
    block = VectorBlock.fit(vectors, seed=0)
    beside = {"neighbour_examples": np.eye(3), "sharpness": np.array([1.0]), "mean": np.ones(3)}
    arrays = block.to_arrays()
    assert not set(arrays) & set(beside)
    again = VectorBlock.from_arrays({**beside, **arrays})
    np.testing.assert_array_equal(
        again.extend(pool, vectors).dense, block.extend(pool, vectors).dense
    )


def test_features_with_an_encoder_are_stored_by_block(vectors: Any, pool: Features) -> None:
    X = VectorBlock.fit(vectors, seed=0).extend(pool, vectors)
    arrays = X.to_arrays()
    assert arrays["encoder"].tolist() == [5, 11]
    assert arrays["encoder_neighbours"].tolist() == [11, 17]
    assert Features.from_arrays(arrays).blocks == X.blocks
    assert not {"encoder", "encoder_neighbours"} & set(pool.to_arrays())
    assert Features.from_arrays(pool.to_arrays()).blocks == pool.blocks


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[:, :4], "4 columns do not fit 6"),
        (lambda rows: rows[:9], "9 vectors for 80 items"),
        (lambda rows: rows * np.nan, "not finite"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(
    vectors: Any, pool: Features, change: Any, words: str
) -> None:
    block = VectorBlock.fit(vectors, seed=0)
    with pytest.raises(ValueError, match=words):
        block.extend(pool, change(vectors))
