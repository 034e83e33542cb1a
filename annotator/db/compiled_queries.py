"""Compiled queries: SQL built once and run again with other values.

Building a query costs Django some five times what sending it and reading the result costs, and
saving a label takes a dozen of them. The queries on that path are therefore built on first use,
with placeholders for the values, whose places in the parameters are then known. Reading, writing
and conversion equal those of the same queryset; `test_compiled_queries.py` verifies that.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, models
from django.db.models.query import FlatValuesListIterable, ModelIterable, get_related_populators
from django.db.models.sql import UpdateQuery

# For each type of value, placeholders that occur in no query otherwise.
STAND_INS: dict[type, Callable[[int], Any]] = {
    int: lambda n: 8_000_000_000_000_000_000 + n,
    float: lambda n: 8.0e300 * (1.0 + n / 64),
    str: lambda n: f"\ue000{n}",
    uuid.UUID: lambda n: uuid.UUID(int=2**127 + n),
    datetime: lambda n: datetime(1801, 1, 1, 0, 0, n, tzinfo=UTC),
    date: lambda n: date(1801, 1, 1 + n),
}


class CompiledSelect:
    """A queryset, built once: called with the values, it returns the list of results.

    `build` gets one argument for each of `kinds`, the types of the values, which may not be None.
    """

    def __init__(self, build: Callable[..., Any], *kinds: type) -> None:
        self._build, self._kinds = build, kinds
        self._built: tuple[_Statement, _Reader] | None = None

    def __call__(self, *values: Any) -> list[Any]:
        if self._built is None:
            queryset = self._build(*_stand_ins(self._kinds))
            compiler = queryset.query.get_compiler(queryset.db)
            statement = _Statement.of(*compiler.as_sql(), kinds=self._kinds)
            self._built = statement, _Reader.of(queryset, compiler)
        statement, read = self._built
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, statement.filled(values))
            return [read(row) for row in cursor.fetchall()]


class CompiledSql:
    """A statement of our own whose answer has all columns of `model`, in their order."""

    def __init__(self, model: type[models.Model], sql: Callable[[], str]) -> None:
        self._model, self._build = model, sql
        self._sql = ""
        self._read: _Reader | None = None

    def __call__(self, *params: Any) -> list[Any]:
        if self._read is None:
            queryset = self._model._default_manager.all().order_by()
            compiler = queryset.query.get_compiler(queryset.db)
            compiler.as_sql()
            self._sql, self._read = self._build(), _Reader.of(queryset, compiler)
        with connection.cursor() as cursor:
            cursor.execute(self._sql, [_adapted(param) for param in params])
            return [self._read(row) for row in cursor.fetchall()]


class CompiledUpdate:
    """Like `CompiledSelect`, for an update; `build` returns the queryset and the fields to change.

    Called with the values, it returns the number of updated rows.
    """

    def __init__(self, build: Callable[..., tuple[Any, dict[str, Any]]], *kinds: type) -> None:
        self._build, self._kinds = build, kinds
        self._statement: _Statement | None = None

    def __call__(self, *values: Any) -> int:
        if self._statement is None:
            queryset, changes = self._build(*_stand_ins(self._kinds))
            query = queryset.query.chain(UpdateQuery)
            query.add_update_values(changes)
            compiled = query.get_compiler(queryset.db).as_sql()
            self._statement = _Statement.of(*compiled, kinds=self._kinds)
        with connection.cursor() as cursor:
            cursor.execute(self._statement.sql, self._statement.filled(values))
            return int(cursor.rowcount)


def insert_row(row: models.Model) -> None:
    """Store a new row as `save(force_insert=True)` does, without signals; sets its key."""
    meta = row._meta
    fields = [field for field in meta.concrete_fields if not isinstance(field, models.AutoField)]
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(_insertion(type(row)), values)
        key = cursor.fetchone()[0]
    if isinstance(meta.pk, models.AutoField):
        row.pk = key
    row._state.adding, row._state.db = False, connection.alias


_INSERTIONS: dict[type, str] = {}


def _insertion(model: type[models.Model]) -> str:
    if model not in _INSERTIONS:
        quoted: Any = connection.ops.quote_name
        meta = model._meta
        columns = [f.column for f in meta.concrete_fields if not isinstance(f, models.AutoField)]
        names, places = ", ".join(map(quoted, columns)), ", ".join(["%s"] * len(columns))
        assert meta.pk is not None
        _INSERTIONS[model] = (
            f"INSERT INTO {quoted(meta.db_table)} ({names}) VALUES ({places}) "  # noqa: S608
            f"RETURNING {quoted(meta.pk.column)}"
        )
    return _INSERTIONS[model]


# Build --------------------------------------------------------------------------------------------


def _stand_ins(kinds: Sequence[type]) -> list[Any]:
    return [STAND_INS[kind](number) for number, kind in enumerate(kinds)]


@dataclass(frozen=True)
class _Statement:
    """The SQL, its parameters, and which value belongs at which of their places."""

    sql: str
    params: tuple[Any, ...]
    places: tuple[tuple[int, int, Callable[[Any], Any]], ...]

    @classmethod
    def of(cls, sql: str, params: Sequence[Any], *, kinds: Sequence[type]) -> "_Statement":
        marks = [_adapted(mark) for mark in _stand_ins(kinds)]
        sql, params = _with_constants(sql, params, marks)
        places = tuple(
            (place, marks.index(param), _caster(param, kinds[marks.index(param)]))
            for place, param in enumerate(params)
            if param in marks
        )
        if {number for _place, number, _cast in places} != set(range(len(kinds))):
            raise ValueError(f"not every value has a place in: {sql}")
        return cls(sql, tuple(params), places)

    def filled(self, values: Sequence[Any]) -> list[Any]:
        """Return the parameters with `values` in place of the placeholders."""
        params = list(self.params)
        for place, number, cast in self.places:
            params[place] = cast(values[number])
        return params


def _with_constants(sql: str, params: Sequence[Any], marks: Sequence[Any]) -> tuple[str, list[Any]]:
    """Write constant integers into the SQL.

    SQLite uses a partial index only where the query contains the literal.
    """
    pieces = sql.split("%s")
    if len(pieces) != len(params) + 1:
        raise ValueError(f"a percent sign is no place for a value in: {sql}")
    left: list[Any] = []
    written = pieces[0]
    for param, piece in zip(params, pieces[1:], strict=True):
        constant = isinstance(param, int) and not isinstance(param, bool) and param not in marks
        if not constant:
            left.append(param)
        written += (str(int(param)) if constant else "%s") + piece
    return written, left


def _adapted(value: Any) -> Any:
    """Return a value as this database takes it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, date):
        return connection.ops.adapt_datefield_value(value)
    if isinstance(value, uuid.UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value


def _caster(param: Any, kind: type) -> Callable[[Any], Any]:
    # The PostgreSQL driver has types of its own for integers of different sizes.
    return type(param) if kind is int else _adapted


# Read ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reader:
    """Converts a result row as the queryset would: to an instance, a tuple or one value."""

    model: Any
    names: list[str]
    span: slice
    related: list[Any]
    converters: list[tuple[int, Any, Any]]
    flat: bool

    @classmethod
    def of(cls, queryset: Any, compiler: Any) -> "_Reader":
        columns = [each[0] for each in compiler.select[: compiler.col_count]]
        found = compiler.get_converters(columns)
        converters = [(place, converts, column) for place, (converts, column) in found.items()]
        flat = issubclass(queryset._iterable_class, FlatValuesListIterable)
        if not issubclass(queryset._iterable_class, ModelIterable):
            return cls(None, [], slice(None), [], converters, flat)
        info = compiler.klass_info
        span = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
        names = [each[0].target.attname for each in compiler.select[span]]
        # The stubs are of a later Django, which takes one more argument.
        related = get_related_populators(info, compiler.select, queryset.db)  # type: ignore[call-arg]
        return cls(info["model"], names, span, related, converters, flat)

    def __call__(self, row: Sequence[Any]) -> Any:
        if self.converters:
            row = list(row)
            for place, converts, column in self.converters:
                for convert in converts:
                    row[place] = convert(row[place], column, connection)
        if self.model is None:
            return row[0] if self.flat else tuple(row)
        found = self.model.from_db(connection.alias, self.names, row[self.span])
        for each in self.related:
            each.populate(row, found)
        return found
