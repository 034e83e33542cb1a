"""Tags, packing, the loss and its minimiser."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selection.spans.learning.decoding import Candidates, choose_spans
from selection.spans.learning.fitting import fit
from selection.spans.learning.lbfgs import minimise
from selection.spans.learning.lexicon import Lexicon
from selection.spans.learning.packing import Packing
from selection.spans.learning.reading import feature_table
from selection.spans.learning.sealing import pack_names, unpack_names
from selection.spans.learning.tags import TagScheme
from selection.spans.learning.training import TrainingSet, _Problem, neighbours
from selection.spans.learning.word_features import shape, word_features
from selection.spans.text.tokens import tokens
from tests.selection.spans.test_model import sentences


def small_problem(seed: int) -> _Problem:
    """Return the loss of three made sequences of four words with two features each."""
    rng = np.random.default_rng(seed)
    lengths = np.array([3, 1, 4])
    scheme = TagScheme(("a", "b"))
    packing = Packing.of(lengths)
    words = neighbours(rng.integers(2, 6, 8), lengths, 0, 1)[:, packing.order]
    own = feature_table([[], [], [0], [1], [0, 1], [2]], 3)
    context = feature_table([[0], [1], [2], [2], [3], [3]], 4)
    tags = np.concatenate(
        [
            scheme.encode([(i, i + 1) for i in range(3)], [(0, 2, "a")]),
            scheme.encode([(0, 1)], [(0, 1, "b")]),
            scheme.encode([(i, i + 1) for i in range(4)], [(1, 4, "b")]),
        ]
    )
    return _Problem.of(TrainingSet(own, context, words, tags[packing.order], packing, scheme))


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000))
def test_the_gradient_is_that_of_the_loss(seed: int) -> None:
    problem = small_problem(seed)
    rng = np.random.default_rng(seed)
    place = rng.normal(0, 0.5, problem.size)
    _, gradient = problem.loss(place)
    for column in rng.choice(problem.size, 20, replace=False):
        step = np.zeros(problem.size)
        step[column] = 1e-5
        slope = (problem.loss(place + step)[0] - problem.loss(place - step)[0]) / 2e-5
        assert gradient[column] == pytest.approx(slope, rel=1e-4, abs=1e-5)


def test_training_ends_where_the_gradient_is_nought() -> None:
    problem = small_problem(0)
    place = minimise(problem.loss, np.zeros(problem.size), 500, tolerance=1e-12)
    value, gradient = problem.loss(place)
    assert np.abs(gradient).max() < 1e-3
    assert value < problem.loss(np.zeros(problem.size))[0]


@given(st.integers(0, 1000), st.integers(1, 8))
def test_a_quadratic_is_minimised(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    root = rng.normal(0, 1, (size, size))
    matrix, target = root @ root.T + np.eye(size), rng.normal(0, 1, size)
    found = minimise(
        lambda x: (float((x - target) @ matrix @ (x - target)), 2 * matrix @ (x - target)),
        np.zeros(size),
        200,
        tolerance=1e-14,
    )
    assert np.allclose(found, target, atol=1e-3)


def test_a_model_gives_the_figures_of_before() -> None:
    model = fit(*sentences(12), ["person", "place"])
    suggestion = model.predict(["Yesterday Zoe saw the dog in Kiel."])[0][0]
    assert suggestion.confidence == pytest.approx(0.980, abs=0.003)
    doubt = model.doubt(["Yesterday Zoe saw the dog in Kiel.", "Zoe in Kiel"])
    assert doubt.entropy == pytest.approx([0.330, 2.181], abs=0.02)


# Tags and packing ---------------------------------------------------------------------------------


def test_neighbours_of_one_label_are_begun_anew() -> None:
    scheme = TagScheme(("a",))
    borders = [(0, 1), (1, 2), (3, 4), (4, 5)]
    assert scheme.encode(borders, [(0, 2, "a"), (3, 4, "a"), (4, 5, "a")]).tolist() == [1, 3, 4, 4]


def test_a_span_within_a_token_counts_for_the_token() -> None:
    scheme = TagScheme(("a",))
    assert scheme.encode([(0, 9), (10, 12)], [(2, 5, "a"), (6, 8, "a")]).tolist() == [4, 0]
    assert scheme.encode([(0, 3)], [(3, 4, "a")]).tolist() == [0]


@given(st.lists(st.integers(0, 7), max_size=8))
def test_packing_holds_each_token_once_and_steps_in_order(lengths: list[int]) -> None:
    packing = Packing.of(np.array(lengths, dtype=np.int64))
    assert sorted(packing.order.tolist()) == list(range(sum(lengths)))
    firsts = np.cumsum(lengths) - lengths
    for step in range(packing.steps):
        there = packing.order[packing.rows(step)]
        expected = {int(a) + step for a, n in zip(firsts, lengths, strict=True) if n > step}
        assert set(there.tolist()) == expected


def test_chosen_spans_never_overlap_and_the_likelier_goes_first() -> None:
    found = Candidates(
        np.array([0, 1, 4]), np.array([2, 1, 4]), np.zeros(3, int), np.array([0.4, 0.5, 0.26])
    )
    chosen = choose_spans(found, 0.25)
    assert chosen.first.tolist() == [1, 4]


# Features -----------------------------------------------------------------------------------------


@given(st.text(min_size=1, max_size=12))
def test_shapes_of_short_ways_are_those_of_the_long_way(word: str) -> None:
    long_way = shape(word + "-").removesuffix("-")
    assert shape(word) == long_way or word.endswith("-") or not word.isascii()


@given(st.text(max_size=60))
def test_every_token_has_features_whatever_it_holds(text: str) -> None:
    for start, end in tokens(text):
        named = word_features(text[start:end], Lexicon.empty())
        assert named.own
        assert named.context


@given(st.lists(st.text() | st.just("\ud800")))
def test_names_come_back_from_arrays(names: list[str]) -> None:
    assert unpack_names("x", pack_names("x", names)) == names
