"""Rows of a table: one record after the other becomes a row, or is rejected with the reason."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator.formats.base import GivenAnswer, Reason, RejectedRow, Row, because
from annotator.formats.tables.columns import Found, taken
from annotator.formats.tables.labels import LabelParser, NoLabel, tidy

LONGEST_TEXT = 1_000_000
# All other fields of a row together.
LONGEST_META = 200_000
LONGEST_ID = 2_000
# Longer ids are shortened when they are stored.
LONGEST_STORED_ID = 200
LONGEST_VECTOR = 8_192
# A text without a visible character is looked for up to here.
LONGEST_UNSEEN = 100
# Of a field of the metadata.
LONGEST_NAME = 200
# What programs write into a column of texts or ids where there is none.
NO_VALUE = frozenset(("nan", "NaN", "NULL", "<NA>", "#N/A"))


@dataclass(frozen=True)
class Given:
    """What a record says about an item: its fields, and answers that are in none of them."""

    fields: dict[str, Any]
    answers: tuple[GivenAnswer, ...] = ()
    # Without an answer of its own, the label is that of the label column.
    labels: Sequence[str] | None = None
    # What stays with the item whatever it is called, and is no column to choose.
    meta: Mapping[str, Any] = field(default_factory=dict)
    # What of it is not taken.
    told: tuple[Reason, ...] = ()


def as_row(number: int, given: Given, columns: Found, names: LabelParser) -> Row | RejectedRow:
    """Return the row of a record, or its rejection; other columns become metadata."""
    values = dict(given.fields)
    content = {part: taken(values, column) for part, column in columns.parts.items()}
    key = taken(values, columns.id) if columns.id else ""
    vector = as_vector(taken(values, columns.vector)) if columns.vector else None
    labels, answers = _said(values, given, columns, names)
    key = "" if key is None or is_no_value(shown_value(key)) else _as_id(key)
    problem = _content_problem(content, columns) or _id_problem(key)
    if not problem and columns.vector and vector is None:
        problem = because("bad_vector", name=columns.vector)
    if not problem and isinstance(key, str) and len(key.strip()) > LONGEST_STORED_ID:
        values[columns.id] = key
    meta = _meta({**values, **given.meta})
    problem = problem or _meta_problem(meta)
    if problem:
        return RejectedRow(number, problem)
    whole = content["text"] if list(content) == ["text"] else content
    return Row(
        number,
        whole,
        key=str(key).strip(),
        labels=labels or None,
        meta=meta,
        vector=vector,
        answers=answers,
        told=given.told,
    )


def _said(
    values: dict[str, Any], given: Given, columns: Found, names: LabelParser
) -> tuple[list[str], tuple[GivenAnswer, ...]]:
    """Return the labels and answers; what cannot be read is an answer that tells its problem."""
    try:
        labels = _labels(values, given, columns, names)
        answers = tuple(map(_parsed(names), given.answers))
    except NoLabel:
        return [], (GivenAnswer(problem=because("label_type", message="label_value")),)
    problem = next(filter(None, map(_label_problem, labels)), None)
    return ([], (GivenAnswer(problem=problem),)) if problem else (labels, answers)


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


def _id_problem(key: Any) -> Reason | None:
    if not isinstance(key, str) or len(key) > LONGEST_ID:
        return because("bad_id", most=LONGEST_ID)
    return _text_problem(key, empty=True)


def _content_problem(content: dict[str, Any], columns: Found) -> Reason | None:
    for part, text in content.items():
        if not isinstance(text, str):
            return because("text_type", name=columns.parts[part])
    return next(filter(None, map(_text_problem, content.values())), None)


def _text_problem(text: str, empty: bool = False) -> Reason | None:
    if not empty and (not text.strip() or (len(text) <= LONGEST_UNSEEN and not tidy(text))):
        return because("empty_text")
    if not empty and is_no_value(text):
        return because("empty_text", message="text_stands_for_nothing", text=text)
    if len(text) > LONGEST_TEXT:
        return because("text_too_long")
    if "\x00" in text:
        return because("nul_byte", message="text_has_nul_byte")
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return because("invalid_utf8")
    return None


def is_no_value(text: str) -> bool:
    """Return whether this is what programs write where a text or an id is missing."""
    return text in NO_VALUE


def shown_value(value: Any) -> str:
    """Return a text, or a number that is none as pandas writes it; else nothing."""
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return value.strip() if isinstance(value, str) else ""


def _label_problem(label: str) -> Reason | None:
    problem = _text_problem(label, empty=True)
    if problem and problem.code == "invalid_utf8":
        return because("invalid_utf8", message="label_not_utf8")
    return problem


def _meta_problem(meta: dict[str, Any]) -> Reason | None:
    longest = max(meta, key=lambda name: _length(meta[name]), default="")
    if sum(map(_length, meta.values())) <= LONGEST_META:
        return None
    return because("meta_too_long", most=LONGEST_META, name=longest[:60])


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str) else 8


def _meta(values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if value is None or value == "":
            continue
        short = _plain(name)[:LONGEST_NAME]
        if short in found:
            # Two long names may begin alike.
            short = f"{short[: LONGEST_NAME - 10]}… {len(found)}"
        found[short] = value if _is_plain_number(value) else _plain(_as_text(value))
    return found


def _is_plain_number(value: Any) -> bool:
    """Return whether every database and every JSON parser accepts it unchanged."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return isinstance(value, float) and math.isfinite(value)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, (bool, int, float, dict, list, tuple)):
        return _as_scalar(value)
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_as_scalar)
    except RecursionError:
        return "…"


def _as_scalar(value: Any) -> str:
    """Return a time, a decimal number or bytes of a typed table as a text."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _plain(text: str) -> str:
    if text.isascii() and "\x00" not in text:
        return text
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
