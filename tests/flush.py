"""Empty tables after a test with transactions of its own: only those in which it left rows.

Django empties all of them, and makes content types and permissions anew: on PostgreSQL, that takes
longer than most of the tests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush
from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

# Made by migrations, and changed by nothing else.
KEPT = frozenset(model._meta.db_table for model in (ContentType, Permission))

# A page that was left open says so to the server while the tables are emptied: it may store a row
# whose item is deleted, or hold a lock.
ATTEMPTS = 10


@contextmanager
def only_what_was_stored() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", _flush)
        yield


def _flush(_command: flush.Command, **options: Any) -> None:
    for _ in range(ATTEMPTS - 1):
        try:
            return _empty(connections[options["database"]])
        except DatabaseError:
            continue
    return _empty(connections[options["database"]])


def _empty(connection: BaseDatabaseWrapper) -> None:
    """Delete all rows; the constraints of the tables are checked at the end only."""
    with transaction.atomic(using=connection.alias):
        names = set(connection.introspection.django_table_names(only_existing=True)) - KEPT
        quoted = {name: connection.ops.quote_name(name) for name in sorted(names)}
        asked = [
            f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {of})" for name, of in quoted.items()
        ]
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(asked))
            for (name,) in cursor.fetchall():
                cursor.execute(f"DELETE FROM {quoted[name]}")
