"""Bulk insert of rows, by the fastest way of the database in use."""

from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models


def bulk_insert(rows: Sequence[models.Model]) -> None:
    """Store new rows of one model: all, or none and IntegrityError if any of them exists.

    PostgreSQL gets them by COPY, which avoids parsing statements with tens of thousands of values.
    Unlike `bulk_create`, this sets no keys on the rows.
    """
    if not rows:
        return
    # The connection itself: the usual proxy looks it up at every use.
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql":
        type(rows[0])._default_manager.bulk_create(rows)
        return
    fields = [
        field for field in rows[0]._meta.concrete_fields if not isinstance(field, models.AutoField)
    ]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    table = connection.ops.quote_name(rows[0]._meta.db_table)
    statement = f"COPY {table} ({columns}) FROM STDIN"
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        # Django's cursor has no COPY; the driver's cursor below it has.
        cursor.cursor.copy(statement) as copy,
    ):
        for row in rows:
            copy.write_row([_value(field, row, connection) for field in fields])


def _value(field: Any, row: models.Model, connection: Any) -> Any:
    return field.get_db_prep_save(field.pre_save(row, True), connection)
