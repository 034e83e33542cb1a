"""spaCy's DocBin, where spaCy is installed: documents with entities, and with a group of spans.

All spans are in the group "sc", which spaCy's span categoriser reads; entities are those of them
that do not overlap, the outermost first. In: entities and that group, or the only one there is.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from annotator.formats.base import (
    Columns,
    GivenAnswer,
    GivenSpan,
    Looked,
    Note,
    Outgoing,
    Reader,
    Reason,
    RejectedRow,
    Row,
    Rows,
    Tokeniser,
    UnreadableFile,
    Writer,
    because,
)
from annotator.formats.span_files import docbin
from annotator.formats.spans.alignment import all_fitted, outermost
from annotator.formats.tables.columns import Found
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given, as_row

GROUP = "sc"
# The tokens of spaCy that no language of its own is needed for.
LANGUAGE = "xx"
LONGEST_TEXT = 2_000_000


# Read ---------------------------------------------------------------------------------------------


def look(path: Path, _columns: Columns) -> Looked:
    """Count the documents; UnreadableFile if there are none, or without spaCy."""
    if find_spec("spacy") is None:
        raise UnreadableFile("spacy_missing")
    found = sum(1 for _each in docbin.documents(path))
    if not found:
        raise UnreadableFile("empty_file")
    return Looked(found, notes=(Note("read_as_tool", {"tool": "spaCy"}),))


def read(path: Path, columns: Columns, _looked: Looked, _label_names: set[str]) -> Rows:
    """Yield each document in order, numbered from 1."""
    for number, document in enumerate(docbin.documents(path), start=1):
        yield _row(number, document, columns.label)


def _row(number: int, document: docbin.Document, wanted: str) -> Row | RejectedRow:
    groups = document.groups
    name = wanted or (GROUP if GROUP in groups or len(groups) != 1 else next(iter(groups)))
    marks = list(dict.fromkeys([*(document.ents or ()), *groups.get(name, ())]))
    is_said = document.ents is not None or name in groups
    spans = tuple(
        GivenSpan(start, end, label, document.text[start:end]) for start, end, label in marks
    )
    given = Given(
        {"text": document.text, "id": document.key}, (GivenAnswer(spans=spans),) if is_said else ()
    )
    made = as_row(number, given, Found({"text": "text"}, id="id"), LabelParser(()))
    if isinstance(made, RejectedRow):
        return made
    return Row(**{**vars(made), "told": _left_out(document, name)})


def _left_out(document: docbin.Document, name: str) -> tuple[Reason, ...]:
    others = [f"spans[{each!r}]" for each in document.groups if each != name]
    listed = ", ".join([*sorted(document.others), *others])
    return (because("not_spans", listed=listed),) if listed else ()


# Write --------------------------------------------------------------------------------------------


def tokeniser() -> Tokeniser:
    """Return how spaCy cuts texts."""
    make = _pipeline().make_doc

    def borders(text: str) -> list[tuple[int, int]]:
        return [(each.idx, each.idx + len(each)) for each in make(text) if not each.is_space]

    return borders


def _pipeline() -> Any:
    import spacy

    made = spacy.blank(LANGUAGE)
    made.max_length = LONGEST_TEXT
    return made


def write(records: Iterator[dict[str, Any]], about: Outgoing) -> Iterator[bytes]:
    """Yield the file of the texts that have an answer; spaCy only writes it as a whole."""
    from spacy.tokens import DocBin

    made, pipeline = DocBin(store_user_data=True), _pipeline()
    for record in records:
        if record["resolved_by"] is not None:
            made.add(_document(pipeline, record, about.unaligned))
    yield made.to_bytes()


def _document(pipeline: Any, record: dict[str, Any], way: str) -> Any:
    document = pipeline.make_doc(record["text"])
    borders = [(each.idx, each.idx + len(each)) for each in document if not each.is_space]
    marks = all_fitted(record["labels"], borders, way)
    document.set_ents([document.char_span(*mark) for mark in outermost(marks)], default="outside")
    document.spans[GROUP] = [document.char_span(*mark) for mark in marks]
    document.user_data["id"] = record["key"]
    return document


READER = Reader("spacy", "spaCy (DocBin)", (".spacy",), look, read)
WRITER = Writer(
    "spacy",
    "application/octet-stream",
    write,
    "spaCy (DocBin)",
    "spacy",
    is_tool=True,
    by_item=True,
    needs="spacy",
    of_spans=True,
    tokeniser=tokeniser,
)
