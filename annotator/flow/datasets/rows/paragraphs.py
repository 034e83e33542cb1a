"""Long texts in paragraphs: a row becomes an item for each, which knows its place in the document.

The paragraphs of a text are all of it: put together, they are the text again, to the letter.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from annotator import tasktypes
from annotator.flow.datasets.rows.fates import Entry
from annotator.formats import GivenAnswer, GivenSpan, Paragraph, RejectedRow, Row
from annotator.formats.base import because
from annotator.models import Import
from annotator.projectsettings.marking import DOCUMENT_PARTS, LINES, PARAGRAPHS
from annotator.tasktypes.base import MARKS
from annotator.tasktypes.paragraphs import PLACE, key_of

# What ends a part; it belongs to the part before it.
ENDS = {
    PARAGRAPHS: re.compile(r"(?:\r\n|\n|\r)[^\S\r\n]*(?:\r\n|\n|\r)\s*"),
    LINES: re.compile(r"(?:\r\n|\n|\r)\s*"),
}


def in_parts(work: Import, entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the entries of a file, with a row for each part where the project wants parts."""
    wanted = DOCUMENT_PARTS.value(work.project)
    if wanted not in ENDS or MARKS not in tasktypes.of(work.project).can:
        yield from entries
        return
    for entry in entries:
        if isinstance(entry, Row) and isinstance(entry.content, str):
            yield from _parts(work, entry, ENDS[wanted])
        else:
            yield entry


def _parts(work: Import, row: Row, end: re.Pattern[str]) -> Iterator[Entry]:
    text = str(row.content)
    borders = _borders(text, end)
    # A part that comes back from an export is one, and a wrong span is refused as it stands.
    is_part = PLACE in row.meta or row.vector is not None
    if len(borders) < 2 or is_part or not all(_fits(each, text) for each in _spans(row)):
        yield row
        return
    crossing = next((each for each in _spans(row) if _home(each, borders) is None), None)
    if crossing is not None:
        yield _crossing(row, text, crossing)
        return
    key = "" if work.ignore_ids else row.key
    document = key or f"{work.pk}-{row.number}"
    for number, (start, stop) in enumerate(borders, start=1):
        place = {"document": document, "number": number, "of": len(borders), "start": start}
        yield replace(
            row,
            content=Paragraph(text[start:stop], f"{document}\x00{start}"),
            key=key_of(document, number),
            meta={**row.meta, PLACE: place},
            answers=tuple(_within(each, start, stop) for each in row.answers),
        )


def _borders(text: str, end: re.Pattern[str]) -> list[tuple[int, int]]:
    """Return where each part starts and stops; blanks before the first one belong to it."""
    first = len(text) - len(text.lstrip())
    stops = [each.end() for each in end.finditer(text, first) if each.end() < len(text)]
    return list(zip([0, *stops], [*stops, len(text)], strict=True))


def _spans(row: Row) -> Iterator[GivenSpan]:
    for answer in row.answers:
        yield from answer.spans or ()


def _fits(span: GivenSpan, text: str) -> bool:
    is_there = 0 <= span.start < span.end <= len(text)
    return is_there and span.quote in (None, text[span.start : span.end])


def _home(span: GivenSpan, borders: list[tuple[int, int]]) -> tuple[int, int] | None:
    return next((each for each in borders if each[0] <= span.start and span.end <= each[1]), None)


def _within(answer: GivenAnswer, start: int, stop: int) -> GivenAnswer:
    """Return an answer with the spans of a part, counted from its start."""
    if answer.spans is None:
        return answer
    here = (each for each in answer.spans if start <= each.start and each.end <= stop)
    moved = (replace(each, start=each.start - start, end=each.end - start) for each in here)
    return replace(answer, spans=tuple(moved))


def _crossing(row: Row, text: str, span: GivenSpan) -> RejectedRow:
    quote = text[span.start : span.end][:60]
    reason = because("span_crosses_parts", start=span.start, end=span.end, quote=quote)
    return RejectedRow(row.number, reason)
