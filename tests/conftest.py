"""Fixed users: Olga owns the project, Lea leads, Ana and Ben annotate, Zed is no member."""

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import translation
from knox.models import AuthToken
from pytest_django import Settings
from rest_framework.test import APIClient

from annotator import celery
from annotator.db import clock
from annotator.flow.operations import background_reports
from annotator.flow.projects import settings as project_settings
from annotator.flow.training import confident_items
from annotator.models import Project, User, jobs
from annotator.security import password_hashing, rate_limits
from tests import flush, kept, loop, pace, shared
from tests.given import PutState

# Servers and workers that tests start encode nothing in the background, unless a test wants it.
os.environ.setdefault("WINNOW_ENCODERS", "none")
# Whoever imports the client first decides for the whole process how it counts. The app names its
# own folder before it counts.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.gettempdir())

# Session ------------------------------------------------------------------------------------------


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest units, so that no worker is left with one at the end."""
    items.sort(key=pace.place)
    for item in items:
        kept.state_first(getattr(item, "fixturenames", []))
    pace.tell_units(items)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Number files instead of naming them by their bytes: gzip and ZIP write the time into them."""
    return argname if isinstance(val, bytes) else None


def pytest_xdist_auto_num_workers() -> int:
    """Use so many workers that those which wait leave no core idle."""
    return pace.workers()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> pace.Distribution:
    """Let what waits run beside what computes."""
    return pace.Distribution(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let servers go before what computes, where both run."""
    if _is_worker(item.config):
        pace.step_back(item)


def pytest_configure(config: pytest.Config) -> None:
    """Create the directory that all workers share, in the process that starts them."""
    if not _is_worker(config):
        shared.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove it at the end."""
    if not _is_worker(config):
        shared.end()


def pytest_collection_finish() -> None:
    """Exclude permanent objects from garbage collection: modules, and the tests themselves."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, django_db_modify_db_settings: None
) -> Iterator[None]:
    """Disable SQLite's syncs, as no test survives a power cut; copy the file for a worker."""
    if not _is_sqlite():
        yield
        return
    database = django_settings.DATABASES["default"]
    database["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
    file = Path(database["TEST"]["NAME"])
    if _is_worker(request.config):
        shared.copy_database(file)
    yield
    for each in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        each.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest, django_db_keepdb: bool) -> bool:
    """Keep the copy: creating the tables takes longer than a worker's first tests."""
    return django_db_keepdb or (_is_worker(request.config) and _is_sqlite())


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _is_sqlite() -> bool:
    return "sqlite" in django_settings.DATABASES["default"]["ENGINE"]


@pytest.fixture(autouse=True, scope="session")
def _quick_flush() -> Iterator[None]:
    with flush.only_what_was_stored():
        yield


@pytest.fixture(autouse=True)
def _no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _file: None)


@pytest.fixture(autouse=True)
def _reports_take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine one would take so long that it is put off, and a test read the one before.
    monkeypatch.setattr(background_reports, "time", SimpleNamespace(perf_counter=lambda: 0.0))


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    # A million hash iterations are only needed against attackers.
    monkeypatch.setattr(password_hashing.PasswordHasher, "iterations", 1000)


# Start of each test -------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its thread has its own connection, which would wait for the test's open transaction.
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 3600)


@pytest.fixture(autouse=True, scope="session")
def _nobody_to_wake() -> Iterator[None]:
    # There is no broker, and a thread would look for it beyond the end of the test.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(celery.mailbox, "put", lambda _task, _args: None)
        yield


@pytest.fixture(autouse=True)
def _nobodys_language() -> None:
    # Requests leave context variables in the thread, where the next test would see them.
    translation.deactivate()


@pytest.fixture(autouse=True)
def _clock_that_a_test_can_set(monkeypatch: pytest.MonkeyPatch) -> None:
    # The clock of a database cannot be moved.
    monkeypatch.setattr(clock, "OWN_CLOCK", set())


@pytest.fixture(autouse=True)
def _own_data_directory(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    rate_limits.forget()
    # Keys repeat after a rolled-back test, so caches by key must be cleared.
    loop.forget_what_was_loaded()


@pytest.fixture
def olga(db: Any) -> User:
    return loop.person("olga")


@pytest.fixture
def lea(db: Any) -> User:
    return loop.person("lea")


@pytest.fixture
def ana(db: Any) -> User:
    return loop.person("ana")


@pytest.fixture
def ben(db: Any) -> User:
    return loop.person("ben")


@pytest.fixture
def zed(db: Any) -> User:
    return loop.person("zed")


@pytest.fixture
def project(states: kept.States, olga: User, lea: User, ana: User, ben: User) -> Project:
    """The project of the test's state if it has one, or else a new one."""
    if states.project is None:
        return loop.mail_project()
    return Project.objects.get(pk=states.project)


@pytest.fixture(scope="session")
def states(tmp_path_factory: pytest.TempPathFactory) -> kept.States:
    return kept.States(tmp_path_factory.mktemp("states"))


@pytest.fixture
def put_state(states: kept.States, db: None, settings: Settings) -> Iterator[PutState]:
    """Yield a function that gives the test a state by what makes it, and returns its project.

    Its fixture must be named in `kept.NAMES`.
    """
    yield lambda make: states.put(make, settings)
    states.project = None


@pytest.fixture
def image_project(olga: User, lea: User, ana: User, ben: User) -> Project:
    made = project_settings.create_project(
        olga, name="Pets", task="image", labels=["cat", "dog"], seed=7
    )
    return loop.with_members(made)


class Caller(APIClient):
    """An API client that sends JSON by default."""

    default_format = "json"


@pytest.fixture
def api() -> Callable[[User], APIClient]:
    """Return a function that gives a user's API client, with its own token."""

    def of(user: User) -> APIClient:
        client = Caller()
        _token, plain = AuthToken.objects.create(user=user)
        client.credentials(HTTP_AUTHORIZATION=f"Token {plain}")
        return client

    return of


@pytest.fixture
def filled() -> Callable[..., Any]:
    """Return a function that imports small texts: `filled(project, n)` gives the items."""
    return loop.fill


@pytest.fixture
def learnt() -> Callable[..., Any]:
    """Return a function that computes the features of a project."""
    return loop.make_features


@pytest.fixture
def easily_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the confidence threshold, because a dozen labels train a weak model."""
    monkeypatch.setattr(confident_items, "LEAST", 0.5)


@pytest.fixture
def sure(put_state: PutState, easily_sure: Any) -> Project:
    """The project with 120 items, and a model of twelve labels, confident about the others."""
    return put_state(_sure)


def _sure() -> Project:
    return loop.make_sure(loop.mail_project())


@pytest.fixture
def run_round() -> Callable[..., Any]:
    """Return a function that runs one whole round and returns it."""
    return loop.go_round
