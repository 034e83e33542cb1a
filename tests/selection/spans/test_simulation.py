"""Actions, the auto-tag, the choice of texts, and the loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selection.spans.learning.choice import WIDER, first_texts, select_spans
from selection.spans.learning.lexicon import Lexicon
from selection.spans.simulation.actions import actions_by_hand, actions_with, merge_suggestions
from selection.spans.simulation.dataset import LabelledTexts, SpanPlan
from selection.spans.simulation.loop import replay_spans
from selection.spans.text.auto_tag import AutoTag
from selection.spans.text.spans import Span, Suggestion
from tests.selection.spans.test_agreement import SPANS
from tests.selection.spans.test_model import sentences

TRUTH: list[Span] = [(0, 3, "a"), (5, 9, "b")]


@pytest.mark.parametrize(
    ("suggested", "actions"),
    [
        ([], 7),
        (TRUTH, 1),
        ([(0, 3, "a"), (5, 9, "a")], 2),  # another label
        ([(0, 3, "a"), (5, 8, "b")], 2),  # another end
        ([(0, 3, "a"), (4, 8, "b")], 3),  # another start and end
        ([*TRUTH, (11, 12, "a")], 2),  # one to delete
        ([(11, 12, "a")], 8),  # one to delete, both to mark
    ],
)
def test_actions_are_counted_by_the_key(suggested: list[Span], actions: int) -> None:
    assert actions_with(suggested, TRUTH) == actions


@given(SPANS, SPANS)
def test_suggestions_cost_at_most_their_deletion(suggested: list[Span], truth: list[Span]) -> None:
    cost = actions_with(suggested, truth)
    assert 1 <= cost <= actions_by_hand(truth) + len(set(suggested))
    assert actions_with([], truth) == actions_by_hand(truth)
    assert actions_with(truth, truth) == 1


def test_the_model_goes_before_the_auto_tag() -> None:
    said = [Suggestion(0, 3, "a", 0.9)]
    tagged = [Suggestion(2, 5, "a", 1.0), Suggestion(7, 9, "b", 1.0)]
    assert [each.span for each in merge_suggestions(said, tagged)] == [(0, 3, "a"), (7, 9, "b")]


# The auto-tag -------------------------------------------------------------------------------------


def test_a_string_is_tagged_again_in_any_case_and_spacing() -> None:
    known = AutoTag.of([("in New York", [(3, 11, "place")])])
    assert [each.span for each in known.suggest("NEW\u00a0york, new Yorker")] == [(0, 8, "place")]


def test_a_string_needs_three_fifths_of_its_occurrences_and_three_characters() -> None:
    known = AutoTag()
    known.learn("Rome fell. Rome rose. AI", [(0, 4, "place"), (22, 24, "tool")])
    assert known.suggest("Rome AI") == []
    known.learn("Rome", [(0, 4, "place")])
    assert [each.label for each in known.suggest("Rome AI")] == ["place"]
    assert known.suggest("Rome")[0].confidence == pytest.approx(2 / 3)


def test_occurrences_before_the_first_tag_count() -> None:
    known = AutoTag()
    for _ in range(3):
        known.learn("Rome fell", [])
    known.learn("Rome fell", [(0, 4, "place")])
    assert known.suggest("Rome fell") == []


def test_the_longest_string_goes_first_and_none_overlap() -> None:
    known = AutoTag.of([("New York", [(0, 8, "place")]), ("York Minster", [(0, 12, "org")])])
    assert [each.span for each in known.suggest("New York Minster")] == [(0, 8, "place")]


@given(st.lists(st.tuples(st.sampled_from(["Ana", "x-1", "New York"]), st.booleans()), max_size=9))
def test_counts_of_all_at_once_are_those_of_one_by_one(drawn: list[tuple[str, bool]]) -> None:
    texts = [f"so {name}, {name} said" for name, _ in drawn]
    spans: list[list[Span]] = [
        [(3, 3 + len(name), "n")] if is_tagged else [] for name, is_tagged in drawn
    ]
    known = AutoTag.of(zip(texts, spans, strict=True))
    for name in known.seen:
        whole = name.strip("\x1f").split("\x1f")
        said = sum(text.casefold().replace("-", " - ").split().count(whole[0]) for text in texts)
        assert known.seen[name] <= max(2 * len(texts), said)
        assert known.tagged[name].total() <= known.seen[name]


# The choice of texts ------------------------------------------------------------------------------


@given(st.integers(1, 30), st.integers(0, 5), st.integers(0, 9))
def test_choice_is_distinct_among_the_best_and_repeats(n: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scored, vectors = rng.random(n), rng.random((n, 3)).astype(np.float32)
    ids = rng.permutation(1000)[:n]
    picks = select_spans(scored, ids, vectors, k, seed=seed)
    assert len(set(picks.tolist())) == len(picks) == min(k, n)
    assert set(picks) <= set(np.argsort(-scored)[: WIDER * k])
    shuffled = rng.permutation(n)
    again = select_spans(scored[shuffled], ids[shuffled], vectors[shuffled], k, seed=seed)
    assert ids[picks].tolist() == ids[shuffled][again].tolist()


def test_the_first_texts_come_from_different_groups() -> None:
    vectors = np.repeat(np.eye(3, dtype=np.float32), 10, axis=0)
    assert {int(row) // 10 for row in first_texts(vectors, 3, None, seed=0)} == {0, 1, 2}


# The lexicon --------------------------------------------------------------------------------------


def test_words_of_one_role_share_a_group_and_arrays_bring_it_back() -> None:
    texts, _ = sentences(300)
    lexicon = Lexicon.fit(texts, seed=0)
    back = Lexicon.from_arrays(lexicon.to_arrays())
    assert back.words == lexicon.words
    assert all(back.groups(word) == lexicon.groups(word) for word in lexicon.words)
    near = lexicon.vectors @ lexicon.vectors[lexicon.index["ana"]]
    closest = {lexicon.words[row] for row in np.argsort(-near)[:6]}
    assert closest == {"ana", "bob", "carla", "dieter", "eva", "falk"}
    assert lexicon.groups("unheard") == ()
    assert np.array_equal(lexicon.text_vectors(texts[:3]), back.text_vectors(texts[:3]))


def test_a_damaged_lexicon_is_refused() -> None:
    arrays = Lexicon.fit(sentences(30)[0], seed=0).to_arrays()
    arrays["members"] = arrays["members"] + 1
    with pytest.raises(ValueError, match="damaged"):
        Lexicon.from_arrays(arrays)


# The loop -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dataset() -> LabelledTexts:
    return LabelledTexts.of(sentences(120), sentences(30, seed=1), seed=0)


@pytest.mark.parametrize("strategy", ["auto", "mnlp", "random"])
def test_a_run_counts_sentences_words_and_actions(dataset: LabelledTexts, strategy: str) -> None:
    run = replay_spans(dataset, strategy, 3, SpanPlan(90, batch=20, audit_share=0.1))
    assert run.sentences.tolist() == [20, 40, 60, 80, 90]
    assert len(set(run.asked.tolist())) == 90
    assert run.words.tolist() == [8 * n for n in run.sentences]
    assert run.by_hand.tolist() == [7 * n for n in run.sentences]
    assert np.all(run.actions < 0.6 * run.by_hand)
    assert run.f1[-1] > 0.95
    again = replay_spans(dataset, strategy, 3, SpanPlan(90, batch=20, audit_share=0.1))
    assert run.asked.tolist() == again.asked.tolist()


def test_audits_are_labelled_by_hand(dataset: LabelledTexts) -> None:
    run = replay_spans(dataset, "auto", 0, SpanPlan(60, batch=20, audit_share=1.0))
    assert run.actions.tolist() == run.by_hand.tolist()


def test_impossible_runs_are_refused(dataset: LabelledTexts) -> None:
    with pytest.raises(ValueError, match="unknown strategy"):
        replay_spans(dataset, "guess", 0, SpanPlan(10))
    with pytest.raises(ValueError, match="121 sentences of 120"):
        replay_spans(dataset, "auto", 0, SpanPlan(121))
