"""Numbers in words."""

from typing import Any

import pytest

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
