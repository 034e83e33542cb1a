"""Tokens and visible characters."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from selection.spans.text.characters import character_ends, whole_characters
from selection.spans.text.tokens import snap, tokens, words

FIREFIGHTER = "\U0001f469\U0001f3fd\u200d\U0001f692"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1eb\U0001f1f7"
SARA_AM = "\u0e33\u0eb3\uff9e\uff9f"  # letters that belong to the character before them
HARD = st.text(
    st.sampled_from(
        "aZ9_ ,.-\n\r\t\x00\u0301\u200d\u200b\ufe0f\ud800\u0e33\u00ad\u0eb3\ufeff\u0600\u064b"
        "\U0001f469\U0001f3fd\U0001f1eb\u5317\U00020bb7\u0643\u1100\u1161\u11a8\uac00\u0e01"
        "\u0915\u094d\u0937\u200c\u1000\u1039\u1780\u17d2"
    ),
    max_size=12,
)


def test_words_are_tokens_and_punctuation_stands_alone() -> None:
    assert words("(Smith & Sons), R&D.") == "( Smith & Sons ) , R & D .".split()


def test_each_character_of_chinese_is_a_token() -> None:
    assert words("北京\U00020bb7ok") == ["北", "京", "\U00020bb7", "ok"]


def test_a_word_keeps_its_marks_and_soft_hyphens() -> None:
    accent = unicodedata.normalize("NFD", "José")
    assert words(f"{accent} Ka\u00adrin مكتبًا") == [accent, "Ka\u00adrin", "مكتبًا"]


def test_an_emoji_is_one_token() -> None:
    assert words(f"{FIREFIGHTER}{FAMILY} x {FLAG}{FLAG}") == [FIREFIGHTER, FAMILY, "x", FLAG, FLAG]


def test_invisible_characters_are_no_tokens() -> None:
    assert words("\ufeff\u200b a\u2060\u00a0b \x00") == ["a", "b"]


@given(st.text() | HARD)
@example(" \u0301a")
@example("\u0600a")
@example("\r\n")
def test_tokens_are_in_order_and_never_cut_a_visible_character(text: str) -> None:
    borders = tokens(text)
    ends = {0, *character_ends(text)}
    flat = [border for token in borders for border in token]
    assert flat == sorted(flat)
    assert all(start < end for start, end in borders)
    assert ends.issuperset(flat)


@given(st.text() | HARD)
def test_tokens_hold_no_white_space_and_leave_no_letter_out(text: str) -> None:
    borders = tokens(text)
    inside = {place for start, end in borders for place in range(start, end)}
    assert not any(text[place].isspace() for place in inside)
    letters = {i for i, letter in enumerate(text) if letter.isalnum() and letter not in SARA_AM}
    assert letters <= inside


@given(st.text() | HARD)
def test_visible_characters_cover_the_text(text: str) -> None:
    ends = character_ends(text)
    assert ends == sorted(set(ends))
    assert ends[-1:] == ([len(text)] if text else [])


@given(st.text() | HARD)
def test_words_are_the_tokens(text: str) -> None:
    assert words(text) == [text[start:end] for start, end in tokens(text)]


def test_line_ends_of_two_characters_are_one() -> None:
    assert character_ends("a\r\nb") == [1, 3, 4]


def test_hangul_letters_make_one_character() -> None:
    assert character_ends("\u1100\u1161\u11a8\uac00\u11a8!") == [3, 5, 6]


def test_joined_consonants_make_one_character() -> None:
    assert character_ends("क्षत्रिय श्री") == [3, 7, 8, 9, 13]
    # Burmese and Khmer write no blanks; Tamil joins none, and a non-joiner keeps two apart.
    assert tokens("က္ကက") == [(0, 3), (3, 4)]
    assert character_ends("ស្រ្តី") == [6]
    assert character_ends("க்ஷ") == [2, 3]
    assert character_ends("क्\u200cष") == [3, 4]
    assert character_ends("क्् ष") == [3, 4, 5]
    assert whole_characters("क्षत्रिय", 1, 5) == (0, 7)


def test_half_an_emoji_becomes_the_whole() -> None:
    assert whole_characters(f"x{FAMILY}y", 2, 3) == (1, 6)


@given(st.text() | HARD, st.integers(0, 12), st.integers(1, 12))
def test_a_snapped_span_begins_and_ends_with_tokens(text: str, start: int, length: int) -> None:
    borders = tokens(text)
    snapped = snap(borders, (start, start + length, "a"))
    if snapped is None:
        assert not any(a < start + length and b > start for a, b in borders)
    else:
        assert snapped[0] in {a for a, _ in borders}
        assert snapped[1] in {b for _, b in borders}
