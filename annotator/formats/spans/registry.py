"""The tools whose records have spans: a new one is a module here and a line below."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from annotator.formats.base import Columns, GivenAnswer, Note
from annotator.formats.spans import (
    argilla,
    doccano,
    label_studio,
    plain,
    prodigy,
    rows,
    token_lists,
    winnow,
)
from annotator.formats.spans.offsets import CODE_POINTS, seem_inclusive, unit_of
from annotator.formats.spans.parsing import converted
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import Record, Tool

TOOLS: tuple[Tool, ...] = (
    winnow.TOOL,
    label_studio.TOOL,
    label_studio.FLAT,
    prodigy.TOOL,
    argilla.TOOL,
    argilla.OF_ARGILLA_1,
    doccano.TOOL,
    token_lists.TOOL,
    rows.TOOL,
    plain.TOOL,
)


def of(sample: Sequence[Record]) -> Tool | None:
    """Return the tool that wrote the records, with offsets in code points; None for none."""
    found = next((tool for tool in TOOLS if tool.fits(sample)), None)
    return None if found is None else _counting_code_points(found, sample)


@dataclass(frozen=True)
class _Read:
    """What a tool's records say, in code points."""

    given: Callable[[Record], Given]
    unit: str

    def __call__(self, record: Record) -> Given:
        given = self.given(record)
        if self.unit == CODE_POINTS:
            return given
        text = text_of(given)
        return replace(given, answers=tuple(converted(a, text, self.unit) for a in given.answers))


def _counting_code_points(tool: Tool, sample: Sequence[Record]) -> Tool:
    given = tool.reader(sample, Columns(spans=True), LabelParser(()))
    unit = unit_of(_texts(map(given, sample)))
    notes = [] if unit == CODE_POINTS else [Note("offsets_converted", {"unit": unit})]
    if seem_inclusive(_texts(map(_Read(given, unit), sample))):
        notes.append(Note("ends_inclusive"))
    return replace(tool, reader=partial(_reader, tool, unit), notes=tuple(notes))


def _reader(
    tool: Tool, unit: str, sample: Sequence[Record], wanted: Columns, parser: LabelParser
) -> Callable[[Record], Given]:
    return _Read(tool.reader(sample, wanted, parser), unit)


def _texts(records: Iterator[Given]) -> Iterator[tuple[str, Any]]:
    for given in records:
        answers: tuple[GivenAnswer, ...] = given.answers
        spans = [span for each in answers for span in each.spans or ()]
        if spans:
            yield text_of(given), spans


def text_of(given: Given) -> str:
    """Return the text of a record."""
    found = given.fields.get("text")
    return found if isinstance(found, str) else ""
