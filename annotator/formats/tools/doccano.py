"""doccano: texts with a list of labels, in the field names of its versions."""

from collections.abc import Callable, Sequence
from typing import Any

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import Record, Tool, list_of, mapping_of, share

TEXTS = ("text", "filename")


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
    return "Comments" in record and any(
        isinstance(record.get(e), list) for e in ("label", "labels")
    )


def reader(
    _sample: Sequence[Record], _wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader; spans and their kinds are no labels of the whole text."""
    return _given


def _given(record: Record) -> Given:
    fields = dict(record)
    answers: list[GivenAnswer] = []
    for each in map(mapping_of, list_of(fields.pop("annotations", None))):
        if "start_offset" not in each:
            user = str(each.get("user") or "")
            answers.append(GivenAnswer((each.get("label"),), annotator=user))  # type: ignore[arg-type]
    for name in ("label", "labels"):
        whole = [each for each in list_of(fields.pop(name, None)) if not isinstance(each, list)]
        if whole:
            answers.append(GivenAnswer(tuple(whole), annotator=str(record.get("username") or "")))
    fields.pop("username", None)
    note = "\n".join(map(str, list_of(fields.pop("Comments", None))))
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


TOOL = Tool("doccano", "doccano", fits, reader)
