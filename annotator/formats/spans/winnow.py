"""Winnow's own exports with spans."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.spans.parsing import answer_of
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools import winnow
from annotator.formats.tools.base import Record, Tool, as_number, as_time, list_of, mapping_of

REVIEWS = winnow.REVIEWS
OBJECTS = ("answers", "skips", "spans", "meta")


def reader(
    _sample: Sequence[Record], wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of an export, as JSON or as a table whose formulas were made harmless."""

    def given(record: Record) -> Given:
        if wanted.guarded:
            record = {name: winnow.cell(value) for name, value in record.items()}
        return _given({name: _plain(name, value) for name, value in record.items()})

    return given


def _plain(name: str, value: Any) -> Any:
    """Return a field as JSON has it: in a table, objects stand as their JSON."""
    return winnow.parsed(value) if name in OBJECTS else value


def _given(record: Record) -> Given:
    fields = {"text": record.get("text"), "id": record.get("key")}
    if "answers" in record:
        said = [*list_of(record["answers"]), *map(_as_skip, list_of(record.get("skips")))]
    else:
        said = [record]
    answers = [found for each in said if (found := _answer(mapping_of(each)))]
    return Given(fields, tuple(answers), (), mapping_of(record.get("meta")))


def _as_skip(skip: Any) -> Record:
    told = mapping_of(skip)
    return {"annotator": told.get("annotator"), "created_at": told.get("at"), "skip_reason": ""}


def _answer(record: Mapping[str, Any]) -> GivenAnswer | None:
    if record.get("withdrawn_at") or record.get("source") in REVIEWS:
        return None
    about: dict[str, Any] = {
        "annotator": str(record.get("annotator") or ""),
        "created_at": as_time(record.get("created_at")),
    }
    # Of an item without an answer, the export has neither the id nor the author of one.
    if record.get("id") in (None, ""):
        return GivenAnswer(kind="skip", **about) if record.get("annotator") else None
    return answer_of(
        record.get("spans"),
        seconds=as_number(record.get("seconds")),
        note=str(record.get("note") or ""),
        unsure=record.get("unsure") in (True, "True", "true", "TRUE"),
        **about,
    )


TOOL = Tool("winnow", "Winnow", winnow.fits, reader, winnow.item_of)
