"""The chain: fitted, stored, read back, and what it must not do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selection.core.arrays import AnyArray
from selection.spans.learning.chain import Transitions, backward, best_path_scores, forward
from selection.spans.learning.decoding import candidate_spans
from selection.spans.learning.fitting import fit, is_trainable
from selection.spans.learning.lexicon import Lexicon
from selection.spans.learning import model as span_model
from selection.spans.learning import reading
from selection.spans.learning.model import LEAST, SUGGESTED, SpanModel
from selection.spans.learning.packing import Packing
from selection.spans.learning.tags import TagScheme
from selection.spans.text.spans import Span, in_layers

NAMES = "Ana Bob Carla Dieter Eva Falk".split()
PLACES = "Lyon Ulm Paris Rom".split()
VERBS = "met saw left heard".split()


def sentences(n: int, seed: int = 0) -> tuple[list[str], list[list[Span]]]:
    """Return texts in which names stand before a verb and places after "in"."""
    rng = np.random.default_rng(seed)
    texts, spans = [], []
    for _ in range(n):
        name, verb, place = (str(rng.choice(each)) for each in (NAMES, VERBS, PLACES))
        text = f"Yesterday {name} {verb} the dog in {place}."
        texts.append(text)
        spans.append(
            [
                (10, 10 + len(name), "person"),
                (text.index(place + "."), len(text) - 1, "place"),
            ]
        )
    return texts, spans


@pytest.fixture(scope="module")
def model() -> SpanModel:
    return fit(*sentences(40), ["person", "place"], lexicon=Lexicon.empty())


def said(model: SpanModel, texts: Sequence[str]) -> list[list[Span]]:
    return [[each.span for each in found] for found in model.predict(texts)]


def test_spans_are_found_by_what_stands_around_them(model: SpanModel) -> None:
    found = model.predict(["Yesterday Zoe saw the dog in Kiel."])[0]
    assert [each.span for each in found] == [(10, 13, "person"), (29, 33, "place")]
    assert all(0.25 <= each.confidence <= 1 for each in found)


def test_same_texts_give_the_same_model(model: SpanModel) -> None:
    again = fit(*sentences(40), ["person", "place"], seed=7).to_arrays()
    assert np.array_equal(again["checksum"], model.to_arrays()["checksum"])


def test_a_stored_model_says_the_same(model: SpanModel) -> None:
    texts, _ = sentences(20, seed=1)
    back = SpanModel.from_arrays(model.to_arrays(), model.lexicon)
    assert back.predict(texts) == model.predict(texts)


def damaged(arrays: dict[str, AnyArray], name: str) -> dict[str, AnyArray]:
    copy = {each: np.array(array) for each, array in arrays.items()}
    copy[name].flat[0] += 1
    return copy


def test_a_damaged_model_is_refused_whatever_is_damaged(model: SpanModel) -> None:
    arrays = model.to_arrays()
    for name in arrays:
        with pytest.raises(ValueError, match="damaged"):
            SpanModel.from_arrays(damaged(arrays, name), model.lexicon)
    without = {name: array for name, array in arrays.items() if name != "checksum"}
    with pytest.raises(ValueError, match="damaged"):
        SpanModel.from_arrays(without, model.lexicon)


def test_no_span_trains_no_silent_model() -> None:
    assert not is_trainable([[], []])
    with pytest.raises(ValueError, match="no span"):
        fit(["a", "b"], [[], []], ["person"])


def test_unknown_labels_and_spans_outside_their_text_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown label: animal"):
        fit(["a dog"], [[(2, 5, "animal")]], ["person"])
    with pytest.raises(ValueError, match="does not lie"):
        fit(["a dog"], [[(2, 6, "person")]], ["person"])


def test_texts_without_words_have_no_spans_and_no_doubt(model: SpanModel) -> None:
    texts = ["", " \u200b\t", "\ud800", "Ana met Bob"]
    assert model.predict(texts)[:2] == [[], []]
    doubt = model.doubt(texts)
    assert doubt.words.tolist() == [0, 0, 1, 3]
    assert doubt.entropy[:2].tolist() == doubt.mnlp[:2].tolist() == [0.0, 0.0]
    assert model.predict([]) == []
    assert len(model.doubt([]).entropy) == 0


def test_a_lone_surrogate_is_learnt_and_stored_like_a_letter() -> None:
    model = fit(["a \ud800 b"] * 3, [[(2, 3, "odd")]] * 3, ["odd"])
    assert said(SpanModel.from_arrays(model.to_arrays(), model.lexicon), ["a \ud800 b"]) == [
        [(2, 3, "odd")]
    ]


def test_slices_change_nothing(model: SpanModel, monkeypatch: pytest.MonkeyPatch) -> None:
    short, _ = sentences(60, seed=2)
    # Long and short ones by turns: they are read in the order of their lengths.
    texts = [text if i % 3 else f"{text} {short[i - 1]} {short[0]}" for i, text in enumerate(short)]
    whole, spans = model.doubt(texts), said(model, texts)
    alone = [model.doubt([text]) for text in texts]
    monkeypatch.setattr(span_model, "SLICE", 300)
    # Scores of words are forgotten and computed again.
    monkeypatch.setattr(reading, "KEPT_BYTES", 4_000)
    found = model.doubt(texts)
    for name in ("entropy", "mnlp", "words"):
        one_by_one = np.concatenate([getattr(each, name) for each in alone])
        assert np.allclose(getattr(found, name), one_by_one)
        assert np.allclose(getattr(whole, name), one_by_one)
    assert whole.mnlp.min() > 0
    assert said(model, texts) == spans == [said(model, [text])[0] for text in texts]


def test_a_text_has_the_same_doubt_wherever_it_stands(model: SpanModel) -> None:
    texts, _ = sentences(40, seed=4)
    doubt = model.doubt([*texts, *reversed(texts)])
    # To the last bit: otherwise the order of equal texts would depend on their neighbours.
    assert np.array_equal(doubt.entropy[:40], doubt.entropy[:39:-1])


def test_one_pass_says_what_two_say(model: SpanModel) -> None:
    texts, _ = sentences(30, seed=3)
    spans, doubt = model.read(texts)
    assert spans == model.predict(texts)
    assert np.array_equal(doubt.entropy, model.doubt(texts).entropy)


def test_what_is_said_is_the_surer_part_of_what_is_suggested(model: SpanModel) -> None:
    texts = [*sentences(30, seed=4)[0], "Zoe met in Kiel", "the dog Ulm met Zoe in Bob"]
    suggested = model.predict(texts, SUGGESTED)
    assert model.predict(texts) == [
        [each for each in found if each.confidence >= LEAST] for found in suggested
    ]


def test_nested_spans_are_learnt_in_layers() -> None:
    texts = [f"the University of {place} Hospital was closed" for place in PLACES] * 5
    spans: list[list[Span]] = [
        [(4, 27 + len(place), "org"), (18, 18 + len(place), "place")] for place in PLACES
    ] * 5
    model = fit(texts, spans, ["org", "place"])
    assert said(model, ["the University of Kiel Hospital was closed"]) == [
        [(4, 31, "org"), (18, 22, "place")]
    ]


def test_one_stretch_may_carry_two_labels() -> None:
    texts, spans = ["after surgery"] * 6, [[(6, 13, "event"), (6, 13, "cause")]] * 6
    assert said(fit(texts, spans, ["event", "cause"]), texts[:1]) == [
        [(6, 13, "cause"), (6, 13, "event")]
    ]


# The mathematics ----------------------------------------------------------------------------------


def paths(scheme: TagScheme, length: int) -> list[tuple[int, ...]]:
    """Return all sequences of tags that may be."""
    return [
        path
        for path in product(range(len(scheme)), repeat=length)
        if scheme.openers[path[0]]
        and scheme.closers[path[-1]]
        and all(scheme.successors[a, b] for a, b in pairwise(path))
    ]


def total(path: tuple[int, ...], scores: AnyArray, weights: AnyArray) -> float:
    steps = sum(weights[a, b] for a, b in pairwise(path))
    return float(sum(scores[i, tag] for i, tag in enumerate(path)) + steps)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.floats(0.1, 20.0))
def test_the_recursions_agree_with_all_paths(seed: int, length: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    scheme = TagScheme(("a",))
    scores = rng.normal(0, spread, (length, len(scheme)))
    weights = rng.normal(0, 1, (len(scheme), len(scheme)))
    packing = Packing.of(np.array([length]))
    steps = Transitions.of(weights, scheme)
    passed = forward(scores, packing, steps)
    back = backward(passed, packing, steps)
    every = paths(scheme, length)
    totals = np.array([total(path, scores, weights) for path in every])
    normaliser = np.logaddexp.reduce(totals)
    proba = np.exp(totals - normaliser)
    marginals = np.zeros((length, len(scheme)))
    for path, p in zip(every, proba, strict=True):
        marginals[np.arange(length), path] += p
    assert passed.scales.sum() == pytest.approx(normaliser)
    assert np.allclose(back.marginals, marginals, atol=1e-9)
    assert best_path_scores(scores, packing, weights, scheme)[0] == pytest.approx(totals.max())


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_probabilities_of_spans_agree_with_all_paths(seed: int, length: int) -> None:
    rng = np.random.default_rng(seed)
    scheme = TagScheme(("a", "b"))
    scores = rng.normal(0, 2, (length, len(scheme)))
    weights = rng.normal(0, 1, (len(scheme), len(scheme)))
    packing = Packing.of(np.array([length]))
    steps = Transitions.of(weights, scheme)
    back = backward(forward(scores, packing, steps), packing, steps)
    found = candidate_spans(back.marginals, back.onward, steps, scheme)
    every = paths(scheme, length)
    totals = np.array([total(path, scores, weights) for path in every])
    proba = np.exp(totals - np.logaddexp.reduce(totals))
    for first, last, label, p in zip(
        found.first, found.last, found.label, found.proba, strict=True
    ):
        tags = scheme.encode(
            [(i, i + 1) for i in range(length)],
            [(int(first), int(last) + 1, scheme.labels[label])],
        )[first : last + 1]
        here = [tuple(path[first : last + 1]) == tuple(tags) for path in every]
        assert p == pytest.approx(proba[here].sum(), abs=1e-9)


def test_impossible_tags_have_no_probability() -> None:
    scheme = TagScheme(("a",))
    scores = np.zeros((2, len(scheme)))
    scores[:, 2] = 50.0  # inside, which cannot begin a text
    packing = Packing.of(np.array([2]))
    steps = Transitions.of(np.zeros((len(scheme), len(scheme))), scheme)
    back = backward(forward(scores, packing, steps), packing, steps)
    assert back.marginals[:, 2].max() == 0.0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9), st.sampled_from("ab")), max_size=8))
def test_layers_hold_every_span_and_no_overlap(drawn: list[tuple[int, int, str]]) -> None:
    spans = {(start, start + length, label) for start, length, label in drawn}
    layers = in_layers(spans)
    assert sorted(span for layer in layers for span in layer) == sorted(spans)
    for layer in layers:
        assert all(a[1] <= b[0] for a, b in pairwise(layer))
