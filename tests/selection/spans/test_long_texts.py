"""Long texts are cut into sequences where no span is, and read as if they were whole."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selection.spans.learning import packing
from selection.spans.learning.fitting import fit
from selection.spans.learning.model import SpanModel
from selection.spans.learning.packing import LONGEST, NEVER, cut
from selection.spans.text.spans import Span

PLACES = ("Lyon", "Bern", "Oslo")
WORDS = tuple("the house stands near a river and its garden is old".split())


def letter(n_words: int, seed: int) -> tuple[str, list[Span]]:
    """Return a text of that many words, and where its places are."""
    rng = random.Random(seed)
    text, spans = "", []
    for _ in range(n_words):
        word = rng.choice(PLACES) if rng.random() < 0.1 else rng.choice(WORDS)
        if word in PLACES:
            spans.append((len(text), len(text) + len(word), "place"))
        text += f"{word} "
    return text, spans


def trained(letters: list[tuple[str, list[Span]]]) -> SpanModel:
    return fit([text for text, _ in letters], [spans for _, spans in letters], ["place"])


@given(
    st.lists(st.integers(0, 3 * LONGEST), min_size=1, max_size=4), st.floats(0, 1), st.integers(0)
)
def test_cuts_fall_where_they_may_and_nothing_is_lost(
    lengths: list[int], share: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    safety = np.where(rng.random(sum(lengths)) < share, NEVER, 0.0)
    found = cut(np.array(lengths), safety)
    ends, borders = set(np.cumsum(lengths)), np.cumsum(found)
    assert ends <= set(borders)
    inner = [int(border) for border in borders if border not in ends]
    assert all(safety[place] > NEVER for place in inner)
    for border, length in zip(borders, found, strict=True):
        start = border - length
        within = safety[start + LONGEST // 2 : start + LONGEST + 1]
        assert length <= LONGEST or (within == NEVER).all()


def test_the_safest_place_is_taken() -> None:
    safety = np.zeros(LONGEST + 20)
    safety[200] = 1.0
    assert cut(np.array([LONGEST + 20]), safety).tolist() == [200, LONGEST - 180]


def test_long_text_is_read_as_if_it_were_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    model = trained([letter(30, seed) for seed in range(20)])
    texts = [letter(n, n)[0] for n in (5, 2_000, 0, LONGEST, 700)]
    spans, doubt = model.read(texts)
    monkeypatch.setattr(packing, "LONGEST", 10_000)
    whole_spans, whole_doubt = model.read(texts)
    assert [[each.span for each in text] for text in spans] == [
        [each.span for each in text] for text in whole_spans
    ]
    assert spans[1]
    assert doubt.words.tolist() == whole_doubt.words.tolist() == [5, 2_000, 0, LONGEST, 700]
    assert doubt.entropy == pytest.approx(whole_doubt.entropy, rel=0.05)
    assert doubt.mnlp == pytest.approx(whole_doubt.mnlp, rel=0.05)


def test_doubt_of_a_long_text_does_not_depend_on_what_is_read_beside_it() -> None:
    model = trained([letter(30, seed) for seed in range(20)])
    long, short = letter(600, 1)[0], letter(40, 2)[0]
    assert model.doubt([long]).entropy[0] == model.doubt([short, long, short]).entropy[1]


def test_long_text_teaches_what_it_shows() -> None:
    model = trained([letter(1_500, 3)])
    text, spans = letter(60, 4)
    assert [each.span for each in model.predict([text])[0]] == spans


def test_span_longer_than_a_sequence_stays_whole() -> None:
    clause = "if the tenant fails to pay " * 60
    text = "Heading . " * 150 + clause + "End . " * 150
    start = text.index(clause)
    span = (start, start + len(clause) - 1, "place")
    # Each cut within it would teach an end that is none.
    model = fit([text] * 2, [[span]] * 2, ["place"])
    assert [each.span for each in model.predict([text])[0]] == [span]


def test_model_reads_a_long_text_in_as_many_steps_as_a_page_has() -> None:
    steps: list[int] = []
    model = trained([letter(30, seed) for seed in range(20)])
    for found in model._passes([letter(20_000, 5)[0]], [[0]]):
        steps.append(found.packing.steps)
    assert steps[0] <= LONGEST
