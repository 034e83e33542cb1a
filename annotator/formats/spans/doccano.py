"""doccano: texts with `label` or `entities`, by code points; sets of one person a file."""

from collections.abc import Callable, Iterator, Sequence

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.spans.parsing import answer_of, by_person
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import Record, Tool, list_of, mapping_of, share

OWN = ("Comments", "comments", "username", "relations", "cats")


def fits(sample: Sequence[Record]) -> bool:
    """Return whether most records have doccano's fields, or its spans."""
    return share(sample, _is_one) > 0.5


def _is_one(record: Record) -> bool:
    notes = record.get("annotations")
    is_old = isinstance(notes, list) and any("start_offset" in mapping_of(each) for each in notes)
    entities = list_of(record.get("entities"))
    is_relation = any("start_offset" in mapping_of(each) for each in entities)
    return "text" in record and (is_old or is_relation or "Comments" in record)


def reader(
    _sample: Sequence[Record], _wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of texts."""
    return _given


def _given(record: Record) -> Given:
    fields = {name: value for name, value in record.items() if name not in OWN}
    comments = list_of(record.get("Comments") or record.get("comments"))
    note = "\n".join(map(str, comments))
    answers = by_person(_answers(fields, str(record.get("username") or ""), note))
    # What no span can hold stays with the item.
    beside = {"relations": record.get("relations"), "Comments": None if answers else comments}
    fields |= {name: value for name, value in beside.items() if value}
    is_own = "username" in record
    meta = {
        name.removeprefix("meta."): fields.pop(name)
        for name in list(fields)
        if is_own and name.startswith("meta.")
    }
    return Given(fields, answers, (), meta)


def _answers(fields: Record, person: str, note: str) -> Iterator[GivenAnswer]:
    for name in ("label", "labels", "entities"):
        entries = fields.pop(name, None)
        if entries is not None:
            yield answer_of(entries, annotator=person, note=note)
    notes = fields.pop("annotations", None)
    for each in list_of(notes):
        yield answer_of([each], annotator=str(mapping_of(each).get("user") or ""), note=note)
    if notes == []:
        yield answer_of([], annotator=person, note=note)


TOOL = Tool("doccano", "doccano", fits, reader)
