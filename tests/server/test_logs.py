"""What a log line says, and what never gets into one."""

import io
import json
import logging
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from annotator.flow.queue import leasing
from annotator.jobs.runner import job
from annotator.logs import log_format
from annotator.models import Import, Job, Project, User
from tests import loop
from tests.given import Api, Fill, Learn, RunRound

SECRETS = ("opossum", "wallaby")


@pytest.fixture
def level() -> Iterator[Any]:
    """Return a function that sets the level of a logger for the length of a test."""
    before = {}

    def change(name: Any, to: Any) -> None:
        logger = logging.getLogger(name)
        before.setdefault(logger, logger.level)
        logger.setLevel(to)

    yield change
    for logger, was in before.items():
        logger.setLevel(was)


@pytest.fixture
def written(level: Any) -> Iterator[Any]:
    """Return a function that gives what was logged, each request included, as text and as JSON."""
    streams = []
    root = logging.getLogger()
    for formatter in (
        log_format.TextFormatter("%(levelname)s %(message)s"),
        log_format.JsonFormatter(),
    ):
        handler = logging.StreamHandler(io.StringIO())
        handler.setFormatter(formatter)
        handler.addFilter(log_format.ContextFilter())
        root.addHandler(handler)
        streams.append(handler)
    for name in ("annotator.metrics.request_log", "annotator.jobs.runner"):
        level(name, logging.INFO)
    yield lambda: [handler.stream.getvalue() for handler in streams]
    for handler in streams:
        root.removeHandler(handler)


def objects(written: Any) -> Any:
    return [json.loads(line) for line in written()[1].splitlines()]


def access(written: Any) -> Any:
    return [each for each in objects(written) if each["logger"] == "annotator.metrics.request_log"]


# What a line is about ----------------------------------------------------------------------------


def test_lines_carry_what_is_bound_and_no_longer(written: Any) -> None:
    log = logging.getLogger("somewhere")
    with log_format.bound(task="train"), log_format.bound(project=7):
        log.warning("within")
    log.warning("after")
    within, after = objects(written)
    assert (within["task"], within["project"]) == ("train", 7)
    assert not {"task", "project"} & set(after)
    assert "WARNING within [task=train project=7]" in written()[0]


@pytest.mark.django_db
def test_each_request_is_a_line_with_person_and_project(
    written: Any, client: Client, project: Project, ana: User
) -> None:
    client.force_login(ana)
    answer = client.get(reverse("dashboard", args=[project.pk]) + "?secret=opossum")
    (line,) = access(written)
    assert line["request"] == answer.headers["X-Request-ID"]
    assert (line["user"], line["project"], line["level"]) == (ana.pk, project.pk, "info")
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["route"] == "/projects/<int:project_id>/"
    assert line["ms"] > 0


@pytest.mark.django_db
def test_calls_of_the_api_carry_them_too(
    written: Any, api: Api, project: Project, ana: User
) -> None:
    api(ana).post(f"/api/v1/projects/{project.pk}/next")
    (line,) = access(written)
    assert (line["user"], line["project"], line["status"]) == (ana.pk, project.pk, 204)


@pytest.mark.django_db
def test_a_line_costs_no_query(
    written: Any, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        client.get("/healthz")
    (line,) = access(written)
    assert not {"user", "project"} & set(line)


def test_text_logs_have_no_line_for_each_request(settings: Settings) -> None:
    levels = settings.LOGGING["loggers"]["annotator.metrics.request_log"]
    assert (settings.LOG_FORMAT, levels["level"]) == ("text", "WARNING")


# The id ------------------------------------------------------------------------------------------


def test_plain_id_of_a_front_server_is_kept(client: Client, db: Any) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "f00d-Cafe_123"})
    assert answer.headers["X-Request-ID"] == "f00d-Cafe_123"


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, "a b c d e f", "ab\ncd\x1b[31mef", "ä" * 9]
)
def test_any_other_id_is_made_anew(client: Client, db: Any, given: str) -> None:
    made = client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert made != given
    assert len(made) == 16
    assert made != client.get("/healthz").headers["X-Request-ID"]


# Jobs --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_job_says_when_it_begins_and_how_it_ends(written: Any, project: Project) -> None:
    work = Import.objects.create(project=project, name="opossum.csv", path="x")
    job(Import)(lambda claimed: claimed.finish())(work.pk)
    begins, ends = objects(written)
    assert (begins["job"], begins["job_id"], begins["attempt"]) == ("import", work.pk, 1)
    assert (ends["state"], ends["project"]) == ("done", project.pk)
    assert ends["seconds"] >= 0
    assert "import" in ends["message"]
    assert "opossum" not in "".join(written())


@pytest.mark.django_db
@pytest.mark.parametrize("state", [Job.State.QUEUED, Job.State.FAILED])
def test_job_that_fails_says_so_without_quoting(written: Any, project: Project, state: Any) -> None:
    attempts = 2 if state == Job.State.FAILED else 0
    work = Import.objects.create(project=project, name="a.csv", path="x", attempts=attempts)

    def choke(claimed: Any) -> None:
        raise ValueError(SECRETS[0])

    job(Import)(choke)(work.pk)
    _begins, failed, ends = objects(written)
    assert (failed["level"], ends["state"]) == ("error", state)
    assert failed["error"].endswith("ValueError")
    assert "in choke" in failed["error"]
    assert "opossum" not in "".join(written())


