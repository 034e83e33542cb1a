"""What an import, or a look at a file, found: notes in words, and the dry run as it is answered."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from annotator.flow.datasets.preview import Preview, PreviewItem
from annotator.flow.datasets.rows.report import Fate
from annotator.formats import Note, registry
from annotator.i18n.reasons import worded
from annotator.i18n.stored_messages import translated

NOTES = {
    "label_read_as": gettext_noop("The label “%(name)s” in the file was read as “%(label)s”."),
    "lines_before_header": gettext_noop("Lines before the header that were passed over: %(n)s."),
    "no_header": gettext_noop(
        "The file seems to have no header line. Its first line was read as data."
    ),
    "only_column": gettext_noop("The only column, “%(name)s”, was taken for the text."),
    "escaped_quotes": gettext_noop(
        "A backslash in front of a quotation mark was read as part of the quotation mark."
    ),
    "label_columns": gettext_noop(
        "These columns, which tell whether an item has a label, were read as labels: %(names)s."
    ),
    "columns_of_labels": gettext_noop(
        "These columns are called like labels, but were not read as such: %(names)s. They count if "
        "each of their cells is 1 or 0, yes or no, x or empty."
    ),
    "quotes_are_letters": gettext_noop(
        "The quotation marks of this file were read as part of its texts."
    ),
    "whole_rows_quoted": gettext_noop(
        "Whole rows stand in quotation marks. They were parted into their cells."
    ),
    "unnamed_columns": gettext_noop("Columns without a name and content were left out: %(n)s."),
    "columns_named": gettext_noop(
        "Columns without a name were kept under the names %(names)s: %(n)s."
    ),
    "read_as_encoding": gettext_noop("The file isn't UTF-8. It was read as %(name)s."),
    "encoding_unsure": gettext_noop(
        "The file isn't UTF-8. It was read as %(name)s, but other encodings fit as well. Check the "
        "texts; if they are wrong, undo the import and name the encoding."
    ),
    "encodings": gettext_noop("Some files of the archive were read in other encodings: %(names)s."),
    "names_read_as": gettext_noop(
        "The names of the files in the archive are in no encoding that it tells. They were read as "
        "%(name)s."
    ),
    "offsets_converted": gettext_noop(
        "The offsets of this file count %(unit)s. They were converted into code points."
    ),
    "ends_inclusive": gettext_noop(
        "Most spans of this file end within a word, one character too early. Here, the end is the "
        "character after a span. If the ends in this file are the last characters, add 1 to each."
    ),
    "read_as_tool": gettext_noop("The file was read as an export of %(tool)s."),
    "other_sheets": gettext_noop(
        "Only the sheet “%(sheet)s” was read. The file also has: %(others)s."
    ),
    "merged_cells": gettext_noop(
        "Merged cells were read as having their content in each of their rows: %(n)s."
    ),
    "tables": gettext_noop("Tables in the file that were read one after the other: %(n)s."),
    "text_files": gettext_noop("Each text file of the archive was read as one item: %(n)s."),
    "folders_without_label": gettext_noop(
        "Images in folders that aren't called like a label have no label: %(n)s (%(names)s)."
    ),
    "no_labels": gettext_noop("These values were read as “no label”: %(values)s."),
    "class_names": gettext_noop(
        "The numbers in %(names)s were read as the names of classes that the file has for them."
    ),
    "ids_taken": gettext_noop(
        "Some IDs belong to different items already. If they number the rows, choose to leave the "
        "IDs of this file aside; if the contents were corrected, to update items with the same ID."
    ),
    "no_ids": gettext_noop("These values were read as “no ID”: %(values)s."),
    "labels_beside": gettext_noop(
        "The column “%(name)s” has names of labels, but was not read as the label. Name it as the "
        "label column if it is."
    ),
}


def formats() -> list[tuple[str, str | Promise]]:
    """Return (kind, title) of the formats to choose from; without one, it is detected."""
    return [("", gettext_lazy("Detect from file name")), *registry.choices()]


def notes(stored: list[Any]) -> list[str]:
    """Return the notes of an import in words; older ones are stored as sentences."""
    return [
        translated(each) if isinstance(each, str) else _worded(each["code"], each["values"])
        for each in stored
    ]


def _worded(code: str, values: Mapping[str, Any]) -> str:
    if code not in NOTES:
        return " ".join([code.replace("_", " "), *map(str, values.values())])
    return _(NOTES[code]) % values


def note(found: Note) -> str:
    """Return a note in words."""
    return _worded(found.code, found.values)


def preview(found: Preview) -> dict[str, Any]:
    """Return what an import of an upload would do, as the API answers it."""
    looked = found.looked
    counts = {fate.value: found.counts[fate] for fate in Fate if fate != Fate.CREATED}
    return {
        "upload": str(found.upload.pk),
        "name": found.upload.name,
        "format": found.format,
        "encoding": looked.encoding,
        "encoding_is_sure": looked.encoding_is_sure,
        "delimiter": looked.delimiter,
        "columns": list(looked.header),
        "mapping": dict(looked.mapping),
        "rows": [_item(each) for each in found.items],
        "labels": dict(found.labels.most_common()),
        "unknown_labels": [
            {"name": each.name, "rows": each.rows, "did_you_mean": each.near or None}
            for each in found.unknown
        ],
        "new": found.new,
        **counts,
        "unlabelled": found.unlabelled,
        "reasons": dict(found.reasons.most_common()),
        "errors": [line.as_error() for line in found.lines],
        "notes": [note(each) for each in found.notes],
        "rows_read": found.rows,
        "total": found.rows if found.is_complete else max(looked.rows, found.rows),
        "complete": found.is_complete,
    }


def _item(each: PreviewItem) -> dict[str, Any]:
    shown = {"row": each.row, "key": each.key, **each.content, "labels": each.labels}
    told: dict[str, Any] = {**shown, "meta": each.meta}
    return {**told, "problem": worded(each.problem)} if each.problem else told
