"""Records of a JSON file: lines, an array, an object that wraps one, or columns."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from annotator.formats.base import RejectedRow, UnreadableFile, because
from annotator.formats.tables.json_objects import TEXTS, of_pair, unwrapped
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
    return _under_header(_values_of(path, encoding))


def _values_of(path: Path, encoding: str) -> Found:
    first, second = _first_lines(path, encoding)
    if first[:1] == "[" and not (_is_row(first) and _is_row(second)):
        yield from enumerate(map(of_pair, _array(path, encoding)), start=1)
    elif first[:1] == "{" and not (second and (_is_object(first) or _is_object(second))):
        yield from enumerate(_of_object(path, encoding), start=1)
    else:
        yield from _lines(path, encoding)


def _under_header(values: Found) -> Found:
    """Yield the values; rows under a row of names as objects with these."""
    names: list[str] = []
    for place, (number, value) in enumerate(values):
        if place == 0 and _are_names(value):
            names = value
        elif names and isinstance(value, list) and len(value) == len(names):
            yield number - 1, dict(zip(names, value, strict=True))
        else:
            yield number - bool(names), value


def _are_names(value: Any) -> bool:
    is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return is_list and len(value) > 1 and not TEXTS.isdisjoint(map(str.casefold, value))


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


# Lines --------------------------------------------------------------------------------------------


def _lines(path: Path, encoding: str) -> Found:
    number = 0
    for line in lines_of(path, encoding):
        text = _without_comma(line.strip(AROUND))
        if text:
            number += 1
            yield number, of_pair(_parsed(number, text))


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
    yield from unwrapped(values[0]) if len(values) == 1 else values


def _unparsed(problem: Exception) -> UnreadableFile:
    if isinstance(problem, RecursionError):
        return UnreadableFile("too_deep")
    return UnreadableFile("bad_json", problem=str(problem)[:200])
