"""Choices for an import: what the columns are, and what becomes of rows that do not simply fit."""

import codecs
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from annotator import tasktypes
from annotator.errors import Invalid
from annotator.flow.labels import naming
from annotator.flow.projects.label_set import clean_name
from annotator.formats import Columns
from annotator.models import Import, Project
from annotator.tasktypes.base import MARKS

DELIMITERS = (",", ";", "\t", "|")
# What people write for one that is hard to type.
SPELLED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
MOST_MAPPED = 1000


@dataclass(frozen=True)
class Options:
    """What was chosen for a file; an empty text means the default, or automatic detection."""

    format: str = ""
    text_column: str = ""
    label_column: str = ""
    id_column: str = ""
    vector_column: str = ""
    part_columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""
    delimiter: str = ""
    ignore_ids: bool = False
    labels_are: str = ""
    existing: str = ""
    same_id: str = ""
    unknown_labels: str = ""
    # What labels of the file are called in the project; an empty name leaves them out.
    label_map: Mapping[str, str] = field(default_factory=dict)

    def checked(self) -> "Options":
        """Return the options with the defaults filled in; Invalid for a wrong one."""
        given: dict[str, Any] = {
            name: getattr(self, name) or default for name, default in DEFAULTS.items()
        }
        for name, value in given.items():
            if value not in CHOICES[name]:
                raise _not_a_choice(name)
        delimiter = SPELLED.get(self.delimiter.lower(), self.delimiter)
        if delimiter and delimiter not in DELIMITERS:
            raise Invalid("delimiter", field="delimiter")
        return replace(
            self,
            **given,
            delimiter=delimiter,
            encoding=_encoding(self.encoding),
            label_map=_label_map(self.label_map),
        )

    def columns(self, project: Project) -> Columns:
        """Return which column has what content; Invalid for one that the items cannot use."""
        kind = tasktypes.of(project)
        parts = kind.media.parts
        there = {part.name for part in parts}
        given = {name: column for name, column in self.part_columns.items() if column}
        wrong = sorted(given.keys() - there)
        if self.text_column and parts and "text" not in there:
            wrong.append("text")
        if wrong:
            names = ", ".join(sorted(there)) or "–"
            raise Invalid("text_column", field=f"{wrong[0]}_column", name=wrong[0], names=names)
        return Columns(
            text=self.text_column,
            label=self.label_column,
            id=self.id_column,
            parts=parts,
            named=given,
            vector=self.vector_column,
            encoding=self.encoding,
            delimiter=self.delimiter,
            ignore_ids=self.ignore_ids,
            spans=MARKS in kind.can,
            label_names=frozenset({*naming.by_name(project), *self.label_map}),
            new_labels=self.unknown_labels == Import.UnknownLabels.CREATE,
        )

    def stored(self) -> dict[str, Any]:
        """Return the fields of an import."""
        return asdict(self)


CHOICES: dict[str, list[str]] = {
    "labels_are": Import.LabelUse.values,
    "existing": Import.Existing.values,
    "same_id": Import.SameId.values,
    "unknown_labels": Import.UnknownLabels.values,
}
DEFAULTS: dict[str, str] = {
    "labels_are": Import.LabelUse.SEED.value,
    "existing": Import.Existing.KEEP.value,
    "same_id": Import.SameId.KEEP.value,
    "unknown_labels": Import.UnknownLabels.REJECT.value,
}


def options_of(work: Import) -> Options:
    """Return what was chosen for an import."""
    return Options(**{each.name: getattr(work, each.name) for each in fields(Options)})


def _not_a_choice(name: str) -> Invalid:
    if name == "labels_are":
        return Invalid("labels_are", field=name)
    return Invalid("choice", field=name, name=name, names=", ".join(CHOICES[name]))


def _encoding(name: str) -> str:
    if not name:
        return ""
    try:
        found = codecs.lookup(name)
        # Some codecs turn bytes into bytes, or decode no text at all.
        b"".decode(found.name)
    except (LookupError, ValueError):
        raise Invalid("encoding", field="encoding", name=name[:40]) from None
    return found.name


def _label_map(given: Any) -> dict[str, str]:
    is_names = isinstance(given, Mapping) and all(
        isinstance(name, str) and isinstance(label, str) for name, label in given.items()
    )
    if not is_names or len(given) > MOST_MAPPED:
        raise Invalid("label_map", field="label_map", most=MOST_MAPPED)
    return {name: clean_name(label, "label_map") if label else "" for name, label in given.items()}
