"""Database snapshot: a consistent copy taken while people work, and its restore."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import Model
from django.utils import timezone

from annotator.models import Annotation, Item, Project, User, WorkerBeat

COUNTED: dict[str, type[Model]] = {
    "users": User,
    "projects": Project,
    "items": Item,
    "annotations": Annotation,
}
OLD_SCHEMA = "winnow_before_restore"
# A worker reports itself every 10 seconds, and takes its report back when it ends.
WORKER_SECONDS = 40


class Impossible(Exception):
    """A snapshot cannot be taken or restored; the message says why."""


def kind() -> str:
    """Return the kind of database: "sqlite" or "postgresql"."""
    return connection.vendor


def check_programs() -> None:
    """Raise Impossible, naming the missing programs, unless all are installed."""
    if kind() == "postgresql":
        for name in ("pg_dump", "pg_restore"):
            _program(name)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Impossible(
            f"{name} is not on the PATH. Install the client of PostgreSQL, of the server's release "
            "or newer (Debian: apt-get install postgresql-client)."
        )
    return found


# Take a snapshot ----------------------------------------------------------------------------------


def take(path: Path) -> dict[str, int]:
    """Copy the database into a new file as a consistent snapshot; return its row counts."""
    return _take_sqlite(path) if kind() == "sqlite" else _take_postgresql(path)


def _take_sqlite(path: Path) -> dict[str, int]:
    with connection.cursor() as cursor:
        # A reader in WAL mode sees one snapshot and blocks no writer. The backup API would start
        # again after every write.
        cursor.execute("VACUUM INTO %s", [str(path)])
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
        return _counts(lambda query: copy.execute(query).fetchone()[0])


def _take_postgresql(path: Path) -> dict[str, int]:
    program = _program("pg_dump")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # The counts and the dump see the same snapshot.
        snapshot = _one(cursor, "SELECT pg_export_snapshot()")
        flags = ["--format=custom", "--no-owner", "--no-privileges"]
        _run([program, *flags, f"--snapshot={snapshot}", f"--file={path}"])
        return _counts(lambda query: _one(cursor, query))


def counts() -> dict[str, int]:
    """Return the row counts of the current database."""
    with connection.cursor() as cursor:
        return _counts(lambda query: _one(cursor, query))


def _counts(ask: Callable[[str], Any]) -> dict[str, int]:
    return {
        name: int(ask(f'SELECT count(*) FROM "{model._meta.db_table}"'))  # noqa: S608
        for name, model in COUNTED.items()
    }


def _one(cursor: Any, query: str) -> Any:
    cursor.execute(query)
    return cursor.fetchone()[0]


def _rows(cursor: Any, query: str) -> list[Any]:
    cursor.execute(query)
    return list(cursor.fetchall())


def _run(command: list[str]) -> None:
    """Run a PostgreSQL program on our database; Impossible with its output if it fails."""
    done = subprocess.run(  # noqa: S603
        command, env={**os.environ, **_address()}, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise Impossible(f"{Path(command[0]).name} failed: {done.stderr.strip()[-2000:]}")


def _address() -> dict[str, str]:
    """Return the connection parameters as environment variables, hidden from other users."""
    given = settings.DATABASES["default"]
    names = {"NAME": "DATABASE", "USER": "USER", "PASSWORD": "PASSWORD", "HOST": "HOST"}
    known = {f"PG{pg}": str(given[name]) for name, pg in names.items() if given.get(name)}
    if given.get("PORT"):
        known["PGPORT"] = str(given["PORT"])
    if mode := given.get("OPTIONS", {}).get("sslmode"):
        known["PGSSLMODE"] = str(mode)
    return known


# Restore ------------------------------------------------------------------------------------------


def is_empty() -> bool:
    """Tell whether the database holds no data worth keeping."""
    tables = connection.introspection.table_names()
    return not any(
        model._meta.db_table in tables and model._default_manager.exists()
        for model in COUNTED.values()
    )


def _check_no_worker_reports() -> None:
    """Raise Impossible while a worker reports itself; at rest it may have no connection open."""
    if WorkerBeat._meta.db_table not in connection.introspection.table_names():
        return
    lately = timezone.now() - timedelta(seconds=WORKER_SECONDS)
    if WorkerBeat.objects.filter(seen_at__gte=lately).exists():
        raise Impossible(
            f"A worker was connected to the database within the last {WORKER_SECONDS} seconds. "
            "Stop web, worker and beat. If it was killed, wait and try again."
        )


def check_nobody_works() -> None:
    """Raise Impossible while other clients are connected to a PostgreSQL database."""
    if kind() != "postgresql":
        return
    with connection.cursor() as cursor:
        others = _one(
            cursor,
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
        )
    if others:
        raise Impossible(
            f"{others} other processes are connected to the database. Stop web, worker and beat."
        )
    _check_no_worker_reports()


Check = Callable[["Content"], None]


def _accept(_content: "Content") -> None:
    """Accept any snapshot."""


@dataclass(frozen=True)
class Content:
    """Content of a snapshot: row counts, and the migrations behind its tables."""

    counts: dict[str, int]
    migrations: list[str]


def put_back(path: Path, check: Check = _accept) -> None:
    """Replace the database by the snapshot at `path`, if `check` accepts its content.

    If anything fails, the old database is still in place.
    """
    if kind() == "sqlite":
        _put_back_sqlite(path, check)
    else:
        _put_back_postgresql(path, check)


def _content(rows: Callable[[str], list[Any]]) -> Content:
    """Return row counts and migrations, read through `rows`."""
    try:
        applied = rows("SELECT app, name FROM django_migrations")
        return Content(_counts(lambda query: rows(query)[0][0]), [f"{a}.{n}" for a, n in applied])
    except (sqlite3.Error, DatabaseError) as problem:
        raise Impossible(f"The backup lacks tables of Winnow's: {problem}") from problem


def _put_back_sqlite(path: Path, check: Check) -> None:
    target = Path(settings.DATABASES["default"]["NAME"])
    fresh = target.with_name(f"{target.name}.restoring")
    shutil.copyfile(path, fresh)
    try:
        _check_sqlite(fresh)
        with closing(sqlite3.connect(f"file:{fresh}?mode=ro", uri=True)) as copy:
            check(_content(lambda query: copy.execute(query).fetchall()))
        connections.close_all()
        # The old file's WAL must not be applied to the new one.
        for ending in ("-wal", "-shm", "-journal"):
            target.with_name(target.name + ending).unlink(missing_ok=True)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def _check_sqlite(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
            found = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError as problem:
        raise Impossible(f"The database in the backup is damaged: {problem}") from problem
    if found != "ok":
        raise Impossible(f"The database in the backup is damaged: {found}")


def _put_back_postgresql(path: Path, check: Check) -> None:
    program = _program("pg_restore")
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SCHEMA public RENAME TO {OLD_SCHEMA}")
        cursor.execute("CREATE SCHEMA public")
        flags = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
        try:
            name = f"--dbname={settings.DATABASES['default']['NAME']}"
            _run([program, *flags, name, str(path)])
            check(_content(lambda query: _rows(cursor, query)))
        except BaseException:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute(f"ALTER SCHEMA {OLD_SCHEMA} RENAME TO public")
            raise
        cursor.execute(f"DROP SCHEMA {OLD_SCHEMA} CASCADE")
    connections.close_all()
