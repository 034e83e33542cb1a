"""Label Studio: tasks with regions of `labels`, and the flat JSON_MIN and CSV.

Offsets of newer versions are code points. In a quote, a line end stands as a backslash and an n.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from annotator.formats.base import Columns, GivenAnswer, Reason, because
from annotator.formats.spans.parsing import answer_of
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools import label_studio
from annotator.formats.tools.base import (
    Record,
    Tool,
    as_confidence,
    as_number,
    as_time,
    list_of,
    mapping_of,
)
from annotator.formats.tools.winnow import parsed

# What regions may be called, beside “labels”.
KINDS = ("labels", "hypertextlabels", "paragraphlabels")
TEXTS = ("text", "content", "document", "body")


def reader(
    _sample: Sequence[Record], wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of tasks; a named label column is the name of a control."""

    def given(record: Record) -> Given:
        data, meta = dict(mapping_of(record.get("data"))), mapping_of(record.get("meta"))
        key = data.pop(label_studio.WINNOW_ID, None)
        field = wanted.text or next((name for name in TEXTS if isinstance(data.get(name), str)), "")
        if field and field != "text":
            data["text"] = data.pop(field)
        fields = {**({} if key else meta), **data, "id": key or record.get("id")}
        text, control = str(fields.get("text") or ""), wanted.label
        done = list_of(record.get("annotations") or record.get("completions"))
        answers = [_answer(mapping_of(each), control, text) for each in done]
        answers += _suggestions(record, control, text)
        told = tuple(_left_out(map(mapping_of, done), control))
        return Given(fields, tuple(answers), (), meta if key else {}, told)

    return given


def _answer(annotation: Mapping[str, Any], control: str, text: str) -> GivenAnswer:
    by = annotation.get("completed_by")
    by = by.get("email") or by.get("id") if isinstance(by, Mapping) else by
    about: dict[str, Any] = {
        "annotator": "" if by is None else str(by),
        "created_at": as_time(annotation.get("created_at")),
        "seconds": as_number(annotation.get("lead_time")),
    }
    if annotation.get("was_cancelled"):
        return GivenAnswer(kind="skip", **about)
    return answer_of(list(_regions(annotation, control, text)), **about)


def _suggestions(record: Record, control: str, text: str) -> Iterator[GivenAnswer]:
    for each in map(mapping_of, list_of(record.get("predictions"))):
        sure = as_confidence(each.get("score"))
        found = list(_regions(each, control, text))
        yield answer_of(found, kind="suggestion", confidence=sure)


def _regions(annotation: Mapping[str, Any], control: str, text: str) -> Iterator[dict[str, Any]]:
    for each in map(mapping_of, list_of(annotation.get("result"))):
        if _is_region(each, control):
            value = mapping_of(each.get("value"))
            labels = list_of(value.get(str(each["type"])))
            yield from _spans(value, labels, text, each.get("score"))


def _is_region(result: Mapping[str, Any], control: str) -> bool:
    return result.get("type") in KINDS and control in ("", result.get("from_name"))


def _spans(
    value: Mapping[str, Any], labels: Sequence[Any], text: str, score: Any = None
) -> Iterator[dict[str, Any]]:
    """Yield a span for each label of a region."""
    place = mapping_of(value.get("globalOffsets")) or value
    about = {"start": place.get("start"), "end": place.get("end"), "score": score}
    for label in labels:
        yield {**about, "label": label, "text": _quote(value.get("text"), text)}


def _quote(quote: Any, text: str) -> Any:
    """Return a quote with the line ends that the text has there."""
    if not isinstance(quote, str) or r"\n" not in quote or quote in text:
        return quote
    pattern = re.escape(quote).replace(re.escape(r"\n"), r"[\r\n]")
    found = re.search(pattern, text)
    return found[0] if found else quote


def _left_out(annotations: Iterator[Mapping[str, Any]], control: str) -> Iterator[Reason]:
    """Yield what of the annotations is no span, for the report."""
    others: Counter[str] = Counter()
    for annotation in annotations:
        for each in map(mapping_of, list_of(annotation.get("result"))):
            kind = str(each.get("type"))
            if not _is_region(each, control):
                others[kind] += 1
            elif not list_of(mapping_of(each.get("value")).get(kind)):
                others["without a label"] += 1
    if others:
        listed = ", ".join(f"{n} {kind}" for kind, n in sorted(others.items()))
        yield because("not_spans", listed=listed)


# JSON_MIN and CSV ---------------------------------------------------------------------------------


def read_flat(
    sample: Sequence[Record], wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of annotations; one without a field of regions says that nothing is there.

    Those that were skipped are in no such file.
    """
    control = wanted.label or _control(sample)
    field = wanted.text or next((name for name in TEXTS if name in sample[0]), "text")
    own = {*label_studio.OF_ANNOTATION, control}

    def given(record: Record) -> Given:
        fields = {name: value for name, value in record.items() if name not in own}
        fields["text"] = fields.pop(field, None)
        regions = [
            span
            for each in map(mapping_of, list_of(parsed(record.get(control))))
            for span in _spans(each, list_of(each.get("labels")), str(fields.get("text") or ""))
        ]
        answer = answer_of(
            regions,
            annotator=str(record.get("annotator") or ""),
            created_at=as_time(record.get("created_at")),
            seconds=as_number(record.get("lead_time")),
        )
        return Given({**fields, "id": record.get("id")}, (answer,), ())

    return given


def _is_flat(sample: Sequence[Record]) -> bool:
    return label_studio.is_flat(sample) and bool(_control(sample))


def _control(sample: Sequence[Record]) -> str:
    """Return the first field with regions; empty if there is none."""
    for record in sample:
        for name, value in record.items():
            regions = list_of(parsed(value))
            if regions and all({"start", "end", "labels"} <= set(mapping_of(r)) for r in regions):
                return name
    return ""


FLAT = Tool(
    "label-studio-min",
    "Label Studio (CSV, JSON_MIN)",
    _is_flat,
    read_flat,
    label_studio.FLAT.group,
)
TOOL = Tool("label-studio", "Label Studio", label_studio.is_json, reader)
