"""Queries that are built once do what the same queryset does, with every value."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F

from annotator.db.compiled_queries import CompiledSelect, CompiledSql, CompiledUpdate, insert_row
from annotator.models import Item, Lease, Membership, Project, QueueEntry, Source, User

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)


def new_item(project: Project, position: Any = 0, **fields: Any) -> Any:
    return Item(
        project=project,
        position=position,
        audit_key=10**18 + position,
        key=f"k{position}",
        content_hash=position.to_bytes(16, "big"),
        text="Grüße 🌾",
        meta={"from": ["a", 1, None]},
        **fields,
    )


def new_lease(project: Project, item: Any, user: User, **fields: Any) -> Any:
    until = NOW + timedelta(minutes=10)
    return Lease(
        project=project,
        item=item,
        user=user,
        created_at=NOW,
        expires_at=until,
        source=Source.ACTIVE,
        **fields,
    )


def fields_of(row: Any) -> Any:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_inserted_row_is_what_save_would_have_stored(project: Project, ana: User) -> None:
    item = new_item(project, suggested={"labels": ["spam"], "confidence": 0.5})
    insert_row(item)
    assert item.pk
    assert fields_of(Item.objects.get()) == fields_of(item)
    assert not item._state.adding
    lease = new_lease(project, item, ana, suggestion=None, score=0.25, probability=None)
    insert_row(lease)
    lease.refresh_from_db()
    assert (lease.created_at, lease.score, lease.suggestion) == (NOW, 0.25, None)
    assert Lease.objects.filter(suggestion__isnull=True).exists()


def test_rows_finds_what_the_queryset_finds_for_every_value(
    project: Project, ana: User, ben: User
) -> None:
    items = [new_item(project, position) for position in range(3)]
    for item in items:
        insert_row(item)
    leases = [new_lease(project, item, user) for item in items for user in (ana, ben)]
    for lease in leases:
        insert_row(lease)
    build = lambda pk, user, since: Lease.objects.filter(  # noqa: E731
        pk=pk, user_id=user, created_at__gte=since
    )
    find = CompiledSelect(build, uuid.UUID, int, datetime)
    for lease in leases:
        for user in (ana.pk, ben.pk, 10**9):
            for since in (NOW, NOW + timedelta(microseconds=1)):
                expected = [fields_of(row) for row in build(lease.pk, user, since)]
                assert [fields_of(row) for row in find(lease.pk, user, since)] == expected


def test_rows_fills_related_rows_and_values(project: Project, ana: User) -> None:
    find = CompiledSelect(
        lambda user, pk: Membership.objects.filter(
            user_id=user, project_id=pk, project__deleted_at=None
        ).select_related("project"),
        int,
        int,
    )
    (member,) = find(ana.pk, project.pk)
    assert Membership.project.is_cached(member)
    assert fields_of(member.project) == fields_of(Project.objects.get(pk=project.pk))
    flat = CompiledSelect(
        lambda pk: Project.objects.filter(pk=pk).values_list("name", flat=True), int
    )
    assert flat(project.pk) == [project.name]
    pairs = CompiledSelect(lambda pk: Project.objects.filter(pk=pk).values_list("id", "seed"), int)
    assert pairs(project.pk) == [(project.pk, project.seed)]
    assert pairs(10**12) == []


def test_update_changes_what_the_queryset_would(project: Project) -> None:
    for position in range(3):
        insert_row(new_item(project, position))
    change = CompiledUpdate(
        lambda pk, more: (
            Item.objects.filter(project_id=pk, position=1),
            {"skips": F("skips") + more},
        ),
        int,
        int,
    )
    assert change(project.pk, 2) == 1
    assert change(project.pk, 3) == 1
    assert change(project.pk + 10**6, 3) == 0
    assert list(Item.objects.order_by("position").values_list("skips", flat=True)) == [0, 5, 0]


def test_statement_of_our_own_is_read_as_the_model(project: Project) -> None:
    item = new_item(project)
    insert_row(item)
    entry = QueueEntry(
        project=project, item=item, rank=3, source=Source.GOLD, suggestion={"a": [1]}
    )
    insert_row(entry)
    columns = ", ".join(str(field.column) for field in QueueEntry._meta.concrete_fields)
    table = QueueEntry._meta.db_table
    take = CompiledSql(
        QueueEntry, lambda: f"UPDATE {table} SET lease_id = %s WHERE id = %s RETURNING {columns}"
    )
    key = uuid.uuid4()
    (taken,) = take(key, entry.pk)
    assert fields_of(taken) == {**fields_of(entry), "lease_id": key}


def test_value_without_a_place_is_refused() -> None:
    find = CompiledSelect(lambda _pk: Project.objects.filter(name="Mail"), int)
    with pytest.raises(ValueError, match="not every value"):
        find(1)
