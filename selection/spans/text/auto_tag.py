"""The auto-tag: strings that people tag nearly always are tagged wherever they stand next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from selection.spans.text.spans import Span, Suggestion
from selection.spans.text.tokens import tokens

LEAST_SHARE = 0.6  # of the labelled occurrences of a string that are tagged
SHORTEST = 3  # characters; shorter strings are mostly something else
LONGEST = 12  # tokens
_GAP = "\x1f"


@dataclass
class AutoTag:
    """Counts of tagged strings, updated after each labelled text.

    Strings are compared token by token, in folded case, so that white space does not matter.

    >>> known = AutoTag()
    >>> known.learn("Ana met Bob.", [(0, 3, "person")])
    >>> known.suggest("Then ANA left.")
    [Suggestion(start=5, end=8, label='person', confidence=1.0)]
    """

    tagged: dict[str, Counter[str]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    read: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, labelled: Iterable[tuple[str, Iterable[Span]]]) -> AutoTag:
        """Return the counts of texts with their spans."""
        known = cls()
        for text, spans in labelled:
            known.learn(text, spans)
        return known

    def learn(self, text: str, spans: Iterable[Span]) -> None:
        """Count a labelled text."""
        words = _folded(text, tokens(text))
        line = _joined(words)
        for string in _runs(words) & self.seen.keys():
            self.seen[string] += line.count(string)
        self.read.append(line)
        for start, end, label in spans:
            self._tag(_joined(_folded(text[start:end], tokens(text[start:end]))), label)

    def suggest(self, text: str) -> list[Suggestion]:
        """Return the strings of `text` to tag, none overlapping: the longest first."""
        borders = tokens(text)
        words = _folded(text, borders)
        found: list[Suggestion] = []
        taken = [False] * len(words)
        for length in range(min(LONGEST, len(words)), 0, -1):
            for first in range(len(words) - length + 1):
                label, share = self._verdict(_joined(words[first : first + length]))
                span = borders[first][0], borders[first + length - 1][1]
                if label is None or any(taken[first : first + length]):
                    continue
                taken[first : first + length] = [True] * length
                found.append(Suggestion(*span, label, share))
        return sorted(found)

    def times(self, string: str) -> int:
        """Return how often people tagged `string`."""
        return self.tagged.get(_joined(_folded(string, tokens(string))), Counter()).total()

    def _tag(self, string: str, label: str) -> None:
        if len(string.replace(_GAP, "")) < SHORTEST:
            return
        if string not in self.seen:
            self.seen[string] = sum(line.count(string) for line in self.read)
        self.tagged.setdefault(string, Counter())[label] += 1

    def _verdict(self, string: str) -> tuple[str | None, float]:
        labels = self.tagged.get(string)
        if labels is None:
            return None, 0.0
        label, times = min(labels.items(), key=lambda each: (-each[1], each[0]))
        share = min(times / max(self.seen[string], times), 1.0)
        return (label, share) if share >= LEAST_SHARE else (None, share)


def _folded(text: str, borders: list[tuple[int, int]]) -> list[str]:
    return [text[a:b].casefold() for a, b in borders]


def _joined(words: list[str]) -> str:
    """Return words so that one string contains another only at the borders of words."""
    return _GAP + _GAP.join(words) + _GAP if words else ""


def _runs(words: list[str]) -> set[str]:
    return {
        _joined(words[first : first + length])
        for first in range(len(words))
        for length in range(1, min(LONGEST, len(words) - first) + 1)
    }
