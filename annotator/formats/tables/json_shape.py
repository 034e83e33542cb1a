"""Records of a JSON file: lines, an array, an object that wraps one, or columns."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from annotator.formats.base import TEXT, RejectedRow, UnreadableFile, because
from annotator.formats.tables import class_names
from annotator.formats.tables.lines import LONGEST_LINE, lines_of, opened

Found = Iterator[tuple[int, Any]]

# An object is read as a whole; arrays and lines are not.
LARGEST_OBJECT = 50_000_000
BLOCK = 1 << 20
# orjson makes floats of whole numbers beyond 64 bits.
LARGE_NUMBER = re.compile(r"\d{19}")
# Python reads no longer ones.
MOST_DIGITS = 4300
TOO_LONG_NUMBER = re.compile(rf"\d{{{MOST_DIGITS + 1}}}")
# JSON text sequences have a record separator in front of each (RFC 7464).
AROUND = " \t\r\n\ufeff\x1e"
BLANK = re.compile(rf"[{AROUND}]*")
# The keys of an object of records are ids if the records have one of these.
TEXTS = frozenset((*TEXT.columns, "label", "labels"))
# What a stretch of a text has, whatever else it is called by.
STRETCH = frozenset(("start", "start_offset", "begin", "start_char", "offset"))
# How deep in an object its only list may lie.
DEEPEST_LIST = 3
# What Label Studio has beside the data of a task.
ANSWERS = frozenset(("annotations", "completions", "predictions"))


class Repeated(dict[str, Any]):
    """An object with a field that stands in it twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated(found)


DECODER = json.JSONDecoder(object_pairs_hook=_object)


def records(path: Path, encoding: str) -> Found:
    """Yield (number, value or rejection) of each record; UnreadableFile if it isn't JSON."""
    for number, value in _values(path, encoding):
        if isinstance(value, Repeated):
            yield number, RejectedRow(number, because("duplicate_key"))
        else:
            yield number, value


def _values(path: Path, encoding: str) -> Found:
    first, second = _first_lines(path, encoding)
    if first[:1] == "[" and not (_is_row(first) and _is_row(second)):
        yield from enumerate(map(_of_pair, _array(path, encoding)), start=1)
    elif first[:1] == "{" and not (second and (_is_object(first) or _is_object(second))):
        yield from enumerate(_of_object(path, encoding), start=1)
    else:
        yield from _lines(path, encoding)


def _first_lines(path: Path, encoding: str) -> tuple[str, str]:
    """Return the first two lines with something in them; of a long one only its start."""
    found: list[str] = []
    with opened(path, encoding) as file:
        while len(found) < 2 and (line := file.readline(LONGEST_LINE)):
            found += [line.strip(AROUND)] if line.strip(AROUND) else []
            if len(line) == LONGEST_LINE:
                break
    first, second, *_none = [*found, "", ""]
    return first, second


def _is_row(line: str) -> bool:
    """Return whether a line is a list of values, which tells not what they are."""
    found = _parsed_line(line)
    return isinstance(found, list) and not any(isinstance(each, dict) for each in found)


def _is_object(line: str) -> bool:
    """Return whether a line is a record of its own; a number is a line of a printed list."""
    return isinstance(_parsed_line(_without_comma(line)), dict)


