"""Columns of a table: which one has which content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotator.formats.base import Columns, Part, UnreadableFile
from annotator.formats.tables.labels import tidy

# The usual names of labels.
LABEL_NAMES = ("label", "labels")
# Names that labels often have, and products and people as well.
WEAK_LABEL_NAMES = ("category", "class", "target")
ID_NAMES = ("id", "key", "uid", "item_id")
# What tools have around the fields of a record; people name these with it or without.
WRAPPERS = ("data.", "fields.")


@dataclass(frozen=True)
class Found:
    """The columns of a table: the content parts by name, label, id and vector.

    `other_labels` are read where `label` is empty. A weak label column is one only by its name.
    """

    parts: dict[str, str]
    label: str = ""
    id: str = ""
    vector: str = ""
    other_labels: tuple[str, ...] = ()
    label_is_weak: bool = False

    @property
    def mapping(self) -> dict[str, str]:
        """Return which column each content is read from."""
        named = {**self.parts, "label": self.label, "id": self.id, "vector": self.vector}
        return {use: column for use, column in named.items() if column}


class Header:
    """The names of the columns, found whatever their case and the blanks around them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._there = frozenset(names)
        self._tidy: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        self._leaves: dict[str, list[str]] = {}
        for name in names:
            self._tidy.setdefault(tidy(name), name)
            self._folded.setdefault(tidy(name).casefold(), name)
            if "." in name:
                leaf = tidy(name).casefold().rpartition(".")[2]
                self._leaves.setdefault(leaf, []).append(name)

    def named(self, wanted: str, use: str) -> str:
        """Return the column that a person named for some use; UnreadableFile if there is none."""
        if not wanted or wanted in self._there:
            return wanted
        names = [wanted, *(wanted.removeprefix(each) for each in WRAPPERS)]
        found = next(filter(None, map(self._like, names)), "")
        if not found:
            told = {"name": wanted, "there": shown(self.names)}
            raise UnreadableFile("missing_column", option=f"{use}_column", **told)
        return found

    def _like(self, name: str) -> str:
        return self._tidy.get(tidy(name)) or self._folded.get(tidy(name).casefold(), "")

    def first(self, names: Sequence[str]) -> str:
        """Return the first column with one of the names, empty if there is none."""
        return next((self._folded[name] for name in names if name in self._folded), "")

    def only_nested(self, names: Sequence[str]) -> str:
        """Return the nested field with one of the names if there is just one of that name."""
        found = next((self._leaves[name] for name in names if name in self._leaves), [])
        return found[0] if len(found) == 1 else ""


def find_columns(header: Sequence[str], wanted: Columns) -> Found:
    """Return the column of each kind of content; UnreadableFile if a required one is missing."""
    names = Header(header)
    parts = {part.name: _part(names, part, wanted) for part in wanted.parts}
    if len(set(parts.values())) < len(parts):
        same = shown(list(dict.fromkeys(parts.values())))
        raise UnreadableFile("same_column", option=f"{list(parts)[-1]}_column", names=same)
    taken = frozenset(parts.values())
    label, others = _labels(names, wanted, taken)
    label = label or _beside(names, parts, LABEL_NAMES)
    found = names.named(wanted.id, "id") or names.first(ID_NAMES) or _beside(names, parts, ID_NAMES)
    return Found(
        parts,
        label=label,
        id="" if wanted.ignore_ids or (found in taken and not wanted.id) else found,
        vector=names.named(wanted.vector, "vector"),
        other_labels=others,
        label_is_weak=not wanted.label and tidy(label).casefold() in WEAK_LABEL_NAMES,
    )


def _part(header: Header, part: Part, wanted: Columns) -> str:
    found = (
        header.named(wanted.of(part), part.name)
        or header.first(part.columns)
        or header.only_nested(part.columns)
    )
    if not found:
        raise _without(part, shown(header.names))
    return found


def _without(part: Part, there: str) -> UnreadableFile:
    told = {"option": f"{part.name}_column", "there": there}
    if isinstance(part.missing, str):
        return UnreadableFile("missing_column", message=part.missing, **told)
    return UnreadableFile("missing_column", message="part_missing", said=part.missing, **told)


def _labels(header: Header, wanted: Columns, taken: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    if wanted.label:
        return header.named(wanted.label, "label"), ()
    found = [header.first([name]) for name in LABEL_NAMES]
    strong = [name for name in dict.fromkeys(found) if name and name not in taken]
    if strong:
        return strong[0], tuple(strong[1:])
    weak = header.first(WEAK_LABEL_NAMES)
    return ("" if weak in taken else weak), ()


def _beside(header: Header, parts: Mapping[str, str], names: Sequence[str]) -> str:
    """Return the field with one of the names in the object in which the text is, if any."""
    around = next(iter(parts.values()), "").rpartition(".")[0]
    return header.first([f"{around}.{name}".casefold() for name in names]) if around else ""


def shown(names: Sequence[str]) -> str:
    return ", ".join(f"“{name[:60]}”" for name in names[:30])


# Nested fields ------------------------------------------------------------------------------------


def taken(values: dict[str, Any], name: str) -> Any:
    """Return the value of a column and remove it; a dotted name leads into nested objects."""
    if name in values or "." not in name:
        return values.pop(name, None)
    first, _dot, rest = name.partition(".")
    inner = values.get(first)
    if not isinstance(inner, Mapping):
        return None
    # The record may be read again.
    copy = dict(inner)
    value = taken(copy, rest)
    # What is left of it stays with the item, and nothing of one that is empty now.
    if copy:
        values[first] = copy
    else:
        del values[first]
    return value
