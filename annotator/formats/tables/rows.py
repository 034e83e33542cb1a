"""Rows of a table: one record after the other becomes a row, or is rejected with the reason."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from annotator.formats.base import GivenAnswer, RejectedRow, Row
from annotator.formats.tables.columns import Found, taken
from annotator.formats.tables.labels import LabelParser, NoLabel

LONGEST_TEXT = 1_000_000
# All other fields of a row together.
LONGEST_META = 200_000
LONGEST_ID = 2_000
# Longer ids are shortened when they are stored.
LONGEST_STORED_ID = 200
LONGEST_VECTOR = 8_192
# What programs write into a text column where there is no text.
NO_TEXT = frozenset(("nan", "NaN", "NULL", "<NA>", "#N/A"))

Problem = tuple[str, str]


@dataclass(frozen=True)
class Given:
    """What a record says about an item: its fields, and answers that are in none of them."""

    fields: dict[str, Any]
    answers: tuple[GivenAnswer, ...] = ()
    # Without an answer of its own, the label is that of the label column.
    labels: Sequence[str] | None = None


def as_row(number: int, given: Given, columns: Found, names: LabelParser) -> Row | RejectedRow:
    """Return the row of a record, or its rejection; other columns become metadata."""
    values = dict(given.fields)
    content = {part: taken(values, column) for part, column in columns.parts.items()}
    key = taken(values, columns.id) if columns.id else ""
    vector = as_vector(taken(values, columns.vector)) if columns.vector else None
    try:
        labels = _labels(values, given, columns, names)
        answers = tuple(map(_parsed(names), given.answers))
    except NoLabel:
        words = _("A label must be a text, a number or a list of them.")
        return RejectedRow(number, "label_type", words)
    key = "" if key is None else _as_id(key)
    problem = _content_problem(content, columns) or _id_problem(key)
    if not problem and columns.vector and vector is None:
        words = _("“%(name)s” isn't a list of finite numbers.") % {"name": columns.vector}
        problem = ("bad_vector", words)
    if not problem and isinstance(key, str) and len(key.strip()) > LONGEST_STORED_ID:
        values[columns.id] = key
    meta = _meta(values)
    problem = problem or _meta_problem(meta)
    if problem:
        return RejectedRow(number, *problem)
    whole = content["text"] if list(content) == ["text"] else content
    return Row(
        number,
        whole,
        key=str(key).strip(),
        labels=labels or None,
        meta=meta,
        vector=vector,
        answers=answers,
    )


def _labels(values: dict[str, Any], given: Given, columns: Found, names: LabelParser) -> list[str]:
    if given.labels is not None:
        return names.of(list(given.labels))
    labels: list[str] = names.of(taken(values, columns.label)) if columns.label else []
    for other in columns.other_labels:
        # Of two label columns, the one with a label counts, and the other stays with the item.
        if not labels:
            labels = names.of(values.pop(other, None))
    return labels


def _parsed(names: LabelParser) -> Any:
    def named(answer: GivenAnswer) -> GivenAnswer:
        labels = tuple(names.of(list(answer.labels)))
        return GivenAnswer(**{**vars(answer), "labels": labels})

    return named


def _as_id(key: Any) -> Any:
    """Return an id as a text; spreadsheets and pandas write whole numbers as 1.0."""
    if isinstance(key, bool) or not isinstance(key, (int, float)):
        return key if isinstance(key, (str, dict, list)) else str(key)
    is_whole = isinstance(key, float) and math.isfinite(key) and key == int(key)
    return str(int(key)) if is_whole else str(key)


def _id_problem(key: Any) -> Problem | None:
    if not isinstance(key, str) or len(key) > LONGEST_ID:
        words = _("An id must be a string of at most %(most)d characters.") % {"most": LONGEST_ID}
        return "bad_id", words
    return _text_problem(key, empty=True)


def _content_problem(content: dict[str, Any], columns: Found) -> Problem | None:
    for part, text in content.items():
        if not isinstance(text, str):
            words = _("“%(name)s” is missing or isn't a string.") % {"name": columns.parts[part]}
            return "text_type", words
    return next(filter(None, map(_text_problem, content.values())), None)


def _text_problem(text: str, empty: bool = False) -> Problem | None:
    if not empty and not text.strip():
        return "empty_text", _("The text is empty.")
    if not empty and text in NO_TEXT:
        words = _("The text is empty: “%(text)s” stands for a missing value.") % {"text": text}
        return "empty_text", words
    if len(text) > LONGEST_TEXT:
        return "text_too_long", _("The text is longer than 1,000,000 characters.")
    if "\x00" in text:
        return "nul_byte", _("The text contains a NUL byte.")
    try:
        text.encode()
    except UnicodeEncodeError:
        return "invalid_utf8", _("The text isn't valid UTF-8.")
    return None


def _meta_problem(meta: dict[str, Any]) -> Problem | None:
    longest = max(meta, key=lambda name: _length(meta[name]), default="")
    if sum(map(_length, meta.values())) <= LONGEST_META:
        return None
    words = _(
        "The other columns have more than %(most)d characters, most of them in “%(name)s”. "
        "Remove this column or shorten it."
    )
    return "meta_too_long", words % {"most": LONGEST_META, "name": longest[:60]}


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str) else 8


def _meta(values: dict[str, Any]) -> dict[str, Any]:
    return {
        _plain(name)[:200]: value if _is_plain_number(value) else _plain(_as_text(value))
        for name, value in values.items()
        if value not in (None, "")
    }


def _is_plain_number(value: Any) -> bool:
    """Return whether every database and every JSON parser accepts it unchanged."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return isinstance(value, float) and math.isfinite(value)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    except RecursionError:
        return "…"


def _plain(text: str) -> str:
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()


def as_vector(given: Any) -> NDArray[np.float32] | None:
    """Return the numbers of a vector (d,), in a list or as a text such as “[0.1, -2]” or “0.1 -2”.

    None if they are not numbers, or not finite, or if there are none.
    """
    is_string = isinstance(given, str)
    numbers = given.strip("[] \t\r\n").replace(",", " ").split() if is_string else given
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= LONGEST_VECTOR:
        return None
    try:
        # A number that is too large becomes infinite.
        with np.errstate(over="ignore"):
            vector = np.array([float(number) for number in numbers], dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        return None
    return vector if np.isfinite(vector).all() else None
