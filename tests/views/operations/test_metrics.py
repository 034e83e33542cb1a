"""Who may read the figures, what they are, and what they cost."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.utils import timezone
from pytest_django import Settings

from annotator.flow.operations import health
from annotator.flow.projects import members
from annotator.flow.projects import settings as project_settings
from annotator.flow.queue import leasing
from annotator.metrics import prometheus
from annotator.models import Import, Job, Project, User, WorkerBeat
from tests import loop, servers
from tests.given import Api, Fill, Learn, RunRound

pytestmark = pytest.mark.django_db

TOKEN = "t" * 32


@pytest.fixture
def by_token(settings: Settings) -> None:
    settings.METRICS, settings.METRICS_TOKEN = "token", TOKEN


@pytest.fixture
def local(settings: Settings) -> None:
    settings.METRICS = "loopback"


def read(client: Any = None, **headers: Any) -> Any:
    answer = (client or Client()).get("/metrics", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def read_when_quiet() -> Any:
    """Return the figures once nobody else asks: a page of an earlier test may still be served."""
    total = 'winnow_request_seconds_count{call="other"}'
    figures = read()
    for _attempt in range(50):
        time.sleep(0.1)
        before, figures = figures, read()
        # The reading before this one is itself a request.
        if value(figures, total) - (value(before, total) or 0) == 1:
            return figures
    raise AssertionError("others keep asking")


def value(page: Any, name: Any) -> Any:
    """Return the figure that stands behind `name` with its labels; None where it is missing."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", page, flags=re.M)
    return found and float(found[1])


# Who ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post", "head", "options"])
def test_there_is_nothing_unless_it_is_enabled(
    client: Client, settings: Settings, method: str
) -> None:
    assert settings.METRICS == "off"
    assert getattr(client, method)("/metrics").status_code == 404


def test_strangers_see_what_an_unknown_address_shows(client: Client, local: Any, ana: User) -> None:
    client.force_login(ana)
    elsewhere = client.get("/metrics", REMOTE_ADDR="10.0.0.7")
    unknown = client.get("/nothing", REMOTE_ADDR="10.0.0.7")
    pages = [
        re.sub("Request ID: [0-9a-f]{16}", "", a.content.decode()) for a in (elsewhere, unknown)
    ]
    assert elsewhere.status_code == unknown.status_code == 404
    tokens = [re.sub('"X-CSRFToken": "[^"]+"|value="[^"]+"', "", page) for page in pages]
    assert tokens[0] == tokens[1]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_may_read_them(client: Client, local: Any, address: str) -> None:
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == 200


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "192.168.0.1", "::ffff:10.0.0.1", "", "unix:", "x"]
)
def test_other_machines_may_not(client: Client, local: Any, address: str) -> None:
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == 404


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
def test_what_a_front_server_passed_on_is_not_local(client: Client, local: Any, name: str) -> None:
    assert client.get("/metrics", headers={name: "127.0.0.1"}).status_code == 404


def test_the_token_opens_them_from_everywhere(client: Client, by_token: Any) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/metrics", headers=headers, REMOTE_ADDR="10.0.0.1").status_code == 200


@pytest.mark.parametrize("given", ["", TOKEN, "Bearer ", "Bearer x", f"Token {TOKEN}", "Bearer ä"])
def test_a_wrong_token_does_not_even_from_here(client: Client, by_token: Any, given: Any) -> None:
    answer = client.get("/metrics", headers={"Authorization": given}, REMOTE_ADDR="127.0.0.1")
    assert answer.status_code == 404


