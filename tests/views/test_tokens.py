"""Contrasts of the design tokens: 4.5 for text, 3 for what is drawn."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from annotator.views.charts import render

SHEETS = Path(settings.BASE_DIR) / "static" / "css"
TOKEN = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
PAIRS = {name: both for name, *both in TOKEN.findall((SHEETS / "tokens.css").read_text())}

GROUNDS = ("paper", "surface", "sunk")
ON_GROUNDS = ("ink", "quiet", "accent", "bad", "good")
ON_SOFT = [
    *(("accent", "accent-soft"), ("ink", "accent-soft"), ("quiet", "accent-soft")),
    *(("bad", "bad-soft"), ("ink", "bad-soft"), ("good", "good-soft"), ("ink", "good-soft")),
    ("on-accent", "accent"),
]
TEXT = [(text, ground) for text in ON_GROUNDS for ground in GROUNDS] + ON_SOFT
DRAWN = [
    (name, ground)
    for name in ("edge", *(f"series-{n}" for n in range(1, 7)))
    for ground in ("paper", "surface")
]


def luminance(colour: str) -> float:
    """Return the relative luminance as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def too_weak(pairs: list[tuple[str, str]], least: float) -> list[str]:
    """Return the pairs of tokens below a contrast, in either scheme."""
    return [
        f"{one} on {other}, {scheme}: {contrast(PAIRS[one][place], PAIRS[other][place]):.2f}"
        for one, other in pairs
        for place, scheme in enumerate(("light", "dark"))
        if contrast(PAIRS[one][place], PAIRS[other][place]) < least
    ]


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_text_can_be_read() -> None:
    assert too_weak(TEXT, 4.5) == []


def test_what_is_drawn_can_be_seen() -> None:
    assert too_weak(DRAWN, 3.0) == []


def test_charts_draw_with_the_tokens() -> None:
    for place, theme in enumerate(("light", "dark")):
        series = [PAIRS[f"series-{n}"][place] for n in range(1, 7)]
        assert render.PALETTES[theme] == series
        for name in ("quiet", "accent", "ink"):
            colour, ground = render.THEMES[theme][name], PAIRS["surface"][place]
            least = 4.5 if name == "ink" else 3.0
            assert contrast(colour, ground) >= least, (theme, name)
