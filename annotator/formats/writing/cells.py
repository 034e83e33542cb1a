"""Values of a record as cells of a table."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import orjson

from annotator.formats.tables.labels import is_nothing, tidy
from annotator.json_values import plain

# The other lists contain texts, separated by bars.
LISTS_OF_OBJECTS = frozenset(("history", "answers", "skips", "spans"))


def flat(column: str, value: Any, names: Collection[str] = ()) -> Any:
    """Return a value without objects in it: these become JSON, a list of texts one with bars.

    `names` are those of the project's labels.
    """
    if isinstance(value, list):
        is_plain = column not in LISTS_OF_OBJECTS and all(isinstance(e, str) for e in value)
        return joined(value, names) if is_plain else as_json(value)
    return as_json(value) if isinstance(value, Mapping) else value


def joined(texts: list[str], names: Collection[str] = ()) -> str:
    """Return texts with bars between them; as JSON where that could be read as others."""
    whole = "|".join(texts)
    is_clear = all(_is_clear(each) for each in texts) and (len(texts) < 2 or whole not in names)
    return whole if is_clear else as_json(texts)


def _is_clear(text: str) -> bool:
    is_plain = bool(text) and "|" not in text and text == tidy(text)
    return is_plain and text[0] not in "[{" and not is_nothing(text)


def as_json(value: Any) -> str:
    """Return a value as JSON."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z, default=plain).decode()


def as_moment(value: Any) -> str:
    """Return a time as a text; an empty one for none."""
    if not isinstance(value, datetime):
        return ""
    return value.isoformat().replace("+00:00", "Z")
