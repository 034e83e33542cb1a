"""Agreement on spans, consensus, and suspects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selection.spans.learning.lexicon import Lexicon
from selection.spans.quality.agreement import matched, span_agreement
from selection.spans.quality.consensus import span_consensus
from selection.spans.quality.suspects import out_of_fold, suspects, tagged_otherwise
from selection.spans.text.spans import Span, Suggestion
from tests.selection.spans.test_model import sentences

TEXT = "Ana Berg met Bob in New York on Monday evening"
SPANS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 20), st.sampled_from(["person", "place"])).map(
        lambda drawn: (drawn[0], drawn[0] + drawn[1], drawn[2])
    ),
    max_size=6,
)


def test_exact_and_overlapping_spans_are_counted_apart() -> None:
    a: list[Span] = [(0, 8, "person"), (20, 28, "place")]
    b: list[Span] = [(0, 3, "person"), (20, 28, "place")]
    found = span_agreement([TEXT], [a], [b])
    assert found.overall.exact == pytest.approx(0.5)
    assert found.overall.overlapping == pytest.approx(1.0)
    assert found.per_label["person"].exact == 0.0
    assert found.per_label["place"].exact == 1.0


def test_position_alone_leaves_the_labels_out() -> None:
    found = span_agreement([TEXT], [[(20, 28, "place")]], [[(20, 28, "org")]])
    assert found.overall.exact == found.overall.overlapping == 0.0
    assert found.position.exact == 1.0


@given(SPANS, SPANS)
def test_neither_order_nor_side_matters(a: list[Span], b: list[Span]) -> None:
    one = span_agreement([TEXT], [a], [b]).overall
    other = span_agreement([TEXT], [b[::-1]], [a[::-1]]).overall
    assert np.allclose(one[:1], other[:1], equal_nan=True)
    assert np.allclose(one[2:3], other[2:3], equal_nan=True)


@given(SPANS, SPANS, st.tuples(st.integers(0, 20), st.integers(1, 20)))
def test_one_more_span_on_which_both_agree_never_lowers_agreement(
    a: list[Span], b: list[Span], drawn: tuple[int, int]
) -> None:
    inner = (drawn[0], drawn[0] + drawn[1], "person")
    before = span_agreement([TEXT], [a], [b]).overall
    after = span_agreement([TEXT], [[*a, inner]], [[*b, inner]]).overall
    assert after.exact >= before.exact or before.n == 0 or inner in a or inner in b


def test_a_nested_span_is_matched_with_its_equal() -> None:
    a: list[Span] = [(0, 9, "x"), (3, 5, "x")]
    assert matched(a, [(3, 5, "x"), (0, 8, "x")]) == [
        ((0, 9, "x"), (0, 8, "x")),
        ((3, 5, "x"), (3, 5, "x")),
    ]


def test_texts_without_spans_have_no_agreement_to_speak_of() -> None:
    found = span_agreement(["a", "b"], [[], []], [[], []]).overall
    assert np.isnan(found.exact)
    assert found.n == 0


def test_chance_is_what_spans_put_anywhere_would_agree_on() -> None:
    rng = np.random.default_rng(0)
    text = " ".join("abcdefghij")
    drawn = [[(2 * i, 2 * i + 1, "x")] for i in rng.integers(0, 10, 4000).tolist()]
    other = [[(2 * i, 2 * i + 1, "x")] for i in rng.integers(0, 10, 4000).tolist()]
    found = span_agreement([text] * 4000, drawn, other).overall
    assert found.exact_chance == pytest.approx(0.1)
    assert found.exact == pytest.approx(0.1, abs=0.02)
    assert found.overlapping_chance == pytest.approx(0.1)


def test_what_most_marked_is_agreed_and_the_rest_is_disputed() -> None:
    answers: list[list[Span]] = [
        [(0, 8, "person"), (20, 28, "place")],
        [(0, 8, "person"), (24, 28, "place")],
        [(0, 8, "person"), (32, 38, "date"), (20, 28, "org")],
    ]
    found = span_consensus(answers)
    assert found.agreed == [(0, 8, "person")]
    first, second = found.disputes
    assert first.votes == {(20, 28, "place"): 1, (24, 28, "place"): 1, (20, 28, "org"): 1}
    assert first.proposal == (20, 28, "place")
    assert second.votes == {(32, 38, "date"): 1}
    assert second.proposal is None


def test_two_labels_on_one_stretch_are_both_agreed() -> None:
    answer: list[Span] = [(0, 3, "person"), (0, 3, "author")]
    assert span_consensus([answer, answer]).agreed == [(0, 3, "author"), (0, 3, "person")]


@given(st.lists(SPANS, min_size=1, max_size=4))
def test_every_span_is_agreed_disputed_or_another_reading(answers: list[list[Span]]) -> None:
    found = span_consensus(answers)
    votes = [span for dispute in found.disputes for span in dispute.votes]
    assert len(votes) == len(set(votes))
    for span in {span for answer in answers for span in answer} - set(votes):
        assert any(
            each[2] == span[2] and each[0] < span[1] and span[0] < each[1] for each in found.agreed
        )


def test_what_the_model_alone_sees_is_suspect_and_what_overlaps_is_not() -> None:
    said = [
        [Suggestion(0, 8, "person", 0.9), Suggestion(20, 28, "place", 0.8)],
        [Suggestion(0, 8, "person", 0.95)],
    ]
    found = suspects([[(0, 3, "person")], [(0, 8, "org")]], said)
    assert [(each.text, each.kind) for each in found] == [(1, "relabelled"), (0, "missed")]
    assert found[0].marked == (0, 8, "org")
    assert found[1].suggestion.span == (20, 28, "place")


def test_a_string_that_is_mostly_tagged_is_suspect_where_it_is_not() -> None:
    texts = ["Lyon is old"] * 3 + ["in LYON now"]
    found = tagged_otherwise(texts, [[(0, 4, "place")]] * 3 + [[]])
    assert [(each.text, each.suggestion.span, each.kind) for each in found] == [
        (3, (3, 7, "place"), "missed")
    ]
    assert not tagged_otherwise(texts[2:], [[(0, 4, "place")], []])


def test_a_planted_gap_is_found_by_models_that_did_not_see_it() -> None:
    texts, spans = sentences(60)
    hidden = spans[7][0]
    spans[7] = spans[7][1:]
    said = out_of_fold(texts, spans, ["person", "place"], seed=0, lexicon=Lexicon.empty())
    found = suspects(spans, said)
    assert (found[0].text, found[0].suggestion.span) == (7, hidden)
