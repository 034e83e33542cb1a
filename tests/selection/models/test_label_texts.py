"""Texts of labels teach while the labels at hand agree with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from selection.core.arrays import normalise_rows
from selection.features import Features, VectorBlock
from selection.models import MultiLabel, SingleLabel, logistic
from selection.models.committee import fit_committee
from selection.models.label_texts import LabelTexts, with_texts

CLASSES, WIDTH = 4, 12


@pytest.fixture
def y() -> Any:
    return np.arange(160) % CLASSES


@pytest.fixture
def vectors(rng: Any, y: Any) -> Any:
    """Return vectors of four groups that overlap a little."""
    return normalise_rows(np.eye(CLASSES, WIDTH)[y] + 0.25 * rng.normal(size=(len(y), WIDTH)))


@pytest.fixture
def X(rng: Any, vectors: Any) -> Features:
    noise = Features(None, rng.normal(size=(len(vectors), 5)).astype(np.float32))
    return VectorBlock.fit(vectors, seed=0).extend(noise, vectors)


def texts_of(vectors: Any, order: Any = range(CLASSES), spoil: float = 0.5) -> LabelTexts:
    """Return texts that point roughly at the group of each class; `order` mixes them up."""
    noise = np.random.default_rng(3).normal(size=(CLASSES, WIDTH))
    told = np.eye(CLASSES, WIDTH)[list(order)] + spoil * noise / np.sqrt(WIDTH)
    return LabelTexts.fit(VectorBlock.fit(vectors, seed=0), told.astype(np.float32), vectors)


def test_texts_alone_tell_most_items_apart(vectors: Any, X: Features, y: Any) -> None:
    texts = texts_of(vectors)
    proba = texts.zero_shot(X)
    assert (proba.argmax(axis=1) == y).mean() > 0.9
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)


def test_items_move_a_vague_text_to_what_it_means(vectors: Any, X: Features, y: Any) -> None:
    texts = texts_of(vectors, spoil=1.5)
    block = VectorBlock.fit(vectors, seed=0)
    noise = np.random.default_rng(3).normal(size=(CLASSES, WIDTH))
    raw = block.directions(np.eye(CLASSES, WIDTH) + 1.5 * noise / np.sqrt(WIDTH))
    plainly = (block.directions(vectors) @ raw.T).argmax(axis=1) == y
    assert (texts.zero_shot(X).argmax(axis=1) == y).mean() > plainly.mean()


def test_a_label_without_a_text_says_nothing(vectors: Any, X: Features) -> None:
    told = np.eye(CLASSES, WIDTH, dtype=np.float32)
    told[2] = 0.0
    texts = LabelTexts.fit(VectorBlock.fit(vectors, seed=0), told, vectors)
    assert texts.written.tolist() == [True, True, False, True]
    assert not texts.zero_shot(X)[:, 2].any()
    assert texts.rows(X)[1].tolist() == [0, 1, 3]


def test_with_few_labels_texts_teach_classes_that_nobody_has_seen(
    vectors: Any, X: Features, y: Any
) -> None:
    few = np.flatnonzero(y < 2)[:4]
    alone = logistic.fit(X.take(few), y[few], SingleLabel(CLASSES))
    taught = logistic.fit(X.take(few), y[few], SingleLabel(CLASSES), texts=texts_of(vectors))
    right = [(m.predict_proba(X).argmax(axis=1) == y).mean() for m in (alone, taught)]
    assert right[0] < 0.6
    assert right[1] > 0.85
    assert taught.n_seen == CLASSES
    assert taught.weights.label_texts > 0
    assert alone.weights.label_texts == 0


def test_texts_that_the_labels_contradict_are_dropped(vectors: Any, X: Features, y: Any) -> None:
    wrong = texts_of(vectors, order=[1, 2, 3, 0])
    rows = np.arange(40)
    space = SingleLabel(CLASSES)
    assert texts_of(vectors).agree(X.take(rows), y[rows], space)
    assert not wrong.agree(X.take(rows), y[rows], space)
    dropped = logistic.fit(X.take(rows), y[rows], space, texts=wrong)
    alone = logistic.fit(X.take(rows), y[rows], space)
    np.testing.assert_array_equal(dropped.predict_proba(X), alone.predict_proba(X))
    assert dropped.weights.label_texts == 0


def test_texts_of_one_word_for_nearly_everything_are_dropped(vectors: Any, X: Features) -> None:
    # As with clauses of which nine in ten are "Other": the commonest answer beats the texts.
    y = np.where(np.arange(160) % 10 == 0, np.arange(160) % CLASSES, 0)
    rows = np.arange(30)
    assert not texts_of(vectors).agree(X.take(rows), y[rows], SingleLabel(CLASSES))


def test_texts_teach_several_labels_per_item(vectors: Any, X: Features, y: Any) -> None:
    space, rows = MultiLabel(CLASSES), np.arange(12)
    table = np.eye(CLASSES, dtype=np.int64)[y]
    taught = with_texts(X.take(rows), table[rows], space, texts_of(vectors))
    assert (len(taught.X), taught.n_texts) == (16, 4)
    np.testing.assert_array_equal(taught.y[12:], np.eye(CLASSES))
    model = logistic.fit(X.take(rows), table[rows], space, texts=texts_of(vectors))
    assert (model.predict_proba(X).argmax(axis=1) == y).mean() > 0.85


def test_features_without_an_encoder_take_no_texts(vectors: Any, y: Any) -> None:
    X = Features(None, np.eye(160, dtype=np.float32))
    texts = texts_of(vectors)
    assert with_texts(X, y, SingleLabel(CLASSES), texts).n_texts == 0
    with pytest.raises(ValueError, match="no columns of an encoder"):
        texts.zero_shot(X)


def test_a_committee_hears_the_texts(vectors: Any, X: Features, y: Any) -> None:
    few = np.flatnonzero(y < 2)[:6]
    members = fit_committee(
        X.take(few), y[few], SingleLabel(CLASSES), seed=0, texts=texts_of(vectors)
    )
    assert [member.n_seen for member in members] == [CLASSES] * 5


def test_texts_are_stored_as_arrays(vectors: Any, X: Features) -> None:
    texts = texts_of(vectors)
    again = LabelTexts.from_arrays(texts.to_arrays())
    np.testing.assert_array_equal(again.zero_shot(X), texts.zero_shot(X))
    np.testing.assert_array_equal(again.rows(X)[0].dense, texts.rows(X)[0].dense)
