"""Values of an archive's rows: of the type, length and range that their columns take."""

import base64
import binascii
import math
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations

Read = Callable[[Any], Any]
NUL = "\x00"
# Keys are 64 bits with a sign; 0 is none.
KEYS = range(1, 2**63)


def reader_of(field: Any) -> Read:
    """Return what makes a column's value of JSON; it raises ValueError for any other."""
    read = _choice(field, _plain(field))
    if not field.null:
        return read
    return lambda value: None if value is None else read(value)


def _plain(field: Any) -> Read:
    if isinstance(field, models.ForeignKey):
        return _plain(field.target_field)
    for kind, make in READERS.items():
        if isinstance(field, kind):
            return make(field)
    raise TypeError(f"no archive holds a {type(field).__name__}")


def _choice(field: Any, read: Read) -> Read:
    if not field.choices:
        return read
    known = {value for value, _title in field.flatchoices} | ({""} if field.blank else set())

    def chosen(value: Any) -> Any:
        found = read(value)
        if found not in known:
            raise ValueError
        return found

    return chosen


def _key(_field: Any) -> Read:
    def key(value: Any) -> int:
        if type(value) is not int or value not in KEYS:
            raise ValueError
        return value

    return key


def _integer(field: Any) -> Read:
    low, high = BaseDatabaseOperations.integer_field_ranges[field.get_internal_type()]
    for each in field._validators:
        low = max(low, each.limit_value) if isinstance(each, MinValueValidator) else low
        high = min(high, each.limit_value) if isinstance(each, MaxValueValidator) else high

    def integer(value: Any) -> int:
        # True is an int.
        if type(value) is not int or not low <= value <= high:
            raise ValueError
        return value

    return integer


def _float(_field: Any) -> Read:
    def number(value: Any) -> float:
        if type(value) not in (int, float) or not math.isfinite(value):
            raise ValueError
        return float(value)

    return number


def _boolean(_field: Any) -> Read:
    def boolean(value: Any) -> bool:
        if type(value) is not bool:
            raise ValueError
        return value

    return boolean


def _text(field: Any) -> Read:
    # Database columns of long texts have no limit, and some texts were longer before there was one.
    most = field.max_length if isinstance(field, models.CharField) else None

    def text(value: Any) -> str:
        if type(value) is not str or NUL in value or (most is not None and len(value) > most):
            raise ValueError
        return value

    return text


def _moment(_field: Any) -> Read:
    def moment(value: Any) -> datetime:
        found = datetime.fromisoformat(_string(value))
        if found.tzinfo is None:
            raise ValueError
        return found

    return moment


def _day(_field: Any) -> Read:
    return lambda value: date.fromisoformat(_string(value))


def _uuid(_field: Any) -> Read:
    return lambda value: UUID(_string(value))


def _decimal(field: Any) -> Read:
    def decimal(value: Any) -> Decimal:
        try:
            found = Decimal(_string(value))
        except InvalidOperation:
            raise ValueError from None
        whole = 10 ** (field.max_digits - field.decimal_places)
        if not found.is_finite() or abs(found) >= whole:
            raise ValueError
        return found

    return decimal


def _bytes(field: Any) -> Read:
    def content(value: Any) -> bytes:
        try:
            found = base64.b64decode(_string(value), validate=True)
        except binascii.Error:
            raise ValueError from None
        if field.max_length is not None and len(found) > field.max_length:
            raise ValueError
        return found

    return content


def _json(field: Any) -> Read:
    # What pages and workers take for granted.
    shape = type(field.get_default()) if field.has_default() else None

    def content(value: Any) -> Any:
        if shape is not None and type(value) is not shape:
            raise ValueError
        return value

    return content


def _string(value: Any) -> str:
    if type(value) is not str:
        raise ValueError
    return value


# The more special kinds first.
READERS: dict[type[Any], Callable[[Any], Read]] = {
    models.AutoField: _key,
    models.JSONField: _json,
    models.BooleanField: _boolean,
    models.UUIDField: _uuid,
    models.DateTimeField: _moment,
    models.DateField: _day,
    models.DecimalField: _decimal,
    models.FloatField: _float,
    models.BinaryField: _bytes,
    models.IntegerField: _integer,
    models.CharField: _text,
    models.TextField: _text,
}
