"""A state that takes long to make, made once: each test finds it as it was.

`keeping` keeps one for a module. Its rows lie in a transaction around those of the tests, its files
are copied for each test; no test of the module may have a database of its own. `States` remembers
any number for a process. Their rows are stored anew for each test, in a thirtieth of the time.

The users and the project of the fixtures are those of the state.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker, Settings

from annotator.db import clock
from annotator.models import Project, User, jobs
from tests import loop


@dataclass(frozen=True)
class Kept:
    """A project with all that belongs to it."""

    pk: int
    files: Path

    def put(self, settings: Settings) -> Project:
        """Give a test its own copy of the files, and return the project."""
        shutil.copytree(self.files, settings.MEDIA_ROOT, dirs_exist_ok=True)
        return Project.objects.get(pk=self.pk)


@contextmanager
def _kept(
    blocker: DjangoDbBlocker, folder: Path, make: Callable[[pytest.MonkeyPatch], Project]
) -> Iterator[Kept]:
    """Make a state, keep it for the tests, and take it back."""
    files = folder / "files"
    files.mkdir()
    with blocker.unblock(), transaction.atomic():
        with pytest.MonkeyPatch.context() as patch, override_settings(MEDIA_ROOT=files):
            # As for each test.
            patch.setattr(jobs, "BEAT_SECONDS", 3600)
            patch.setattr(clock, "OWN_CLOCK", set())
            loop.forget_what_was_loaded()
            made = make(patch).pk
        yield Kept(made, files)
        transaction.set_rollback(True)


def keeping(make: Callable[[pytest.MonkeyPatch], Project]) -> Any:
    """Return a fixture of a module that keeps a state."""

    @pytest.fixture(scope="module")
    def once(
        django_db_setup: None,
        django_db_blocker: DjangoDbBlocker,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Iterator[Kept]:
        with _kept(django_db_blocker, tmp_path_factory.mktemp("kept"), make) as made:
            yield made

    return once


# Remembered by rows -------------------------------------------------------------------------------

# These are there before a test begins.
OF_THE_TABLES = (ContentType, Permission)
# So many values go into one statement.
VALUES = 5000
Make = Callable[[], Project]


@dataclass(frozen=True)
class Rows:
    """The rows of a table, as the database gave them."""

    table: str
    columns: list[str]
    rows: list[tuple[Any, ...]]

    def store(self, later: timedelta) -> None:
        """Store them with their keys, all times moved by `later`."""
        names = ", ".join(map(connection.ops.quote_name, self.columns))
        into = f"INSERT INTO {connection.ops.quote_name(self.table)} ({names}) VALUES "
        one = f"({', '.join(['%s'] * len(self.columns))})"
        step = VALUES // len(self.columns)
        with connection.cursor() as cursor:
            for start in range(0, len(self.rows), step):
                some = self.rows[start : start + step]
                values = [_moved(value, later) for row in some for value in row]
                cursor.execute(into + ", ".join([one] * len(some)), values)


def _moved(value: Any, later: timedelta) -> Any:
    return value + later if isinstance(value, datetime) else value


def _all_rows() -> list[Rows]:
    """Return the rows of all tables that have some."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        if model in OF_THE_TABLES:
            continue
        columns = [field.column for field in model._meta.local_concrete_fields]
        names = ", ".join(map(connection.ops.quote_name, columns))
        table = connection.ops.quote_name(model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {names} FROM {table}")
            if rows := cursor.fetchall():
                found.append(Rows(model._meta.db_table, columns, rows))
    return found


@dataclass(frozen=True)
class State:
    """A project, and all else that there is."""

    project: int
    rows: list[Rows]
    files: Path
    made_at: datetime

    def put(self, settings: Settings) -> Project:
        """Give a test, which has no rows yet, its own copy."""
        later = timezone.now() - self.made_at
        with transaction.atomic():
            for each in self.rows:
                each.store(later)
        shutil.copytree(self.files, settings.MEDIA_ROOT, dirs_exist_ok=True)
        return Project.objects.get(pk=self.project)


class States:
    """States by what makes them.

    Nothing may be stored before: `pytest_collection_modifyitems` puts their fixtures first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[Make, State] = {}
        # The project of the state that the running test has.
        self.project: int | None = None

    def put(self, make: Make, settings: Settings) -> Project:
        """Give a test the state that `make` makes; who asks for it first has it made."""
        assert not User.objects.exists(), "the state comes after other rows"
        if make not in self._made:
            self._made[make] = self._make(make)
        self.project = self._made[make].project
        return self._made[make].put(settings)

    def _make(self, make: Make) -> State:
        # Taken back, so that the first test finds what every other one finds.
        files = self._folder / str(len(self._made))
        files.mkdir()
        with transaction.atomic(), override_settings(MEDIA_ROOT=files):
            project = make()
            # A test finds it as if it had just been made.
            state = State(project.pk, _all_rows(), files, timezone.now())
            transaction.set_rollback(True)
        loop.forget_what_was_loaded()
        return state


def state_first(names: list[str]) -> None:
    """Let the fixtures of states come before those that store something."""
    states = [name for name in names if name in NAMES]
    rest = [name for name in names if name not in NAMES]
    start = max((at for at, name in enumerate(rest) if name in OF_EVERY_TEST), default=-1) + 1
    names[:] = [*rest[:start], *states, *rest[start:]]


# Fixtures that every test has, without which no state is made.
OF_EVERY_TEST = frozenset({"_clock_that_a_test_can_set", "_no_heartbeat", "_own_data_directory"})
# Fixtures of states: of all rows that a test finds at its start.
NAMES = frozenset(
    "busy crowd hunted labelled measured_project own ready small sure topics trained worked".split()
)