def test_the_admins_session_does_not_open_them(client: Client, by_token: Any, olga: User) -> None:
    olga.is_superuser = True
    olga.save()
    client.force_login(olga)
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"METRICS": "yes"}, "METRICS is one of off, loopback, token"),
        ({"METRICS": "token", "METRICS_TOKEN": "short"}, "at least 20 characters"),
    ],
)
def test_settings_that_cannot_be_meant_stop_the_start(tmp_path: Path, env: Any, words: str) -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        cwd=servers.ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "annotator.settings", **env}
        | {"WINNOW_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert words in found.stderr


# What --------------------------------------------------------------------------------------------


def test_requests_are_timed_by_what_annotators_wait_for(
    local: Any, api: Api, project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 20)
    client = api(ana)
    before = read_when_quiet()
    served = client.post(f"/api/v1/projects/{project.pk}/next").json()
    body = {"lease": served["lease"], "labels": ["spam"], "seconds": 1.0}
    body["client_id"] = "7f0c1a4e-3a55-4a8e-9d0c-0f0b6d1f2a11"
    client.post(f"/api/v1/projects/{project.pk}/annotations", body)
    client.post(f"/api/v1/projects/{project.pk}/annotations/", {})
    after = read()
    for call, n in (("next", 1), ("save", 2), ("desk", 0), ("other", 1)):
        for name in (
            f'winnow_request_seconds_count{{call="{call}"}}',
            f'winnow_request_seconds_bucket{{call="{call}",le="+Inf"}}',
        ):
            assert value(after, name) - value(before, name) == n, name
    for code, n in (("2xx", 3), ("4xx", 1)):
        name = f'winnow_responses_total{{status="{code}"}}'
        assert value(after, name) - value(before, name) == n, name


def test_the_routes_that_are_timed_exist() -> None:
    assert {route for _method, route in prometheus.CALLS} <= set(_routes(get_resolver()))


def _routes(resolver: Any, before: str = "") -> Iterator[Any]:
    for pattern in resolver.url_patterns:
        here = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _routes(pattern, here)
        else:
            yield here


def test_projects_workers_jobs_and_disk_have_their_figures(
    local: Any, project: Project, filled: Fill, learnt: Learn, run_round: RunRound, ana: User
) -> None:
    filled(project, 40)
    learnt(project)
    loop.label(project, ana, 20)
    run_round(project)
    loop.label(project, ana, 2)
    leasing.lease_next(project, ana)
    WorkerBeat.objects.create(name="here:1", seen_at=timezone.now())
    Import.objects.create(project=project, name="b.csv", path="x", state=Job.State.FAILED)
    page, own = read(), f'{{project="{project.pk}"}}'
    stands = health.standing(project)
    assert value(page, f"winnow_queue_depth{own}") == stands.open > 0
    assert value(page, f"winnow_leases{own}") == 1
    assert value(page, f"winnow_oldest_lease_seconds{own}") >= 0
    assert value(page, f"winnow_model_unseen_labels{own}") == 2
    assert value(page, f"winnow_model_age_seconds{own}") > 0
    assert value(page, f"winnow_rounds_failed_total{own}") == 0
    stage = f'winnow_round_stage_seconds{{project="{project.pk}",stage="train"}}'
    assert value(page, stage) == stands.done.timings["train"]
    assert value(page, f'winnow_capped{{count="leases",project="{project.pk}"}}') == 0
    assert value(page, 'winnow_jobs{kind="import",state="failed"}') == 1
    assert value(page, "winnow_workers_alive") == 1
    assert value(page, 'winnow_worker_heartbeat_age_seconds{worker="here:1"}') < 40
    assert value(page, "winnow_disk_free_bytes") > 0
    assert value(page, "winnow_database_up") == 1


def test_a_count_that_stopped_says_so(
    local: Any, project: Project, filled: Fill, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(project, 30)
    leasing.lease_next(project, ana)
    monkeypatch.setattr(health, "MOST", 3)
    page = read()
    assert value(page, f'winnow_queue_depth{{project="{project.pk}"}}') == 3
    assert value(page, f'winnow_capped{{count="queue_depth",project="{project.pk}"}}') == 1


def test_projects_beyond_the_most_are_counted_only(
    local: Any, project: Project, image_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "standings", lambda: [health.standing(image_project)])
    page = read()
    assert (value(page, "winnow_projects"), value(page, "winnow_projects_left_out")) == (2, 1)


def test_no_name_of_a_project_or_label_is_told(local: Any, project: Project, filled: Fill) -> None:
    filled(project, 5)
    page = read()
    assert not [word for word in (project.name, "spam", "olga") if word in page]


def test_without_its_database_it_still_answers(local: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(health, "standings", away)
    page = read()
    assert value(page, "winnow_database_up") == 0
    assert value(page, "winnow_disk_free_bytes") > 0
    assert "winnow_queue_depth" not in page


def test_reader_may_ask_for_open_metrics(local: Any) -> None:
    accept = "application/openmetrics-text; version=1.0.0"
    answer = Client().get("/metrics", headers={"Accept": accept})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.content.endswith(b"# EOF\n")
    assert "no-store" in answer.headers["Cache-Control"]


# What it costs -----------------------------------------------------------------------------------


def test_it_costs_the_same_with_many_projects_and_items(
    local: Any, project: Project, olga: User, filled: Fill, ana: User
) -> None:
    filled(project, 5)
    read()
    with CaptureQueriesContext(connection) as few:
        read()
    for number in range(6):
        other = project_settings.create_project(olga, name=f"P{number}", labels=["a", "b"])
        members.add_member(other, ana.username, "annotator")
        filled(other, 40)
        leasing.lease_next(other, ana)
    filled(project, 60, start=100)
    WorkerBeat.objects.create(name="w", seen_at=timezone.now() - timedelta(hours=1))
    with CaptureQueriesContext(connection) as many:
        read()
    assert len(many) == len(few) <= 15


def test_web_process_loads_no_metrics_that_are_off() -> None:
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import annotator.wsgi, sys; assert 'prometheus_client' not in sys.modules",
        ],
        cwd=servers.ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "annotator.settings", "METRICS": "off"},
    )
    assert found.returncode == 0


