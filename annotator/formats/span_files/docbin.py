"""What a DocBin holds, read as numbers and texts: no document of spaCy is built from a file.

Such documents trust their input, which comes from strangers here. Only a format that is parsed
whole, arrays of whole numbers and lists of texts, is taken from it.
"""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator.formats.base import UnreadableFile

MOST_BYTES = 1 << 30
HIGHEST_RATIO = 1000
GROUP = struct.Struct(">QQQllll")
# Values of an entity's place.
INSIDE, OUTSIDE, BEGINS = 1, 2, 3
Marks = list[tuple[int, int, str]]


class Damaged(ValueError):
    """A part of the file is not what the format says."""


@dataclass
class Document:
    """One document. `ents` are None where nobody marked entities; borders are of its tokens."""

    text: str
    borders: list[tuple[int, int]]
    ents: Marks | None
    groups: dict[str, Marks] = field(default_factory=dict)
    key: str = ""
    # What else it has, by kind.
    others: Counter[str] = field(default_factory=Counter)


def documents(path: Path) -> Iterator[Document]:
    """Yield the documents of a file; UnreadableFile if it is damaged."""
    try:
        yield from _Parsed(_unpacked(path)).documents()
    except (Damaged, KeyError, TypeError, IndexError, struct.error) as problem:
        raise UnreadableFile("not_docbin", problem=str(problem)[:200]) from problem


def _unpacked(path: Path) -> Mapping[str, Any]:
    size, most = path.stat().st_size, MOST_BYTES
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(path.read_bytes(), min(most, HIGHEST_RATIO * size) + 1)
    except zlib.error as problem:
        raise Damaged(str(problem)) from problem
    if not unpacking.eof:
        if len(content) > min(most, HIGHEST_RATIO * size):
            raise UnreadableFile("too_large", message="docbin_unpacks_to_much")
        raise Damaged("it breaks off")
    found = _object(content)
    if not isinstance(found, Mapping):
        raise Damaged("it holds no object")
    return found


def _object(content: bytes) -> Any:
    from srsly.msgpack import ExtType
    from srsly.msgpack._unpacker import unpackb

    # Not with the hooks of the package: others may have registered theirs.
    try:
        found = unpackb(content, raw=False, strict_map_key=False)
    except Exception as problem:  # the parser has a dozen of them, without a common class
        raise Damaged(str(problem)) from problem
    if isinstance(found, ExtType):
        raise Damaged("it holds no object")
    return found


class _Parsed:
    """The tables of a file, checked against one another."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        from spacy.strings import StringStore

        store = StringStore()
        self.strings: dict[int, str] = {store.add(each): each for each in given["strings"]}
        self.columns: dict[int, int] = {int(name): i for i, name in enumerate(given["attrs"])}
        self.lengths = _array(given["lengths"], "<i4")
        if (self.lengths < 0).any():
            raise Damaged("a length is below 0")
        total = int(self.lengths.sum())
        self.tokens = _table(_array(given["tokens"], "<u8"), total, len(self.columns))
        self.spaces = _array(given["spaces"], "?")
        n = len(self.lengths)
        self.flags = _listed(given.get("flags"), n)
        self.cats = _listed(given.get("cats"), n)
        self.groups = _listed(given.get("span_groups"), n)
        self.user_data = _listed(given.get("user_data"), n)
        if len(self.spaces) != total:
            raise Damaged("its spaces are not those of its tokens")

    def documents(self) -> Iterator[Document]:
        start = 0
        for number, length in enumerate(self.lengths.tolist()):
            yield self._document(number, start, start + length)
            start += length

    def _document(self, number: int, start: int, end: int) -> Document:
        from spacy.attrs import ENT_IOB, ENT_TYPE, HEAD, ORTH

        words = [self._string(each) for each in self._column(ORTH, start, end)]
        flags = self.flags[number]
        is_unknown = isinstance(flags, Mapping) and flags.get("has_unknown_spaces")
        spaces = [True] * len(words) if is_unknown else self.spaces[start:end].tolist()
        text, borders = _joined(words, spaces)
        found = Document(text, borders, None, key=_key(self.user_data[number]))
        if ENT_IOB in self.columns and ENT_TYPE in self.columns:
            places = self._column(ENT_IOB, start, end)
            labels = [self._string(each) for each in self._column(ENT_TYPE, start, end)]
            found.ents = _entities(places, labels, borders)
        found.groups = self._groups(self.groups[number], borders)
        if self.cats[number]:
            found.others["categories"] += 1
        if HEAD in self.columns and any(self._column(HEAD, start, end)):
            found.others["syntax"] += 1
        return found

    def _column(self, name: int, start: int, end: int) -> list[int]:
        if name not in self.columns:
            raise Damaged("it has no words")
        found: list[int] = self.tokens[start:end, self.columns[name]].tolist()
        return found

    def _string(self, number: int) -> str:
        if not number:
            return ""
        if number not in self.strings:
            raise Damaged("a word is not among its strings")
        return str(self.strings[number])

    def _groups(self, given: Any, borders: list[tuple[int, int]]) -> dict[str, Marks]:
        if not given:
            return {}
        known = _object(given)
        pairs = known.items() if isinstance(known, Mapping) else [(each, None) for each in known]
        found = {}
        for content, names in pairs:
            group = _object(content)
            for name in names or [group["name"]]:
                found[str(name)] = [self._span(each, borders) for each in group["spans"]]
        return found

    def _span(self, given: bytes, borders: list[tuple[int, int]]) -> tuple[int, int, str]:
        _id, _kb, label, first, last, start, end = GROUP.unpack(given)
        if not 0 <= first < last <= len(borders):
            raise Damaged("a span lies outside of its text")
        if (borders[first][0], borders[last - 1][1]) != (start, end):
            raise Damaged("a span's tokens and its characters differ")
        return start, end, self._string(label)


def _array(given: Any, kind: str) -> NDArray[Any]:
    try:
        return np.frombuffer(given, dtype=kind)
    except (TypeError, ValueError) as problem:
        raise Damaged(str(problem)) from problem


def _table(flat: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    if flat.size != rows * columns:
        raise Damaged("it has not as many words as it says")
    return flat.reshape(rows, columns)


def _listed(given: Any, n: int) -> list[Any]:
    if given is None:
        return [None] * n
    if not isinstance(given, list) or len(given) != n:
        raise Damaged("its lists are not of equal length")
    return given


def _joined(words: list[str], spaces: list[bool]) -> tuple[str, list[tuple[int, int]]]:
    parts: list[str] = []
    borders, at = [], 0
    for word, has_space in zip(words, spaces, strict=True):
        borders.append((at, at + len(word)))
        parts += (word, " ") if has_space else (word,)
        at += len(word) + has_space
    return "".join(parts), borders


def _entities(places: list[int], labels: list[str], borders: list[tuple[int, int]]) -> Marks | None:
    """Return the entities of the tokens; None where nobody said of any token what it is."""
    if not any(places):
        return None
    found: Marks = []
    last = OUTSIDE
    for place, label, (start, end) in zip(places, labels, borders, strict=True):
        goes_on = place == INSIDE and last in (INSIDE, BEGINS) and found[-1][2] == label
        if goes_on:
            found[-1] = (found[-1][0], end, label)
        elif place in (INSIDE, BEGINS) and label:
            found.append((start, end, label))
        last = place if label else OUTSIDE
    return found


def _key(given: Any) -> str:
    """Return the id that this program leaves with a document."""
    if not given:
        return ""
    known = _object(given)
    key = known.get("id") if isinstance(known, Mapping) else None
    return key if isinstance(key, str) else ""
