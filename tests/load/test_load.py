"""Many people at once keep finding the promises kept; and the checker would tell if they were not.

The servers are real: PostgreSQL, gunicorn with two processes, a crowd over HTTP.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from annotator.bench.api_annotator import ApiAnnotator
from annotator.bench.desk_window import DeskWindow
from annotator.bench.invariants import Stored, violations
from annotator.bench.load import Crowd, Habits, Person
from tests import servers, shared

pytestmark = pytest.mark.servers

ITEMS = 400
SETTING_UP = """
import django, hashlib, json, sys; django.setup()
from annotator.bench import load
from annotator.flow.projects import settings as project_settings
from annotator.models import Item, Project, User
people, items, settings = json.load(sys.stdin)
owner = User.objects.create_user("olga")
project = project_settings.create_project(owner, name="Load", labels=["a", "b"], **settings)
Item.objects.bulk_create(
    Item(project=project, position=n, key=str(n), text=f"text {n}",
         audit_key=int.from_bytes(hashlib.sha256(str(n).encode()).digest()[:8], "big") >> 1,
         content_hash=n.to_bytes(16, "big"))
    for n in range(items)
)
Project.objects.filter(pk=project.pk).update(items=items)
enrolled = [[one.number, one.token, one.session] for one in load.enrol(project.pk, people)]
print(json.dumps([project.pk, enrolled, list(Item.objects.values_list("pk", flat=True))]))
"""
LOOKING = """
import django, json, sys; django.setup()
from dataclasses import astuple
from annotator.bench import load
print(json.dumps([astuple(each) for each in load.stored(int(sys.argv[1]))]))
"""


class Site:
    """A web server on a database of its own, and a project in it that a crowd can label."""

    def __init__(self, folder: Any, database: Any, fault: Any) -> None:
        self.port = servers.free_port()
        self.env = {
            **os.environ,
            "DATABASE_URL": database,
            "BROKER_URL": "redis://127.0.0.1:1/0",
            "WINNOW_DATA": str(folder),
            # The sessions of a project that is copied are signed with it.
            "SECRET_KEY": "only-for-this-test-" * 3,
            "DJANGO_SETTINGS_MODULE": "annotator.settings",
            "WINNOW_FAULT": fault,
        }

    def python(self, script: Any, *args: Any, given: Any = None) -> Any:
        done = subprocess.run(
            [sys.executable, "-c", script, *args],
            env=self.env,
            input=None if given is None else json.dumps(given),
            capture_output=True,
            text=True,
            timeout=servers.patient(120),
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def answering(self) -> Iterator[Any]:
        command = [sys.executable, "-m", "gunicorn", "--config", "tests/load/faulty.py"]
        command += ["--bind", f"127.0.0.1:{self.port}"]
        process = subprocess.Popen(command, env=self.env, cwd=servers.ROOT)
        try:
            servers.wait_until(lambda: servers.accepts(self.port), 60, "the web server")
            yield
        finally:
            process.terminate()
            process.wait(servers.patient(30))


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with servers.postgres() as address:
        yield address


class Projects:
    """Databases with a project for a crowd; those of the same kind are copies of the first."""

    def __init__(self, server: str, folder: Path) -> None:
        self._port, self._folder = urlsplit(server).port, folder
        self._made: dict[str, tuple[str, Any]] = {}

    def new(self, *given: Any) -> tuple[str, Any]:
        """Return the address of a database, and what is in it."""
        kind = json.dumps(given)
        if kind not in self._made:
            name = f"kind{len(self._made)}"
            address = servers.new_database(self._port, name, servers.TABLES)
            site = Site(self._folder, address, "none")
            self._made[kind] = name, site.python(SETTING_UP, given=given)
        name, made = self._made[kind]
        return servers.new_database(self._port, f"load{time.monotonic_ns()}", name), made


@pytest.fixture(scope="module")
def projects(server: str, tmp_path_factory: pytest.TempPathFactory) -> Projects:
    return Projects(server, tmp_path_factory.mktemp("projects"))


def broken(
    folder: Any,
    projects: Projects,
    fault: Any,
    people: Any = 12,
    habits: Any = None,
    worker: Any = ApiAnnotator,
    number: int = ITEMS,
    **settings: Any,
) -> Any:
    """Let a crowd label everything on a server with `fault`, and return the kinds of violations."""
    # Static files of the pages that windows open.
    shared.copy_data_directory(folder / "data", [shared.DATABASE])
    database, (project, enrolled, items) = projects.new(people, number, settings)
    site = Site(folder / "data", database, fault)
    crowd = Crowd(
        f"http://127.0.0.1:{site.port}",
        project,
        [Person(*each) for each in enrolled],
        habits or Habits(skips=0.05, repeats=0.05),
        worker,
    )
    with site.answering():
        calls = crowd.start().join(servers.patient(180))
    assert crowd.failures == []
    stored = [
        Stored(key, item, person, client_id, tuple(labels), counted, again)
        for key, item, person, client_id, labels, counted, again in site.python(
            LOOKING, str(project)
        )
    ]
    if fault == "none":
        assert len(stored) > number / 2
    found = violations(calls, stored, overlap=settings.get("overlap", 1), items=items)
    return {each.kind for each in found}


@pytest.fixture(params=[ApiAnnotator, DeskWindow], ids=["by the API", "at the page"])
def worker(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("overlap", [1, 3])
def test_crowd_finds_every_promise_kept(
    tmp_path: Path, projects: Projects, overlap: int, worker: Any
) -> None:
    # As many answers in either case.
    given = {"worker": worker, "number": ITEMS // overlap, "overlap": overlap}
    assert broken(tmp_path, projects, "none", **given) == set()


def test_crowd_that_lets_leases_run_out_finds_every_promise_kept(
    tmp_path: Path, projects: Projects, worker: Any
) -> None:
    habits = Habits(wanders=0.02, returns=0.5, repeats=0.05)
    given = {"habits": habits, "worker": worker, "lease_seconds": 10}
    assert broken(tmp_path, projects, "none", **given) == set()


@pytest.mark.parametrize(
    ("fault", "kind", "people"),
    [
        ("claims_without_asking_again", "crowded", 12),
        ("acknowledges_before_it_stores", "lost", 12),
        # Few people, so that what one skipped is theirs to be given again.
        ("gives_skipped_items_to_the_same_person_again", "repeated", 2),
        ("tells_that_nothing_is_left", "starved", 12),
    ],
)
def test_fault_that_was_put_in_is_found(
    tmp_path: Path, projects: Projects, fault: str, kind: str, people: int, worker: Any
) -> None:
    assert kind in broken(tmp_path, projects, fault, people, worker=worker)


def test_opinion_beyond_the_need_is_found(tmp_path: Path, projects: Projects) -> None:
    habits = Habits(wanders=0.05, returns=1.0)
    kinds = broken(
        tmp_path, projects, "counts_opinions_that_nobody_needs", habits=habits, lease_seconds=10
    )
    assert "crowded" in kinds
