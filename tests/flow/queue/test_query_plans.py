"""What happens for every label reads a few rows by an index, however many there are.

Plans are looked at on tables of some thousand rows that the database has statistics of; small
ones are read as a whole, and rightly so.
"""

import json
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from annotator.flow.annotation import history
from annotator.flow.progress import summary
from annotator.flow.projects import settings
from annotator.flow.queue import leasing, prefetch, reassign_idle, releasing
from annotator.flow.queue.assigned import assigning
from annotator.models import Annotation, Item, Lease, Project, QueueEntry, Tally, User
from tests import loop
from tests.kept import Kept, keeping

pytestmark = pytest.mark.django_db

BIG = {model._meta.db_table for model in (Item, QueueEntry, Lease, Annotation)}
OTHERS = 4000
TABLE = r'(?:FROM|JOIN|UPDATE|INTO)\s+"?(annotator_\w+)"?(?:\s+(?:AS\s+)?"?(\w+)"?)?'


def _two_projects() -> Project:
    project, ben = loop.mail_project(), loop.person("ben")
    other = settings.create_project(loop.person("olga"), name="Other", labels=["spam", "ham"])
    _fill(other, ben, 0, 2000)
    _fill(project, ben, 0, OTHERS)
    loop.fill(project, 400, start=100_000)
    loop.label(project, loop.person("ana"), 3)
    _analyse()
    return project


crowd_once = keeping(lambda _patch: _two_projects())


@pytest.fixture
def crowd(crowd_once: Kept, db: None, settings: Settings) -> Project:
    """The project at work, beside another one where some thousand items are labelled."""
    return crowd_once.put(settings)


def _fill(project: Project, user: User, start: Any, number: Any) -> None:
    """Store items that `user` labelled, as many labels would leave them."""
    now = timezone.now()
    items = Item.objects.bulk_create(
        Item(
            project=project,
            position=project.items + index,
            audit_key=(2**62 + index * 2**40) % 2**63,
            key=f"{project.pk}-{index}",
            content_hash=uuid.uuid4().bytes,
            text=f"text {index}",
            state=Item.State.LABELLED,
            answers=1,
        )
        for index in range(start, start + number)
    )
    came = {"project": project, "user": user, "source": "active"}
    leases = Lease.objects.bulk_create(
        Lease(item=item, created_at=now, expires_at=now, ended_at=now, outcome="labelled", **came)
        for item in items
    )
    Annotation.objects.bulk_create(
        Annotation(item=item, lease=lease, created_at=now, updated_at=now, **came)
        for item, lease in zip(items, leases, strict=True)
    )
    QueueEntry.objects.bulk_create(
        QueueEntry(item=item, rank=index, state=2, lease_id=lease.pk, **came)
        for index, (item, lease) in enumerate(zip(items, leases, strict=True))
    )
    Tally.objects.create(project=project, user=user, day="2026-01-01", labels=number)
    type(project).objects.filter(pk=project.pk).update(items=project.items + number)
    project.refresh_from_db()


def _analyse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


# What every label does ---------------------------------------------------------------------------


def _next(project: Project, ana: User, ben: User) -> None:
    leasing.lease_next(project, ana)


def _save_with_next(project: Project, ana: User, ben: User) -> None:
    loop.answer(leasing.lease_next(project, ana))
    leasing.lease_next(project, ana)


def _window(project: Project, ana: User, ben: User) -> None:
    held = prefetch.sync_window(project, ana, "tab/1", holding=[], want=3, put_by=4)
    loop.answer(held.next[0])
    rest = [str(lease.pk) for lease in held.next[1:]]
    prefetch.sync_window(project, ana, "tab/1", holding=rest, want=1)
    prefetch.leave(project, ana, "tab/1", rest)
    history.counts(project, ana)


def _skip_extend_release(project: Project, ana: User, ben: User) -> None:
    lease = releasing.extend(leasing.lease_next(project, ana))
    releasing.skip(lease)
    releasing.release(leasing.lease_next(project, ana))
    releasing.release_expired()


