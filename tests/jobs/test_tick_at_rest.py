"""The periodic sweep costs little while nobody works."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from kombu.transport.redis import Transport

from annotator import celery, tasks
from annotator.models import Project

pytestmark = pytest.mark.django_db


def count_queries() -> int:
    tasks.tick()
    with CaptureQueriesContext(connection) as queries:
        tasks.tick()
    assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)
    return len(queries)


def test_tick_at_rest_only_reads_and_takes_few_queries() -> None:
    # One for each kind of job, and one for each thing that can be overdue.
    assert count_queries() <= 23


def test_empty_project_adds_no_query_to_the_tick(project: Project) -> None:
    before = count_queries()
    Project.objects.create(name="Another")
    assert count_queries() == before


def test_a_worker_waits_long_for_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transport, "brpop_timeout", 1)
    celery._wait_for_longer()
    with celery.app.connection_for_read("redis://127.0.0.1:1") as connection:
        transport = connection.create_transport()
    assert transport.brpop_timeout == celery.WAIT
