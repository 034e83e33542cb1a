"""doccano: texts with a list of labels, in the field names of its versions."""

from collections.abc import Callable, Sequence
from typing import Any

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import Record, Tool, list_of, mapping_of, share

TEXTS = ("text", "filename", "data")
LABELS = ("label", "labels")


def fits(sample: Sequence[Record]) -> bool:
    """Return whether the records have doccano's annotations, or fields that only it has."""
    return share(sample, _is_old) > 0.5 or share(sample, _is_new) > 0.5


def _is_old(record: Record) -> bool:
    notes = record.get("annotations")
    return (
        any(name in record for name in TEXTS)
        and isinstance(notes, list)
        and all(
            isinstance(each, dict) and "label" in each and "result" not in each for each in notes
        )
    )


def _is_new(record: Record) -> bool:
    has_list = any(isinstance(record.get(each), list) for each in LABELS)
    if "Comments" in record or "username" in record or "doc_id" in record:
        return has_list and any(name in record for name in TEXTS)
    # Some versions call the text "data", also in tables.
    return "text" not in record and isinstance(record.get("data"), str) and "label" in record


def reader(
    _sample: Sequence[Record], _wanted: Columns, parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader; spans and their kinds are no labels of the whole text."""
    return lambda record: _given(record, parser)


def _given(record: Record, parser: LabelParser) -> Given:
    fields = dict(record)
    if "text" not in fields and isinstance(fields.get("data"), str):
        fields["text"] = fields.pop("data")
    if "id" not in fields and "doc_id" in fields:
        fields["id"] = fields.pop("doc_id")
    answers: list[GivenAnswer] = []
    for each in map(mapping_of, list_of(fields.pop("annotations", None))):
        if "start_offset" not in each:
            user = str(each.get("user") or "")
            answers.append(GivenAnswer((each.get("label"),), annotator=user))  # type: ignore[arg-type]
    for name in LABELS:
        given = fields.pop(name, None)
        listed = parser.of(given) if isinstance(given, str) else list_of(given)
        whole = [each for each in listed if not isinstance(each, list)]
        if whole:
            answers.append(GivenAnswer(tuple(whole), annotator=str(record.get("username") or "")))
    fields.pop("username", None)
    comments = list_of(fields.pop("Comments", None))
    if not answers and comments:
        # Without an answer that they are about, they stay with the item.
        fields["Comments"] = comments
    note = "\n".join(map(str, comments))
    merged = _by_person(answers, note)
    meta = {
        name.removeprefix("meta."): fields.pop(name)
        for name in list(fields)
        if "username" in record and name.startswith("meta.")
    }
    return Given(fields, merged, merged[0].labels if merged else (), meta)


def _by_person(answers: Sequence[GivenAnswer], note: str) -> tuple[GivenAnswer, ...]:
    people: dict[str, list[Any]] = {}
    for answer in answers:
        people.setdefault(answer.annotator, []).extend(answer.labels)
    return tuple(
        GivenAnswer(tuple(dict.fromkeys(map(str, labels))), annotator=name, note=note)
        for name, labels in people.items()
    )


def _item(record: Record) -> Any:
    # Of several people, each has a record of the item.
    if "username" not in record:
        return None
    return record.get("doc_id", record.get("id")), str(record.get("text", record.get("data")))


TOOL = Tool("doccano", "doccano", fits, reader, _item)
