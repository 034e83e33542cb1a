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
from django.db.backends.base.base import BaseDatabaseWrapper

# Made by migrations, and changed by nothing else.
KEPT = frozenset(model._meta.db_table for model in (ContentType, Permission))


@contextmanager
def only_what_was_stored() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", _statements)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_args, **_options: None)
        yield


def _statements(_style: Any, connection: BaseDatabaseWrapper, **_options: Any) -> list[str]:
    """Return what empties the tables; their constraints are checked at the end only."""
    found = set(connection.introspection.django_table_names(only_existing=True)) - KEPT
    named = {name: connection.ops.quote_name(name) for name in sorted(found)}
    asked = [f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {of})" for name, of in named.items()]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [f"DELETE FROM {named[name]}" for (name,) in cursor.fetchall()]
