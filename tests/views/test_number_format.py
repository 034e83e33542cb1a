"""Numbers in words."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation

from annotator.i18n import currencies
from annotator.views import number_format


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.934, "93"),
        (0.929, "93"),
        (0.0, "0"),
        (1.0, "100"),
        (0.9999, "99.9"),
        (0.0001, "0.1"),
        (0.995, "99.5"),
    ],
)
def test_percent_never_rounds_up_to_certainty(share: float, said: str) -> None:
    assert number_format.percent(share) == f"{said}%"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "–"), (0.239, "0.24\u202fs"), (12.4, "12\u202fs"), (190, "3\u202fmin")],
)
def test_durations_are_short(seconds: Any, said: str) -> None:
    assert number_format.duration(seconds) == said


def test_no_estimate_is_no_words() -> None:
    assert number_format.accuracy(None) == ""


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9960, "10 kB"),
        (999_600, "1.0 MB"),
        (23_400_000, "23 MB"),
        (2_300_000_000, "2.3 GB"),
    ],
)
def test_file_sizes_have_the_largest_fitting_unit(size: int, said: str) -> None:
    assert number_format.file_size(size) == said.replace(" ", number_format.NARROW)


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (1234.5, "EUR", "€1,234.50"),
        (1234.5, "CHF", "CHF\u00a01,234.50"),
        (1234.5, "", "1,234.50"),
        (1234.4, "JPY", "JPY\u00a01,234"),
        (0.0004, "KWD", "KWD\u00a00.000"),
        (-2.5, "USD", "−$2.50"),
    ],
)
def test_amounts_have_the_sign_of_their_currency(amount: float, currency: str, said: str) -> None:
    assert number_format.money(amount, currency) == said


def test_catalogue_says_where_the_sign_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    behind = {"%(sign)s%(number)s": "%(number)s\u00a0%(sign)s"}
    monkeypatch.setattr(currencies, "pgettext", lambda _context, words: behind[words])
    with translation.override("de"):
        assert number_format.money(1234.5, "EUR") == "1.234,50\u00a0€"


def test_small_prices_keep_their_digits() -> None:
    assert number_format.small_price(0.0123, "EUR") == "€0.0123"


def test_every_sign_and_coin_belongs_to_a_currency() -> None:
    codes = currencies.CODES
    assert {*currencies.SIGNS, *currencies.DECIMALS} <= set(codes)
    assert all(len(code) == 3 and code.isupper() for code in codes)
    assert len(set(codes)) == len(codes)


def test_pages_format_numbers_and_dates_in_one_way() -> None:
    """Sizes, amounts and dates go through the one formatter, and dates through its formats."""
    names = "filesizeformat|intcomma|floatformat|naturaltime|timesince"
    foreign = re.compile(rf"\|({names})\b|\|date:[\"'][^\"']*[\"']")
    allowed = re.compile(r"\|date:.((SHORT_)?(DATE|DATETIME|TIME)_FORMAT|c|Y-m-d).")
    root = Path(settings.BASE_DIR)
    found = [
        f"{path.name}: {match[0]}"
        for path in sorted((root / "templates").rglob("*.html"))
        for match in foreign.finditer(path.read_text())
        if not allowed.fullmatch(match[0])
    ]
    code = [
        path.name
        for path in sorted((root / "annotator").rglob("*.py"))
        if re.search(rf"import .*\b({names})\b", path.read_text())
    ]
    assert found + code == []
