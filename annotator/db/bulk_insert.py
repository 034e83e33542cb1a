"""Bulk insert of rows, by the fastest way of the database in use."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models

# Their values are stored as they are.
PLAIN = (models.CharField, models.TextField, models.IntegerField, models.ForeignKey)


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
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    table = connection.ops.quote_name(rows[0]._meta.db_table)
    readers = [_reader(field, connection) for field in fields]
    values = ([read(row) for read in readers] for row in rows)
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


def _reader(field: Any, connection: Any) -> Callable[[Any], Any]:
    """Return what takes the value of the field from a row, as the database gets it."""
    if isinstance(field, PLAIN):
        return attrgetter(field.attname)
    return lambda row: field.get_db_prep_save(field.pre_save(row, True), connection)
