"""Spans: stretches of a text, each with a label; none at all is an answer as well."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import ngettext

from annotator.errors import Invalid
from annotator.tasktypes.base import EVERYTHING, MARKS, Answer
from annotator.tasktypes.marks import (
    ANY,
    NESTED,
    Mark,
    MarkRules,
    QuotedMark,
    as_ref,
    first_overlap,
)

if TYPE_CHECKING:
    from selection.models import LabelSpace

MOST_SPANS = 10_000
FIELDS = ("start", "end", "label", "attribute", "text", "confidence")
# Fields that contain the spans of an answer; and fields with such records.
ANSWERS = ("labels", "gold", "known", "decided", "truth", "author_labels")
WITHIN = frozenset(
    {
        "annotation",
        "annotations",
        "answers",
        "decision",
        "decisions",
        "hidden_suggestion",
        "history",
        "judged",
        "next",
        "opinions",
        "prediction",
        "predictions",
        "results",
        "spares",
        "suggestion",
    }
)


class Spans(Answer):
    """Any number of labelled stretches; the API field is `spans`."""

    name = "spans"
    field = "spans"
    can = EVERYTHING - {"bulk", "deliver"} | {MARKS}
    takes_several = True
    least_labels = 1
    of_classes = False
    formats = ("conll", "brat", "spacy")
    templates = "tasktypes/spans"
    scripts = ("answers/spans/spans.js",)
    # Those of its folder are served in the same file.
    modules = ("answers/choices.js",)
    style = "answers/spans/desk.css"
    key_groups = frozenset({"marking"})

    def labels(self, given: Any) -> list[Any]:
        if not isinstance(given, list) or len(given) > MOST_SPANS:
            raise Invalid("spans_form", field=self.field, most=MOST_SPANS)
        return [_given(number, each) for number, each in enumerate(given)]

    def marks(self, refs: Sequence[Any], text: str, rules: MarkRules) -> list[Mark]:
        for number, ref in enumerate(refs):
            _check(number, ref, text)
        marks = self.whole([as_ref(ref) for ref in refs], text)
        _refuse_attribute(marks, rules.attributes)
        _refuse_twice(marks)
        if rules.overlap != ANY:
            _refuse_overlap(marks, nested=rules.overlap == NESTED)
        return sorted(marks, key=lambda each: (each.start, -each.end, each.label))

    def whole(self, marks: Sequence[Mark], text: str) -> list[Mark]:
        if not marks or (text.isascii() and "\r" not in text):
            return list(marks)
        # Light, but most texts need none of it.
        from selection.spans.text.characters import character_ends

        borders = [0, *character_ends(text)]
        return [
            Mark(
                borders[bisect_right(borders, mark.start) - 1],
                borders[bisect_left(borders, mark.end)],
                mark.label,
                mark.attribute,
            )
            for mark in marks
        ]

    def title(self, name: Any) -> str:
        return str(name[2]) if isinstance(name, tuple) else str(name)

    def titles_of(self, names: Sequence[Any]) -> list[str]:
        """Return each label with the number of its spans."""
        counts: dict[str, int] = {}
        for name in names:
            counts[self.title(name)] = counts.get(self.title(name), 0) + 1
        return [
            title
            if n == 1
            else ngettext("%(n)d × %(label)s", "%(n)d × %(label)s", n) % {"n": n, "label": title}
            for title, n in counts.items()
        ]

    def told(self, record: dict[str, Any]) -> dict[str, Any]:
        return _told(record, _text_of(record))

    def told_to_tools(self, record: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = _bare(record)
        return found

    def label_space(self, n_classes: int) -> "LabelSpace":
        from selection.models import MultiLabel

        # Which labels occur in a text.
        return MultiLabel(n_classes)

    def check_number(self, labels: int) -> None:
        """Accept any number: a text without a span is answered as well."""


# From requests ------------------------------------------------------------------------------------


def _given(number: int, given: Any) -> Mark | QuotedMark:
    """Return an entry of a request as a mark; Invalid names it if it is none."""
    entry, where = f"spans[{number}]", f"spans.{number}"
    if not isinstance(given, Mapping):
        raise Invalid("span_form", field=where, entry=entry)
    unknown = next((name for name in given if name not in FIELDS), None)
    if unknown is not None:
        names = ", ".join(FIELDS)
        raise Invalid("span_field", field=where, entry=entry, name=str(unknown)[:60], names=names)
    start, end = given.get("start"), given.get("end")
    label: Any = given.get("label")
    # Compare types exactly: True is no number.
    if type(start) is not int or type(end) is not int or type(label) not in (int, str):
        raise Invalid("span_form", field=where, entry=entry)
    quote, attribute = given.get("text"), given.get("attribute") or ""
    if not isinstance(attribute, str) or not isinstance(quote, str | None):
        raise Invalid("span_form", field=where, entry=entry)
    if quote is None:
        return Mark(start, end, label, attribute)
    return QuotedMark(start, end, label, quote, attribute)


def _check(number: int, ref: Any, text: str) -> None:
    entry, where = f"spans[{number}]", f"spans.{number}"
    if not isinstance(ref, tuple):
        raise Invalid("span_form", field=where, entry=entry)
    start, end = ref[:2]
    place = {"entry": entry, "start": start, "end": end}
    if start == end:
        raise Invalid("span_empty", field=where, **place)
    if start > end:
        raise Invalid("span_reversed", field=where, **place)
    if start < 0 or end > len(text):
        raise Invalid("span_range", field=where, length=len(text), **place)
    if isinstance(ref, QuotedMark) and text[start:end] != ref.quote:
        there = text[start:end]
        raise Invalid("span_quote", field=where, quote=ref.quote[:60], there=there[:60], **place)


def _refuse_attribute(marks: Sequence[Mark], attributes: Sequence[str]) -> None:
    for number, mark in enumerate(marks):
        if not mark.attribute or mark.attribute in attributes:
            continue
        entry, where, name = f"spans[{number}]", f"spans.{number}", mark.attribute[:60]
        if not attributes:
            raise Invalid("span_attribute_none", field=where, entry=entry, name=name)
        names = ", ".join(attributes)
        raise Invalid("span_attribute", field=where, entry=entry, name=name, names=names)


def _refuse_twice(marks: Sequence[Mark]) -> None:
    seen: set[Mark] = set()
    for number, mark in enumerate(marks):
        if mark.bare in seen:
            raise Invalid("span_twice", field=f"spans.{number}", entry=f"spans[{number}]")
        seen.add(mark.bare)


def _refuse_overlap(marks: Sequence[Mark], *, nested: bool) -> None:
    found = first_overlap(marks, nested=nested)
    if found is None:
        return
    one, other = sorted(marks.index(each) for each in found)
    entry, before, field = f"spans[{other}]", f"spans[{one}]", f"spans.{other}"
    if nested:
        raise Invalid("spans_cross", field=field, entry=entry, other=before)
    raise Invalid("spans_overlap", field=field, entry=entry, other=before)


# To responses -------------------------------------------------------------------------------------


def _text_of(record: Mapping[str, Any]) -> str | None:
    """Return the text that the spans of a record are of, where the record has it."""
    for found in (record, record.get("item"), record.get("content")):
        if isinstance(found, Mapping) and isinstance(found.get("text"), str):
            return str(found["text"])
    return None


def _told(record: dict[str, Any], text: str | None) -> dict[str, Any]:
    text = _text_of(record) or text
    shown = {}
    for name, value in record.items():
        if name in ANSWERS and isinstance(value, list):
            sure = record.get("each") if name == "labels" else None
            shown["spans" if name == "labels" else name] = _spans(value, text, sure)
        elif name != "each":
            shown[name] = _nested(name, value, text)
    return shown


def _nested(name: str, value: Any, text: str | None) -> Any:
    if name not in WITHIN:
        return value
    if isinstance(value, dict):
        return _told(value, text)
    if isinstance(value, list):
        return [_told(each, text) if isinstance(each, dict) else each for each in value]
    return value


def _spans(marks: Sequence[Any], text: str | None, sure: Sequence[float] | None) -> list[Any]:
    return [
        _span(mark, text, None if sure is None else sure[number])
        if isinstance(mark, (tuple, list))
        else mark
        for number, mark in enumerate(marks)
    ]


def _span(mark: Sequence[Any], text: str | None, sure: float | None) -> dict[str, Any]:
    start, end, label = mark[:3]
    told = {"start": start, "end": end, "label": label}
    if len(mark) > 3:
        told["attribute"] = mark[3]
    if text is not None:
        told["text"] = text[start:end]
    return told if sure is None else {**told, "confidence": sure}


# To other tools -----------------------------------------------------------------------------------


def _bare(value: Any) -> Any:
    """Return a record without attributes, which other tools keep in forms of their own."""
    if isinstance(value, Mark):
        return value.bare
    if isinstance(value, dict):
        return {name: _bare(each) for name, each in value.items()}
    return [_bare(each) for each in value] if isinstance(value, list) else value


SPANS = Spans()
