"""Labels as files write them, matched with the names of the project's labels."""

import ast
import json
import math
import re
import unicodedata
from collections.abc import Collection
from typing import Any

# What programs write where there is no value.
NOTHING = frozenset(("nan", "null", "none", "na", "n/a", "<na>", "#n/a", "nat"))
# Characters that nobody sees: zero-width ones and byte order marks.
UNSEEN = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u2060\ufeff\u00ad"))
LONGEST_LIST = 20_000
# What people and programs put between several labels, beside bars.
SEPARATORS = ",;#/\n\t+& "
# Between the names of a list as NumPy prints it there is no comma.
NUMPY_LIST = re.compile(r"\[\s*(?:'[^',]*'|\"[^\",]*\")(?:\s+(?:'[^',]*'|\"[^\",]*\"))+\s*\]")
QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


class NoLabel(ValueError):
    """The value cannot be a label, such as an object."""


class LabelParser:
    """The names of the project's labels, for values that are written a little differently.

    Where no names are known, values are only tidied.
    """

    def __init__(self, known: Collection[str]) -> None:
        self._known = {tidy(name): name for name in known}
        self._folded = {name.casefold(): known for name, known in self._known.items()}

    def __contains__(self, name: str) -> bool:
        return tidy(name) in self._known

    def is_near(self, name: str) -> bool:
        """Return whether a name is that of a label but for its case."""
        return tidy(name).casefold() in self._folded

    def __bool__(self) -> bool:
        return bool(self._known)

    def of(self, value: Any) -> list[str]:
        """Return the labels that a value names, without repetitions; NoLabel if it cannot.

        A cell of a table names several with bars or as a list; booleans and whole numbers are
        found by how the project writes them.
        """
        return list(dict.fromkeys(filter(None, self._each(value))))

    def _each(self, value: Any) -> list[str]:
        if isinstance(value, str):
            return self._of_text(value)
        if isinstance(value, (list, tuple, set)):
            return [self._one(each) for each in value]
        return [self._one(value)]

    def _of_text(self, text: str) -> list[str]:
        if not text:
            return []
        if text in self._known:
            return [self._known[text]]
        if tidy(text) in self._known:
            return [self._one(text)]
        listed = as_list(text)
        if listed is not None:
            return [self._one(each) for each in listed]
        return [self._one(part) for part in self._parts(text)]

    def _parts(self, text: str) -> list[str]:
        """Return the names in a cell: other signs than bars part them where each is a label."""
        for mark in SEPARATORS:
            parts = text.strip("{} ").split(mark)
            if len(parts) > 1 and all(tidy(part) in self._known for part in parts):
                return parts
        return text.split("|")

    def _one(self, value: Any) -> str:
        if isinstance(value, bool):
            return self._folded.get(str(value).casefold(), str(value).lower())
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return ""
        if isinstance(value, (int, float)):
            value = str(int(value)) if value == int(value) and abs(value) < 1e15 else str(value)
        if not isinstance(value, str):
            raise NoLabel
        return self._name(tidy(value))

    def _name(self, name: str) -> str:
        if name in self._known:
            return self._known[name]
        if is_nothing(name):
            return ""
        whole = _whole_number(name)
        if whole in self._known:
            return self._known[whole]
        if name.casefold() in {"true", "false"}:
            return self._folded.get(name.casefold(), name)
        return name


def tidy(name: str) -> str:
    """Return a name as it is compared: composed, trimmed, without what nobody sees."""
    if name.isascii():
        return name.strip()
    return unicodedata.normalize("NFC", name.translate(UNSEEN)).strip()


def is_nothing(name: str) -> bool:
    """Return whether this is how programs write a missing value."""
    return name.casefold() in NOTHING


def _whole_number(name: str) -> str:
    """Return “1” for “1.0”, as spreadsheets and pandas write whole numbers."""
    whole, point, rest = name.partition(".")
    return whole if point and rest and not rest.strip("0") else name


def as_list(text: str) -> list[Any] | None:
    """Return the elements of a list in a cell: JSON, Python's, or the choices of Label Studio."""
    start = text.lstrip()[:1]
    if start not in ("[", "{", "(") or len(text) > LONGEST_LIST:
        return None
    if NUMPY_LIST.fullmatch(text.strip()):
        return ["".join(each) for each in QUOTED.findall(text)]
    for parse in (json.loads, ast.literal_eval):
        try:
            found: Any = parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, dict):
            found = found.get("choices")
        if isinstance(found, (list, tuple, set)):
            return sorted(found, key=str) if isinstance(found, set) else list(found)
    return None
