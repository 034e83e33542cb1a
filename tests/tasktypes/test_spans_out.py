"""What is made of spans: every export, and every report."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from pyarrow import parquet

from annotator.flow.operations import background_reports
from annotator.models import Item, Project
from tests import loop
from tests.tasktypes.test_spans import call
from tests.tasktypes.test_spans_formats import project as of_texts
from tests.tasktypes.test_spans_formats import sent
from tests.tasktypes.test_spans_learning import label, project

pytestmark = pytest.mark.django_db
__all__ = ["of_texts", "project"]


@pytest.mark.parametrize("unit", ["annotation", "item"])
def test_parquet_has_the_spans_as_json(of_texts: Project, unit: str) -> None:
    table = parquet.read_table(BytesIO(sent(of_texts, "parquet", unit=unit)))
    lines = sent(of_texts, "jsonl", unit=unit).decode().splitlines()
    wanted = [json.loads(line)["spans"] for line in lines]
    assert any(wanted)
    assert [json.loads(each) for each in table.column("spans").to_pylist()] == wanted


def test_reports_of_spans_have_no_errors(project: Project, ana: Any) -> None:
    label(project, ana, 60)
    assert loop.go_round(project).model is not None
    background_reports.make_all(project.pk)
    assert {each.kind: each.error for each in project.reports.exclude(error="")} == {}


def test_items_of_spans_are_predicted_by_their_ids(client: Any, project: Project, ana: Any) -> None:
    label(project, ana, 60)
    loop.go_round(project)
    items = list(Item.objects.filter(project=project).order_by("-pk")[:3])
    given = [{"item": items[0].pk}, {"text": items[1].text}, {"item": items[2].pk}]
    texts = [{"text": each.text} for each in items]
    by_id, by_text = (
        call(client, ana, "post", f"{project.pk}/predict", {"items": each}).json()
        for each in (given, texts)
    )
    assert by_id == by_text
    assert any(each["spans"] for each in by_id["predictions"])
