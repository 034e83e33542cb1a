"""Standoff annotations as brat has them: a line each, which points into a text beside it.

A span over several lines stands there as one piece a line; pieces with words between them are no
span that could be kept.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from annotator.formats.base import GivenAnswer, GivenSpan, Reason, because
from annotator.formats.spans.parsing import NoSpan, converted

# The first letter of a line's id, and what the line is of which nothing is kept.
LEFT_OUT = {
    "R": "relations",
    "*": "relations",
    "E": "events",
    "A": "attributes",
    "M": "attributes",
    "N": "normalizations",
    "#": "notes",
}
LINE_ENDS = re.compile("[\r\n]+")


@dataclass(frozen=True)
class Piece:
    """One stretch of an entry, in the unit of the file."""

    start: int
    end: int


@dataclass(frozen=True)
class Entry:
    """A line about a stretch of the text."""

    id: str
    label: str
    pieces: tuple[Piece, ...]
    quote: str


@dataclass
class Standoff:
    """The lines of one text: entries, why they cannot be read, and what else there was."""

    entries: list[Entry] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    problem: Reason | None = None


# Read ---------------------------------------------------------------------------------------------


def parsed(content: str, names: Mapping[str, str]) -> Standoff:
    """Return what the lines say; `names` has the labels by what they are called in such files."""
    found = Standoff()
    for number, line in enumerate(re.split("\r\n|\r|\n", content), start=1):
        if not line.strip():
            continue
        if line[0] == "T":
            try:
                found.entries.append(_entry(number, line, names))
            except NoSpan as problem:
                found.problem = found.problem or problem.reason
        else:
            found.others[LEFT_OUT.get(line[0], "other lines")] += 1
    return found


def _entry(number: int, line: str, names: Mapping[str, str]) -> Entry:
    cells = line.split("\t", 2)
    label, _blank, places = cells[1].partition(" ") if len(cells) > 1 else ("", "", "")
    pieces = [re.fullmatch(r"(-?\d{1,12}) (-?\d{1,12})", each) for each in places.split(";")]
    if not label or not all(pieces):
        raise NoSpan("span_form", message="standoff_line", number=number)
    found = tuple(Piece(int(each[1]), int(each[2])) for each in pieces if each)
    quote = cells[2] if len(cells) > 2 else ""
    return Entry(cells[0], names.get(label, label), found, quote)


def spans_in(found: Standoff) -> list[GivenSpan]:
    """Return the entries of one piece, in the unit of the file, for telling which unit it is."""
    return [
        GivenSpan(each.pieces[0].start, each.pieces[0].end, each.label, each.quote or None)
        for each in found.entries
        if len(each.pieces) == 1 and each.quote
    ]


def answer_in(found: Standoff, text: str, unit: str) -> GivenAnswer:
    """Return the answer with spans in code points, or with why it cannot be read."""
    if found.problem:
        return GivenAnswer(spans=(), problem=found.problem)
    spans = []
    for each in found.entries:
        given = converted(GivenAnswer(spans=_as_spans(each)), text, unit)
        if given.problem:
            return given
        pieces = given.spans or ()
        parts = [text[a.end : b.start] for a, b in pairwise(pieces)]
        if any(not _is_line_end(part) for part in parts):
            return GivenAnswer(spans=(), problem=_discontinuous(each))
        start, end = pieces[0].start, pieces[-1].end
        spans.append(GivenSpan(start, end, each.label, _quote(each, text[start:end])))
    return GivenAnswer(spans=tuple(spans))


def _as_spans(entry: Entry) -> tuple[GivenSpan, ...]:
    return tuple(GivenSpan(piece.start, piece.end, entry.label) for piece in entry.pieces)


def _is_line_end(part: str) -> bool:
    return bool(part) and not part.strip() and LINE_ENDS.search(part) is not None


def _discontinuous(entry: Entry) -> Reason:
    return because("span_pieces", id=entry.id, label=entry.label, n=len(entry.pieces))


def _quote(entry: Entry, there: str) -> str | None:
    """Return the text that a span must cover: what is there if it only differs in white space."""
    if not entry.quote:
        return None
    return there if "".join(entry.quote.split()) == "".join(there.split()) else entry.quote


def left_out(found: Standoff) -> tuple[Reason, ...]:
    """Return what of the lines is not taken, for the report."""
    if not found.others:
        return ()
    listed = ", ".join(f"{n} {kind}" for kind, n in sorted(found.others.items()))
    return (because("not_spans", listed=listed),)


# Write --------------------------------------------------------------------------------------------


def written(text: str, marks: Sequence[Any], names: Mapping[str, str]) -> str:
    """Return the lines of the marks of a text, the pieces of a span apart at line ends."""
    return "".join(
        f"T{number}\t{names[label]} {places}\t{quote}\n"
        for number, (label, places, quote) in enumerate(_lines(text, marks), start=1)
    )


def _lines(text: str, marks: Sequence[Any]) -> Iterator[tuple[str, str, str]]:
    for start, end, label in marks:
        pieces = list(_pieces(text, start, end))
        # At its ends, a line end belongs to no piece.
        if not pieces or (pieces[0][0], pieces[-1][1]) != (start, end):
            pieces = [(start, end)]
        places = ";".join(f"{a} {b}" for a, b in pieces)
        quote = " ".join(LINE_ENDS.sub(" ", text[a:b]) for a, b in pieces)
        yield label, places, quote


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    for gap in LINE_ENDS.finditer(text, start, end):
        if gap.start() > at:
            yield at, gap.start()
        at = gap.end()
    if at < end:
        yield at, end


def called(labels: Collection[str]) -> dict[str, str]:
    """Return what labels are called in these files, which have no white space in a name."""
    found: dict[str, str] = {}
    for label in sorted(labels):
        name = plain = "_".join(label.split()) or "label"
        number = 2
        while name in found.values():
            name, number = f"{plain}_{number}", number + 1
        found[label] = name
    return found