# Where processes count ---------------------------------------------------------------------------

COUNT = """
import os, sys, time, annotator.wsgi
from annotator.metrics import prometheus as metrics
from types import SimpleNamespace
match = SimpleNamespace(route="api/v1/projects/<int:pk>/next")
metrics.begin()
for _ in range(int(sys.argv[1])):
    metrics.observe(SimpleNamespace(method="POST", resolver_match=match), 200, 0.02)
print("counted", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Any]:
    """Return a function that starts a process which counts some requests and waits."""
    started = []
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "annotator.settings", "METRICS": "loopback"}

    def start(n: Any) -> Any:
        process = subprocess.Popen(
            [sys.executable, "-c", COUNT, str(n)],
            cwd=servers.ROOT,
            env=env | {"WINNOW_DATA": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout.readline() == b"counted\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def summed(folder: Any) -> Any:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    (own,) = (folder / "metrics").iterdir()
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(own))
    page = generate_latest(registry).decode()
    return value(page, 'winnow_request_seconds_count{call="next"}')


def test_processes_count_together_and_what_a_dead_one_counted_stays(
    counting: Any, tmp_path: Path
) -> None:
    first = counting(2)
    counting(3)
    assert summed(tmp_path) == 5
    first.kill()
    first.wait()
    counting(1)
    assert summed(tmp_path) == 6


def test_the_first_process_of_a_start_begins_anew(counting: Any, tmp_path: Path) -> None:
    for process in (counting(2), counting(3)):
        process.kill()
        process.wait()
    counting(1)
    assert summed(tmp_path) == 1


def test_folders_of_containers_that_are_no_more_go(counting: Any, tmp_path: Path) -> None:
    gone, living = tmp_path / "metrics" / "gone", tmp_path / "metrics" / "new"
    for folder in (gone, living):
        folder.mkdir(parents=True)
    long_ago = timezone.now().timestamp() - 2 * prometheus.DAY
    os.utime(gone, (long_ago, long_ago))
    counting(0)
    assert not gone.exists()
    assert living.exists()


def test_no_room_to_count_is_no_reason_not_to_answer(
    local: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prometheus, "begin", full)
    assert Client().get("/healthz").status_code == 200


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_machine_addresses_are_only_read(address: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert [strict.post(address).status_code, strict.delete(address).status_code] == [405, 405]
    assert strict.head("/healthz").status_code == 200
