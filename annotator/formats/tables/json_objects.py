"""Records within one JSON object: its only list, its columns, its parts, or itself."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from annotator.formats.base import TEXT
from annotator.formats.tables import class_names

# The keys of an object of records are ids if the records have one of these.
TEXTS = frozenset((*TEXT.columns, "label", "labels"))
# What a stretch of a text has, whatever else it is called by.
STRETCH = frozenset(("start", "start_offset", "begin", "start_char", "offset"))
# How deep in an object its only list may lie.
DEEPEST_LIST = 3
# What Label Studio has beside the data of a task.
ANSWERS = frozenset(("annotations", "completions", "predictions"))


def unwrapped(whole: Any) -> Iterator[Any]:
    """Yield the records within an object: those of its only list, its columns, or itself."""
    if not isinstance(whole, dict):
        yield whole
        return
    if _is_split(whole):
        for cells in whole["data"]:
            yield dict(zip(whole["columns"], cells, strict=False))
        return
    pairs = _pairs(whole)
    if pairs is not None:
        yield from (of_pair(each) for each in pairs if each is not None)
        return
    by_column = _columns(whole)
    if by_column:
        names, columns, number = by_column
        for row in range(number):
            yield {name: column[row] for name, column in zip(names, columns, strict=True)}
        return
    if _is_of_splits(whole):
        for name, part in whole.items():
            yield from ({"split": name, **record} for record in part if isinstance(record, dict))
        return
    inner = None if _is_record(whole) else _only_list(whole, DEEPEST_LIST)
    if inner is not None:
        yield from map(of_pair, _rows_of(whole, inner))
        return
    if _is_by_id(whole):
        yield from ({"id": key, **record} for key, record in whole.items())
        return
    yield from whole.values() if _is_index(whole) else [whole]


def _is_of_splits(whole: dict[str, Any]) -> bool:
    """Return whether the object has the parts of a data set, such as "train" and "test"."""
    if len(whole) < 2 or not all(map(_is_list_of_objects, whole.values())):
        return False
    first, *others = (set(part[0]) for part in whole.values())
    return all(names == first for names in others)


def _is_record(whole: dict[str, Any]) -> bool:
    """Return whether the object is one record, whose lists are its answers."""
    is_task = isinstance(whole.get("data"), dict) and not ANSWERS.isdisjoint(whole)
    has_text = isinstance(whole.get("text"), str) or _has_spans(whole)
    return has_text or is_task or isinstance(whole.get("fields"), dict)


def _has_spans(whole: dict[str, Any]) -> bool:
    """Return whether the lists of an object are stretches of a text that stands beside them.

    They have no text of their own, other than a part of that one.
    """
    lists = [each for each in whole.values() if _is_list_of_objects(each)]
    texts = _texts(whole)
    inner = [entry for each in lists for entry in each[:20]]
    are_parts = all(any(own in text for text in texts) for e in inner for own in _texts(e))
    are_places = all(not STRETCH.isdisjoint(entry) for entry in inner)
    return bool(inner and texts) and are_places and are_parts


def _texts(record: dict[str, Any]) -> list[str]:
    return [record[each] for each in TEXT.columns if isinstance(record.get(each), str)]


def _pairs(whole: dict[str, Any]) -> list[Any] | None:
    """Return the only list of texts with what is known of each; null stands for an open one."""
    lists = [
        each
        for each in whole.values()
        if isinstance(each, list) and all(e is None or of_pair(e) is not e for e in each[:20])
    ]
    found = [each for each in lists if any(each)]
    return found[0] if len(found) == 1 else None


def _only_list(whole: dict[str, Any], depth: int) -> list[Any] | None:
    """Return the only list of records in an object, also within an object in it."""
    rows = whole.get("rows")
    if isinstance(rows, list) and rows and all(map(_is_numbered, rows[:20])):
        return rows
    lists = [each for each in whole.values() if _is_list_of_objects(each)]
    if len(lists) > 1:
        # Beside the records there may be some about them.
        lists = [each for each in lists if not TEXTS.isdisjoint(each[0])]
    if lists or depth <= 1:
        return lists[0] if len(lists) == 1 else None
    nested = (_only_list(each, depth - 1) for each in whole.values() if isinstance(each, dict))
    found = [each for each in nested if each is not None]
    return found[0] if len(found) == 1 else None


def _is_numbered(record: Any) -> bool:
    """Return whether this is a row as Hugging Face serves it, with its number beside it."""
    return isinstance(record, dict) and "row_idx" in record and isinstance(record.get("row"), dict)


def _rows_of(whole: dict[str, Any], inner: list[Any]) -> Iterator[Any]:
    """Yield the records of a list; the numbers of classes by their names, if those are told."""
    if not all(map(_is_numbered, inner[:20])):
        return iter(inner)
    rows = ((place, each["row"]) for place, each in enumerate(inner) if _is_numbered(each))
    features = whole.get("features")
    return (row for _place, row in class_names.named(rows, class_names.of_features(features)))


def _columns(whole: dict[str, Any]) -> tuple[list[str], list[list[Any]], int] | None:
    """Return names and columns of an object of columns: lists, or values by row name."""
    values = list(whole.values())
    if len(values) > 0 and all(isinstance(each, list) for each in values):
        sizes = {len(each) for each in values}
        plain = not any(isinstance(cell, dict) for each in values for cell in islice(each, 20))
        return (list(whole), values, len(values[0])) if len(sizes) == 1 and plain else None
    if len(values) > 0 and all(isinstance(each, dict) for each in values):
        rows = list(values[0])
        plain = not any(isinstance(cell, dict) for each in values for cell in each.values())
        if rows and plain and _are_row_names(rows) and all(list(e) == rows for e in values):
            return list(whole), [list(each.values()) for each in values], len(rows)
    return None


def _is_split(whole: dict[str, Any]) -> bool:
    columns, data = whole.get("columns"), whole.get("data")
    return (
        isinstance(columns, list)
        and all(isinstance(name, str) for name in columns)
        and isinstance(data, list)
        and all(isinstance(row, list) for row in data)
    )


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(e, dict) for e in value[:20])


def _is_index(whole: dict[str, Any]) -> bool:
    """Return whether the keys are the names of rows and the values are records."""
    is_each = all(isinstance(each, dict) for each in whole.values())
    return is_each and bool(whole) and _are_row_names(list(whole))


def _is_by_id(whole: dict[str, Any]) -> bool:
    """Return whether the keys are ids and the values are records with the same fields."""
    records = list(whole.values())
    if len(records) < 2 or not all(isinstance(each, dict) and each for each in records):
        return False
    names = set(records[0])
    is_same = all(set(each) == names for each in records)
    return is_same and not names.isdisjoint(TEXTS) and not _are_row_names(list(whole))


def _are_row_names(names: list[str]) -> bool:
    return all(name.isdecimal() for name in names)


def of_pair(value: Any) -> Any:
    """Return the record of a text with what is known of it, as spaCy 2 has its training data."""
    if not isinstance(value, list) or len(value) != 2:
        return value
    text, about = value
    is_pair = isinstance(text, str) and isinstance(about, dict) and TEXT.name not in about
    return {TEXT.name: text, **about} if is_pair else value
