"""Spans of a record, as `GivenSpan`; what is none of them is a problem of its row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from annotator.formats.base import GivenAnswer, GivenSpan, Unusable, because
from annotator.formats.spans.offsets import CODE_POINTS, converter
from annotator.formats.tools.base import as_confidence

# What tools call the borders, the label and the text of a span.
STARTS = ("start", "start_offset", "begin", "from", "start_char", "offset")
ENDS = ("end", "end_offset", "stop", "to", "end_char")
LABELS = ("label", "labels", "tag", "type", "entity", "category", "entity_group")
QUOTES = ("text", "quote", "surface")
SCORES = ("confidence", "score", "probability")


class NoSpan(Unusable):
    """A value is no span."""


def answer_of(entries: Any, **about: Any) -> GivenAnswer:
    """Return the answer with these spans, or with why they cannot be read."""
    try:
        return GivenAnswer(spans=spans_of(entries), **about)
    except NoSpan as problem:
        return GivenAnswer(spans=(), problem=problem.reason, **about)


def spans_of(entries: Any) -> tuple[GivenSpan, ...]:
    """Return the spans of a list; NoSpan names the entry that is none."""
    if not isinstance(entries, (list, tuple)):
        raise NoSpan("span_form", message="spans_no_list")
    return tuple(_span(number, each) for number, each in enumerate(entries))


def _span(number: int, entry: Any) -> GivenSpan:
    if isinstance(entry, Mapping):
        start, end, label = (_first(entry, names) for names in (STARTS, ENDS, LABELS))
        if end is None and type(start) is int and type(entry.get("length")) is int:
            end = start + entry["length"]
        quote, sure = _first(entry, QUOTES), _first(entry, SCORES)
        attribute = entry.get("attribute") or ""
    elif isinstance(entry, (list, tuple)) and len(entry) >= 3:
        (start, end, label), quote, sure = entry[:3], None, None
        attribute = ""
    else:
        start = end = label = quote = sure = attribute = None
    if isinstance(label, (list, tuple)) and len(label) == 1:
        (label,) = label
    is_place = type(start) is int and type(end) is int
    if not is_place or not isinstance(label, (str, int)) or isinstance(label, bool) or label == "":
        raise NoSpan("span_form", message="span_values", number=number)
    if not isinstance(attribute, str):
        raise NoSpan("span_form", message="span_attribute_text", number=number)
    quote = quote if isinstance(quote, str) else None
    return GivenSpan(start, end, str(label), quote, as_confidence(sure), attribute)


def _first(entry: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((entry[name] for name in names if entry.get(name) is not None), None)


def converted(answer: GivenAnswer, text: str, unit: str) -> GivenAnswer:
    """Return an answer of a file in that unit with offsets in code points."""
    if unit == CODE_POINTS or not answer.spans:
        return answer
    convert, found = converter(text, unit), []
    for number, span in enumerate(answer.spans):
        start, end = convert(span.start), convert(span.end)
        if start is None or end is None:
            problem = because("span_border", number=number, unit=unit)
            return replace(answer, spans=(), problem=problem)
        found.append(replace(span, start=start, end=end))
    return replace(answer, spans=tuple(found))


def by_person(answers: Iterable[GivenAnswer]) -> tuple[GivenAnswer, ...]:
    """Return the answers, those of one person and kind joined into one."""
    found: dict[tuple[str, str], GivenAnswer] = {}
    for answer in answers:
        key = (answer.annotator, answer.kind)
        if key in found:
            spans = (*(found[key].spans or ()), *(answer.spans or ()))
            found[key] = replace(found[key], spans=tuple(dict.fromkeys(spans)))
        else:
            found[key] = answer
    return tuple(found.values())