@pytest.mark.django_db
def test_job_that_another_worker_took_says_so(written: Any, project: Project) -> None:
    work = Import.objects.create(project=project, name="a.csv", path="x")

    def lose(claimed: Any) -> None:
        Import.objects.update(token=uuid.uuid4())
        claimed.finish()

    job(Import)(lose)(work.pk)
    assert objects(written)[-1]["state"] == "lost"


@pytest.mark.django_db
def test_parts_of_a_job_know_its_project(
    written: Any, project: Project, filled: Fill, learnt: Learn, run_round: RunRound
) -> None:
    filled(project, 12)
    learnt(project)
    run_round(project)
    kinds = {line["job"] for line in objects(written) if line.get("state")}
    assert {"feature shard", "round", "round shard"} <= kinds
    assert {line["project"] for line in objects(written) if "job" in line} == {project.pk}


# What never gets in ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_labelling_leaves_no_text_label_note_or_token(
    written: Any, api: Api, project: Project, filled: Fill, ana: User
) -> None:
    loop.bring_in(project, "texts.csv", "text\n" + "".join(f"an opossum {n}\n" for n in range(9)))
    client = api(ana)
    token = client._credentials["HTTP_AUTHORIZATION"].split()[1]
    lease = str(leasing.lease_next(project, ana).pk)
    body = {"lease": lease, "labels": ["spam"], "note": "wallaby", "client_id": str(uuid.uuid4())}
    path = f"/api/v1/projects/{project.pk}/annotations"
    assert client.post(path, body).status_code == 201
    assert client.post(path, {**body, "labels": ["wallaby"]}).status_code == 422
    assert client.get(f"/api/v1/projects/{project.pk}/items?q=opossum").status_code == 200
    client.post("/api/v1/auth/token", {"username": "ana", "password": "opossum"})
    client.get(f"/invite/{token}")
    client.get(f"/invite/{token}/more")
    said = "".join(written())
    assert len(access(written)) == 6
    assert not [word for word in (*SECRETS, token, "spam") if word in said]


@pytest.mark.django_db
def test_server_error_names_its_place_but_no_value(
    written: Any, client: Client, monkeypatch: pytest.MonkeyPatch, ana: User, project: Project
) -> None:
    def choke(*_args: Any, **_kwargs: Any) -> None:
        # Not spelt out here, as the line itself is shown.
        raise ValueError(SECRETS[0]) from KeyError(SECRETS[1])

    monkeypatch.setattr("annotator.views.dashboard.page.dashboard_context", choke)
    client.raise_request_exception = False
    client.force_login(ana)
    answer = client.get(reverse("dashboard", args=[project.pk]))
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.content.decode()
    failure = next(each for each in objects(written) if each["level"] == "error")
    assert failure["request"] == answer.headers["X-Request-ID"]
    assert failure["message"] == "Internal Server Error: /projects/<int:project_id>/"
    assert "in choke" in failure["error"]
    assert "KeyError" in failure["error"]
    assert not [word for word in SECRETS if word in "".join(written())]


def test_server_error_of_the_api_carries_the_id(
    api: Api, project: Project, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotator.api.annotations._next", lambda *_: 1 / 0)
    client = api(ana)
    client.raise_request_exception = False
    answer = client.post(f"/api/v1/projects/{project.pk}/next")
    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def told(error: Any) -> Any:
    try:
        raise error
    except Exception:
        return log_format.JsonFormatter().formatException(sys.exc_info())


def test_only_telling_words_of_errors_are_kept() -> None:
    assert told(AttributeError("no attribute 'x'")).endswith("AttributeError: no attribute 'x'")
    row = IntegrityError("duplicate key value\nDETAIL: Failing row contains (opossum).")
    assert told(row).endswith("IntegrityError: duplicate key value")
    assert told(LookupError("opossum")).endswith("LookupError")


def test_debugging_shows_the_words_on_one_line(level: Any) -> None:
    level(None, logging.DEBUG)
    assert told(LookupError("an\x1b[31mimal")).endswith("LookupError: an\\x1b[31mimal")


def test_errors_that_lead_to_each_other_end() -> None:
    first, second = ValueError(), ValueError()
    first.__context__, second.__context__ = second, first
    assert told(first).count("which led to:") == 1


def test_what_celery_says_of_a_failed_task_quotes_nothing(written: Any) -> None:
    try:
        raise ValueError(SECRETS[0])
    except ValueError as problem:
        context = {"name": "annotator.tasks.tick", "exc": repr(problem)}
        logging.getLogger("celery.app.trace").error(
            "Task %(name)s raised: %(exc)s", context, exc_info=True
        )
    (line,) = objects(written)
    assert line["message"] == "Task annotator.tasks.tick raised: ValueError"
    assert "opossum" not in "".join(written())


@pytest.mark.parametrize(
    "evil", ["a\nERROR root: forged", "\x1b[31mred", "\u202etxt", "\x9b31m", "\r"]
)
def test_what_people_type_can_neither_forge_nor_colour_a_line(written: Any, evil: str) -> None:
    logging.getLogger("somewhere").warning("name %s", evil)
    text, as_json = written()
    assert len(text.splitlines()) == len(as_json.splitlines()) == 1
    assert all(sign.isprintable() for line in (text, as_json) for sign in line.rstrip("\n"))
    assert json.loads(as_json)["message"] == f"name {evil}"
