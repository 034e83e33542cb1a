"""Whether the database fits this version of Winnow: neither newer than the code nor older."""

from collections.abc import Iterable

from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

SHOWN = 5


class Unfit(Exception):
    """The database is of another version, in words."""


def unknown(applied: Iterable[str]) -> list[str]:
    """Return which of these migrations ("app.name") this version does not have."""
    have = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    return sorted(set(applied) - have)


def refuse_newer() -> None:
    """Raise Unfit if a newer version of Winnow has worked on the database."""
    applied = MigrationRecorder(connection).applied_migrations()
    installed = {config.label for config in apps.get_app_configs()}
    newer = unknown(f"{app}.{name}" for app, name in applied if app in installed)
    if newer:
        raise Unfit(
            f"The database was made by a newer version of Winnow ({', '.join(newer[:SHOWN])}). "
            "Install that version again, or restore a backup that this one has made."
        )


def refuse_unfit() -> None:
    """Raise Unfit if the database is newer than the code, or not yet brought up to it."""
    refuse_newer()
    loader = MigrationLoader(connection)
    missing = sorted(set(loader.disk_migrations) - set(loader.applied_migrations))
    if missing:
        app, name = missing[0]
        raise Unfit(
            f"The database is not prepared for this version of Winnow ({app}.{name} is missing). "
            "Start “manage.py up”, or run “manage.py migrate”."
        )
