"""Bulk insert of rows, by the fastest way of the database in use."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.base import ModelState

# Their values are stored as they are.
PLAIN = (
    models.BinaryField,
    models.CharField,
    models.ForeignKey,
    models.IntegerField,
    models.TextField,
)


def bulk_insert(rows: Sequence[models.Model]) -> None:
    """Store new rows of one model: all, or none and IntegrityError if any of them exists.

    PostgreSQL gets them by COPY, and SQLite by one prepared statement, which avoids parsing
    statements with tens of thousands of values. Unlike `bulk_create`, this sets no keys on the
    rows, and the values have to be of the types of their fields.
    """
    if not rows:
        return
    # The connection itself: the usual proxy looks it up at every use.
    connection = connections[DEFAULT_DB_ALIAS]
    fields = [
        field for field in rows[0]._meta.concrete_fields if not isinstance(field, models.AutoField)
    ]
    values = map(_reader(fields, connection), rows)
    _insert(connection, type(rows[0]), fields, values)


def insert_as_given(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new rows from their columns by name, keys and times of creation as given.

    All, or none and an error of the database if one contradicts its constraints.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    fields = list(model._meta.concrete_fields)
    takers = [(field.attname, _taker(field, connection)) for field in fields]
    values = ([take(row[name]) for name, take in takers] for row in rows)
    _insert(connection, model, fields, values)


def reserve_keys(model: type[models.Model], number: int) -> list[int]:
    """Return that many keys, ascending, that no other row of the table will get.

    The caller must be in a transaction: on SQLite, it keeps others from the sequence.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [connection.ops.quote_name(table), str(_key(model).column), number],
            )
            return sorted(key for (key,) in cursor.fetchall())
        cursor.execute(
            "UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s RETURNING seq",
            [number, table],
        )
        found = cursor.fetchone()
        if found is None:
            # Nothing was ever stored there.
            cursor.execute("INSERT INTO sqlite_sequence VALUES (%s, %s)", [table, number])
            found = (number,)
    last: int = found[0]
    return list(range(last - number + 1, last + 1))


def _key(model: type[models.Model]) -> Any:
    return model._meta.pk


def _insert(
    connection: Any, model: type[models.Model], fields: Sequence[Any], values: Iterable[list[Any]]
) -> None:
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    if connection.vendor != "postgresql":
        places = ", ".join(["%s"] * len(fields))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.executemany(statement, list(values))
        return
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        # Django's cursor has no COPY; the driver's cursor below it has.
        cursor.cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for row in values:
            copy.write_row(row)


def _reader(fields: Sequence[Any], connection: Any) -> Callable[[Any], list[Any]]:
    """Return what takes the values of the fields from a row, as the database gets them."""
    taken = attrgetter(*(field.attname for field in fields))
    others = [(n, field) for n, field in enumerate(fields) if not isinstance(field, PLAIN)]

    def read(row: Any) -> list[Any]:
        values = list(taken(row))
        for place, field in others:
            # Most fields of JSON are empty.
            if values[place] is not None or not isinstance(field, models.JSONField):
                values[place] = field.get_db_prep_save(field.pre_save(row, True), connection)
        return values

    return read


def row_maker(model: type[models.Model]) -> Callable[..., Any]:
    """Return what makes rows of a model that are not stored yet, in a tenth of the model's time.

    Fields that are not given have their defaults, which all rows share. No signals are sent.
    """
    defaults = {field.attname: field.get_default() for field in model._meta.concrete_fields}

    def make(**given: Any) -> Any:
        row = model.__new__(model)
        # As unpickling does: the model itself looks at each field by itself.
        row.__dict__.update(defaults, **given)
        row._state = ModelState()
        return row

    return make


def _taker(field: Any, connection: Any) -> Callable[[Any], Any]:
    """Return what turns a value of the field into what the database gets."""
    # A key of another type than a number has a form of its own in each database.
    if isinstance(getattr(field, "target_field", field), PLAIN):
        return lambda value: value
    return lambda value: field.get_db_prep_save(value, connection)
