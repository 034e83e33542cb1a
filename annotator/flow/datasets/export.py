"""Export of annotations with their provenance; streamed, so size does not matter."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from annotator import tasktypes
from annotator.db.one_moment import one_moment
from annotator.errors import Invalid
from annotator.flow.datasets.outgoing import by_document, by_item, choices, predictions, unaligned
from annotator.flow.datasets.outgoing import records as by_annotation
from annotator.flow.datasets.outgoing.choices import INCLUDES, Choices
from annotator.flow.datasets.outgoing.unaligned import Unaligned
from annotator.flow.evaluation import audit_judgements
from annotator.flow.labels import naming
from annotator.formats import Outgoing, Writer
from annotator.formats.registry import WRITERS
from annotator.models import Item, Project

__all__ = [
    "INCLUDES",
    "Choices",
    "checked",
    "file_name",
    "outgoing",
    "records",
    "stream",
    "total",
    "unaligned_spans",
    "writer_of",
]

TELL_EVERY = 500

Record = dict[str, Any]


def stream(
    project: Project,
    format: str,
    include: Collection[str] = (),
    wanted: Choices | None = None,
    tell: Callable[[int], None] | None = None,
) -> Iterator[bytes]:
    """Yield the project's annotations in the given format, oldest first, then included rows.

    Everything is as it was in one moment. `include` adds "withdrawn" annotations, "skipped" and
    "unlabelled" items, and "predictions". `tell` is called with the number of records so far.
    """
    writer = writer_of(format)
    wanted = wanted or choices.parsed(project, {"include": tuple(include)})
    return _written(project, writer, of_writer(writer, wanted), tell)


def checked(project: Project, format: str, given: Mapping[str, Any]) -> tuple[Writer, Choices]:
    """Return the writer and the choices of a request; Invalid names the first bad one."""
    writer = writer_of(format)
    if writer.of_spans and tasktypes.of(project).answer.of_classes:
        names = ", ".join(name for name, each in WRITERS.items() if not each.of_spans)
        raise Invalid("unknown_format", field="format", name=format[:40], names=names)
    return writer, choices.parsed(project, given)


def writer_of(format: str) -> Writer:
    """Return the writer of a format; Invalid if there is none, or not on this server."""
    if format not in WRITERS:
        names = ", ".join(WRITERS)
        raise Invalid("unknown_format", field="format", name=format[:40], names=names)
    writer = WRITERS[format]
    if writer.needs and find_spec(writer.needs) is None:
        raise Invalid("format_missing", field="format", name=writer.title, package=writer.needs)
    return writer


def file_name(project: Project, writer: Writer) -> str:
    """Return the name of an export's file, in plain letters."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", project.name).strip("-").lower() or "project"
    return f"{slug}.{writer.suffix}"


def of_writer(writer: Writer, wanted: Choices) -> Choices:
    """Return the choices as a format can have them: some have one record an item."""
    return replace(wanted, unit="item") if writer.by_item else wanted


def _written(
    project: Project, writer: Writer, wanted: Choices, tell: Callable[[int], None] | None
) -> Iterator[bytes]:
    with one_moment():
        found = records(project, wanted)
        if tell is not None:
            found = _counted(found, tell)
        answer = tasktypes.of(project).answer
        found = map(answer.told_to_tools if writer.is_tool else answer.told, found)
        yield from writer.write(found, outgoing(project, writer, wanted))


def _counted(found: Iterator[Record], tell: Callable[[int], None]) -> Iterator[Record]:
    number = 0
    for number, each in enumerate(found, start=1):
        yield each
        if number % TELL_EVERY == 0:
            tell(number)
    tell(number)


def records(project: Project, wanted: Choices | None = None) -> Iterator[Record]:
    """Yield the records of the choices, or else those of all annotations that stand."""
    wanted = wanted or Choices()
    predicted = predictions.of_pool(project) if "predictions" in wanted.include else None
    about = by_annotation.About(project, audit_judgements.of_audits(project), predicted)
    found: Iterator[Record] = _kind(wanted).records(about, wanted)
    return found


def _kind(wanted: Choices) -> Any:
    return {"item": by_item, "document": by_document}.get(wanted.unit, by_annotation)


def outgoing(project: Project, writer: Writer, wanted: Choices) -> Outgoing:
    """Return what an export has, whether or not there is a record."""
    kind = tasktypes.of(project)
    predicted = predictions.Predicted(project) if "predictions" in wanted.include else None
    about = by_annotation.About(project, audit_judgements.Judged(project), predicted)
    empty = Item(project=project, position=0, content=dict.fromkeys(kind.media.fields, ""))
    told = _kind(wanted).record(about, empty)
    return Outgoing(
        columns=tuple(told if writer.is_tool else kind.answer.told(told)),
        parts=tuple(kind.media.export(empty)),
        labels=tuple(label.name for label in naming.labels_of(project)),
        takes_several=kind.answer.takes_several,
        spans=not kind.answer.of_classes,
        unaligned=wanted.unaligned,
    )


def unaligned_spans(project: Project, writer: Writer, wanted: Choices) -> Unaligned | None:
    """Return what of the spans a format holds otherwise; None for one that holds all of them."""
    if writer.tokeniser is None:
        return None
    found = records(project, of_writer(writer, wanted))
    return unaligned.find(found, writer, wanted.unaligned)


def total(project: Project, wanted: Choices) -> int:
    """Return how many records go out; an upper bound where the label that counts was chosen."""
    if wanted.unit != "annotation":
        return int(choices.items(project, wanted).count())
    found: int = choices.answers(project, wanted).count()
    if "skipped" in wanted.include:
        found += choices.skips(project, wanted).count()
    if "unlabelled" in wanted.include:
        found += choices.unlabelled(project, wanted).count()
    return found
