"""Many rows at once are stored as one by one, on either database."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from annotator.db.bulk_insert import bulk_insert, row_maker
from annotator.models import Item, Project

pytestmark = pytest.mark.django_db


def items(project: Project, positions: Any, **fields: Any) -> Any:
    return [
        Item(
            project=project,
            position=position,
            audit_key=10**18 + position,
            key=f"k{position}",
            content_hash=position.to_bytes(16, "big"),
            text="Tab\t, line\n, \\N, “quotes”, 🌾",
            meta={"from": ["a\tb", 1, None, "\\."]},
            **fields,
        )
        for position in positions
    ]


def fields_of(row: Any) -> Any:
    names = [field.attname for field in row._meta.concrete_fields if field.attname != "id"]
    return {name: getattr(row, name) for name in names}


def test_rows_are_stored_as_they_are(project: Project) -> None:
    given = items(project, range(3), suggested={"labels": ["spam"], "confidence": 0.5})
    bulk_insert(given)
    stored = Item.objects.filter(project=project).order_by("position")
    assert [fields_of(row) for row in stored] == [fields_of(row) for row in given]
    assert Item.objects.filter(gold__isnull=True).count() == 3
    bulk_insert([])


def test_one_row_that_is_there_already_refuses_them_all(project: Project) -> None:
    bulk_insert(items(project, [1]))
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk_insert(items(project, [0, 1, 2]))
    assert Item.objects.filter(project=project).count() == 1


def test_rows_of_the_maker_are_those_of_the_model(project: Project) -> None:
    given = {"project_id": project.pk, "position": 0, "audit_key": 5, "key": "k", "meta": {}}
    made = row_maker(Item)(**given, content_hash=bytes(16))
    assert fields_of(made) == fields_of(Item(**given, content_hash=bytes(16)))
    assert made.pk is None
    assert made._state.adding
    bulk_insert([made])
    assert Item.objects.get(project=project).state == Item.State.POOL
