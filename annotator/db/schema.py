"""Schema check: the database is neither newer nor older than the code."""

import pkgutil
from collections.abc import Iterable
from importlib import import_module

from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

SHOWN = 5


class Unfit(Exception):
    """The database belongs to another version; the message says which."""


def on_disk() -> set[tuple[str, str]]:
    """Return app and name of every migration of this version, without loading any."""
    found = set()
    for config in apps.get_app_configs():
        name, _explicit = MigrationLoader.migrations_module(config.label)
        try:
            package = import_module(name or "")
        except (ImportError, ValueError):
            continue
        modules = pkgutil.iter_modules(getattr(package, "__path__", []))
        found |= {(config.label, each.name) for each in modules if each.name[0] not in "_~"}
    return found


def is_current() -> bool:
    """Return whether every migration has been applied."""
    return on_disk() <= set(MigrationRecorder(connection).applied_migrations())


def unknown(applied: Iterable[str]) -> list[str]:
    """Return the migrations ("app.name") that this version does not have."""
    have = {f"{app}.{name}" for app, name in on_disk()}
    return sorted(set(applied) - have)


def refuse_newer() -> None:
    """Raise Unfit if a newer version of Winnow has migrated the database."""
    applied = MigrationRecorder(connection).applied_migrations()
    installed = {config.label for config in apps.get_app_configs()}
    newer = unknown(f"{app}.{name}" for app, name in applied if app in installed)
    if newer:
        raise Unfit(
            f"The database was made by a newer version of Winnow ({', '.join(newer[:SHOWN])}). "
            "Install that version again, or restore a backup that this one has made."
        )


def refuse_unfit() -> None:
    """Raise Unfit if the database is newer than the code, or not migrated yet."""
    refuse_newer()
    loader = MigrationLoader(connection)
    missing = sorted(set(loader.disk_migrations) - set(loader.applied_migrations))
    if missing:
        app, name = missing[0]
        raise Unfit(
            f"The database is not prepared for this version of Winnow ({app}.{name} is missing). "
            "Start “manage.py up”, or run “manage.py migrate”."
        )
