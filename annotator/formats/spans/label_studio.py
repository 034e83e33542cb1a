"""Label Studio: tasks with regions of `labels`; offsets of newer versions are code points."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from annotator.formats.base import Columns, GivenAnswer
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
        done = list_of(record.get("annotations") or record.get("completions"))
        answers = [_answer(mapping_of(each), wanted.label) for each in done]
        answers += _suggestions(record, wanted.label)
        return Given(fields, tuple(answers), (), meta if key else {})

    return given


def _answer(annotation: Mapping[str, Any], control: str) -> GivenAnswer:
    by = annotation.get("completed_by")
    by = by.get("email") or by.get("id") if isinstance(by, Mapping) else by
    about: dict[str, Any] = {
        "annotator": "" if by is None else str(by),
        "created_at": as_time(annotation.get("created_at")),
        "seconds": as_number(annotation.get("lead_time")),
    }
    if annotation.get("was_cancelled"):
        return GivenAnswer(kind="skip", **about)
    return answer_of(list(_regions(annotation, control)), **about)


def _suggestions(record: Record, control: str) -> Iterator[GivenAnswer]:
    for each in map(mapping_of, list_of(record.get("predictions"))):
        sure = as_confidence(each.get("score"))
        yield answer_of(list(_regions(each, control)), kind="suggestion", confidence=sure)


def _regions(annotation: Mapping[str, Any], control: str) -> Iterator[dict[str, Any]]:
    for each in map(mapping_of, list_of(annotation.get("result"))):
        if each.get("type") not in KINDS or control not in ("", each.get("from_name")):
            continue
        value = dict(mapping_of(each.get("value")))
        place = mapping_of(value.get("globalOffsets")) or value
        for label in list_of(value.get(str(each["type"]))):
            yield {
                "start": place.get("start"),
                "end": place.get("end"),
                "label": label,
                "text": value.get("text"),
                "score": each.get("score"),
            }


TOOL = Tool("label-studio", "Label Studio", label_studio.is_json, reader)