def _parsed_line(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _of_pair(value: Any) -> Any:
    """Return the record of a text with what is known of it, as spaCy 2 has its training data."""
    if not isinstance(value, list) or len(value) != 2:
        return value
    text, about = value
    is_pair = isinstance(text, str) and isinstance(about, dict) and TEXT.name not in about
    return {TEXT.name: text, **about} if is_pair else value


# Lines --------------------------------------------------------------------------------------------


def _lines(path: Path, encoding: str) -> Found:
    number = 0
    for line in lines_of(path, encoding):
        text = _without_comma(line.strip(AROUND))
        if text:
            number += 1
            yield number, _of_pair(_parsed(number, text))


def _without_comma(line: str) -> str:
    """Return a line without the comma that parts it from the next, as in an array."""
    return line.rstrip(" \t\r\n,") if line.rstrip().endswith(",") else line


def _parsed(number: int, text: str) -> Any:
    try:
        data = text.encode("utf-8", "strict")
    except UnicodeEncodeError:
        return RejectedRow(number, because("invalid_utf8", message="line_not_utf8"))
    try:
        return _exactly(text, orjson.loads(data))
    except orjson.JSONDecodeError:
        # It may have what Python writes and no standard knows, such as NaN.
        pass
    try:
        return DECODER.decode(text)
    except RecursionError:
        return RejectedRow(number, because("too_deep"))
    except ValueError as problem:
        if TOO_LONG_NUMBER.search(text):
            return RejectedRow(number, because("bad_number", most=MOST_DIGITS))
        reason = because("bad_json", message="line_not_json", problem=str(problem)[:200])
        return RejectedRow(number, reason)


def _exactly(text: str, value: Any) -> Any:
    """Return the value of a line, parsed again where the quick parser may have lost something."""
    keys = len(value) if isinstance(value, dict) else 0
    may_repeat = keys and text.count('":') + text.count('" :') > keys
    if not may_repeat and not LARGE_NUMBER.search(text):
        return value
    try:
        return DECODER.decode(text)
    except RecursionError:
        return value


# An array -----------------------------------------------------------------------------------------


def _array(path: Path, encoding: str) -> Iterator[Any]:
    """Yield the elements of an array, and of those that follow it in the file.

    Only a part of them is in memory at a time.
    """
    with opened(path, encoding) as file:
        text = file.read(BLOCK)
        place = _after_blanks(text, 0) + 1
        while True:
            value, text, place = _next_element(file, text, place)
            if value is not _END:
                yield value
                continue
            text = text[place:].lstrip(AROUND) or file.read(BLOCK).lstrip(AROUND)
            if not text:
                return
            if not text.startswith("["):
                raise UnreadableFile("bad_json", message="json_after_end", text=text[:30])
            place = 1


_END = object()


def _next_element(file: Any, text: str, place: int) -> tuple[Any, str, int]:
    """Return the next element or `_END`, with the text that is left and the place in it."""
    size = BLOCK
    while True:
        # A number at the end may go on in the next block.
        problem: Exception | None = None
        try:
            value, end = _element(text, place)
            end = _after_blanks(text, end)
            if value is _END or end < len(text):
                return value, text, end
        except (ValueError, RecursionError) as error:
            problem = error
        more = file.read(size) if len(text) - place <= LONGEST_LINE else ""
        if not more:
            if problem is None:
                raise UnreadableFile("bad_json", message="json_ends_early")
            raise _unparsed(problem) from problem
        text, place, size = text[place:] + more, 0, size * 2


def _element(text: str, place: int) -> tuple[Any, int]:
    place = _after_blanks(text, place)
    if text[place : place + 1] == ",":
        place = _after_blanks(text, place + 1)
    if text[place : place + 1] == "]":
        return _END, place + 1
    return DECODER.raw_decode(text, place)


def _after_blanks(text: str, place: int) -> int:
    found = BLANK.match(text, place)
    return found.end() if found else place


# An object ----------------------------------------------------------------------------------------


def _of_object(path: Path, encoding: str) -> Iterator[Any]:
    """Yield the records of a file that is one object, or several that are printed over lines."""
    if path.stat().st_size > LARGEST_OBJECT:
        raise UnreadableFile("too_large_object")
    with opened(path, encoding) as file:
        text = file.read()
    place = _after_blanks(text, 0)
    values = []
    while place < len(text):
        try:
            value, place = DECODER.raw_decode(text, place)
        except (ValueError, RecursionError) as problem:
            raise _unparsed(problem) from problem
        values.append(value)
        place = _after_blanks(text, place)
    yield from _unwrapped(values[0]) if len(values) == 1 else values


def _unparsed(problem: Exception) -> UnreadableFile:
    if isinstance(problem, RecursionError):
        return UnreadableFile("too_deep")
    return UnreadableFile("bad_json", problem=str(problem)[:200])


def _unwrapped(whole: Any) -> Iterator[Any]:
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
        yield from (_of_pair(each) for each in pairs if each is not None)
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
        yield from map(_of_pair, _rows_of(whole, inner))
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
        if isinstance(each, list) and all(e is None or _of_pair(e) is not e for e in each[:20])
    ]
    found = [each for each in lists if any(each)]
    return found[0] if len(found) == 1 else None


def _only_list(whole: dict[str, Any], depth: int) -> list[Any] | None:
    """Return the only list of records in an object, also within an object in it."""
    rows = whole.get("rows")
    if isinstance(rows, list) and rows and all(map(_is_numbered, rows[:20])):
        return rows
    lists = [each for each in whole.values() if _is_list_of_objects(each)]
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
