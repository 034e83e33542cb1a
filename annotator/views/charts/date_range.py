"""The days that the dashboard shows, and the two models that it compares, from its address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode


@dataclass(frozen=True)
class DateRange:
    """What was chosen; None where nothing was, or what was sent is no day and no number."""

    first: date | None = None
    last: date | None = None
    one: int | None = None
    other: int | None = None

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "DateRange":
        """Return what an address asks for.

        >>> DateRange.of({"from": "2026-11-30", "to": "soon", "other": "3"})
        DateRange(first=datetime.date(2026, 11, 30), last=None, one=None, other=3)
        """
        return cls(
            _day(sent.get("from", "")),
            _day(sent.get("to", "")),
            _number(sent.get("one", "")),
            _number(sent.get("other", "")),
        )

    def __bool__(self) -> bool:
        return self.first is not None or self.last is not None

    @property
    def query(self) -> str:
        """Return it as part of an address; empty for nothing."""
        chosen = {"from": self.first, "to": self.last, "one": self.one, "other": self.other}
        return urlencode({name: value for name, value in chosen.items() if value is not None})


def _day(words: str) -> date | None:
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None


def _number(words: str) -> int | None:
    return int(words) if words.isascii() and words.isdecimal() and len(words) < 10 else None
