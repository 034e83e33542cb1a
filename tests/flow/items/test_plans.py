"""Every statement of the item list goes along an index, whatever is filtered or sorted by.

SQLite plans without looking at rows, so it plans for four items as for a million. PostgreSQL is
kept from reading a table from end to end, which it would do with so few rows.
"""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotator.flow.items import criteria, details, listing
from annotator.models import Project, User
from tests import loop
from tests.bench.item_list_speed import FILTERS

pytestmark = pytest.mark.django_db

LARGE = ("annotator_item", "annotator_annotation", "annotator_annotationlabel")
MORE = (
    {"ids": "1.2"},
    {"annotator": "ana", "source": "audit"},
    {"label": "spam", "unsure": "1"},
    {"sort": "-key"},
    {"sort": "confidence"},
    {"to": "2030-01-01"},
)


@pytest.fixture
def judged(project: Project, ana: User, ben: User) -> Any:
    return loop.by_two(project, ana, ben)


def statements(project: Project, lead: User, given: dict[str, str]) -> list[str]:
    known = {**given, "label": "ham"} if given.get("label") == "rare" else given
    with CaptureQueriesContext(connection) as caught:
        wanted, sort = criteria.parsed(project, known), criteria.sort_of(known)
        found = listing.page(listing.Query(project, lead, wanted, sort))
        details.of_items(project, lead, found.items, found.predictions)
    return [each["sql"] for each in caught.captured_queries if each["sql"].startswith("SELECT")]


def read_whole(sql: str) -> list[str]:
    """Return the large tables that a statement reads from end to end."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"), ())
            lines = [row[3] for row in cursor.fetchall()]
            return [line for line in lines if _is_scan(line) or _is_project(line, sql)]
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"), ())
        lines = [row[0] for row in cursor.fetchall()]
        return [each for each in lines if any(f"Seq Scan on {name} " in each for name in LARGE)]


def _is_scan(line: str) -> bool:
    words = line.split()
    # An index that holds a partial order of the table is gone along; U0 and V0 are its names.
    return words[0] == "SCAN" and "USING" not in words and not words[1].startswith("(")


def _is_project(line: str, sql: str) -> bool:
    """Tell whether all items of the project are read; in order, a limit ends that soon."""
    is_walk = "SEARCH annotator_item " in line and line.endswith("(project_id=?)")
    return is_walk and " LIMIT " not in sql


@pytest.mark.parametrize("given", [*FILTERS, *MORE], ids=str)
def test_no_table_is_read_from_end_to_end(
    judged: Project, lea: User, given: dict[str, str]
) -> None:
    found = statements(judged, lea, given)
    assert found
    assert [line for sql in found for line in read_whole(sql)] == []
    # As many for a page of fifty as for a page of one.
    assert len(found) <= 18


def test_reading_a_whole_table_is_noticed(judged: Project) -> None:
    assert read_whole("SELECT id FROM annotator_item WHERE text LIKE '%lunch%'")
    assert not read_whole("SELECT id FROM annotator_item WHERE id = 1")
    if connection.vendor == "sqlite":
        assert read_whole("SELECT text FROM annotator_item WHERE project_id = 1 AND state <> 4")