def _shown_for_long(project: Project, ana: User, ben: User) -> None:
    held = prefetch.sync_window(project, ana, "tab/1", holding=[], want=2).next
    then = timezone.now() - timedelta(seconds=reassign_idle.SHOWN_AGAIN_SECONDS)
    Lease.objects.filter(pk__in=[lease.pk for lease in held]).update(created_at=then)
    prefetch.sync_window(project, ana, "tab/1", holding=[str(lease.pk) for lease in held])


def _hungry(project: Project, ana: User, ben: User) -> None:
    prefetch.sync_window(project, ana, "tab/1", holding=[], want=2)
    QueueEntry.objects.filter(project=project, state=QueueEntry.State.OPEN).delete()
    reassign_idle.reassign_idle(project, ben)


def _assigned(project: Project, ana: User, other: User) -> None:
    loop.answer(leasing.lease_next(project, ana))
    releasing.skip(leasing.lease_next(project, ana))
    loop.answer(leasing.lease_next(project, other))


WORK = [_next, _save_with_next, _window, _skip_extend_release, _shown_for_long, _hungry]


@pytest.mark.parametrize("overlap", [1, 3])
def test_no_table_is_read_as_a_whole_and_nothing_counted(
    crowd: Any, ana: User, ben: User, overlap: int
) -> None:
    settings.change_settings(crowd, overlap=overlap)
    for work in WORK:
        for sql in _asked(work, crowd, ana, ben):
            assert not BIG & set(_read_whole(sql)), (work, sql)
            assert "COUNT(" not in sql.upper(), (work, sql)


@pytest.mark.parametrize("overlap", [1, 3])
def test_assigned_items_are_found_by_their_index_and_passed_by_others(
    crowd: Any, lea: User, ana: User, olga: User, overlap: int
) -> None:
    settings.change_settings(crowd, overlap=overlap)
    made = assigning.begin(crowd, lea, ["ana"])
    for item in Item.objects.filter(project=crowd, state=Item.State.POOL).order_by("pk")[:20]:
        item.project = crowd
        assigning.assign(made, item)
    _analyse()
    for sql in _asked(_assigned, crowd, ana, olga):
        assert not BIG & set(_read_whole(sql)), sql
        assert "COUNT(" not in sql.upper(), sql


def test_poll_of_the_progress_reads_no_table_as_a_whole_and_counts_no_pool(crowd: Any) -> None:
    """A count of what waits in the queue, is set aside or audited is bound by people's work."""
    pool = re.compile(r"COUNT.*FROM \"annotator_item\"", re.IGNORECASE)
    for sql in _asked(summary.progress, crowd):
        assert not BIG & set(_read_whole(sql)), sql
        assert not pool.search(sql) or '"state" = 3' in sql or '"audit_key" <=' in sql, sql


def test_a_scan_would_be_noticed(crowd: Any) -> None:
    table = Item._meta.db_table
    assert _read_whole(f"SELECT * FROM \"{table}\" WHERE text = 'x'") == [table]


# Plans -------------------------------------------------------------------------------------------


def _asked(work: Any, *args: Any) -> Any:
    """Return the statements that a piece of work sends to the database."""
    with CaptureQueriesContext(connection) as asked:
        work(*args)
    statements = [each["sql"] for each in asked]
    kept = [sql for sql in statements if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT)", sql)]
    assert len(kept) >= 2
    return kept


def _read_whole(sql: Any) -> Any:
    """Return the tables that a statement would read from one end to the other."""
    if connection.vendor == "sqlite":
        return _scanned_by_sqlite(sql)
    return _scanned_by_postgresql(sql)


def _scanned_by_sqlite(sql: Any) -> Any:
    names = {alias or table: table for table, alias in _tables(sql)}
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql)
        plan = [row[3] for row in cursor.fetchall()]
    scanned = [re.match(r"SCAN (\w+)", line) for line in plan]
    return [names.get(found[1], found[1]) for found in scanned if found]


def _tables(sql: Any) -> Any:
    """Yield (table, alias) of what the statement speaks of."""
    return re.findall(TABLE, sql)


def _scanned_by_postgresql(sql: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql)
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    nodes = _nodes(plan[0]["Plan"])
    return [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"]


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for below in node.get("Plans", []):
        yield from _nodes(below)
