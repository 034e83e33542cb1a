"""The periodic sweep costs little while nobody works."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotator import tasks
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
    assert count_queries() <= 22


def test_empty_project_adds_no_query_to_the_tick(project: Project) -> None:
    before = count_queries()
    Project.objects.create(name="Another")
    assert count_queries() == before
