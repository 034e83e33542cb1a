"""The page of exports lists the spans that a format of whole tokens would change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annotator.flow.projects import settings
from annotator.models import Project
from tests import loop

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(olga: Any) -> Project:
    made = settings.create_project(olga, name="S", task="text-spans", labels=["person"])
    row = {"text": "Ana-Roth ran", "spans": [{"start": 1, "end": 8, "label": "person"}]}
    loop.bring_in(made, "in.jsonl", json.dumps(row))
    return made


def preview(client: Any, project: Project, **given: str) -> str:
    answer = client.post(f"/projects/{project.pk}/exports/preview", given)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_spans_within_tokens_are_listed_with_what_goes_out(
    client: Any, project: Project, olga: Any
) -> None:
    client.force_login(olga)
    page = preview(client, project, format="hf-tokens", unaligned="shrink")
    assert "1 span begins or ends within a token." in page
    assert '<td dir="auto">na-Roth</td> <td dir="auto">-Roth</td>' in page
    page = preview(client, project, format="hf-tokens", unaligned="leave-out")
    assert '<td dir="auto">na-Roth</td> <td dir="auto">left out</td>' in page
    assert "within a token." not in preview(client, project, format="jsonl")


def test_projects_of_whole_texts_are_not_asked_about_tokens(client: Any, olga: Any) -> None:
    made = settings.create_project(olga, name="T", task="text", labels=["a", "b"])
    client.force_login(olga)
    page = client.get(f"/projects/{made.pk}/exports").content.decode()
    assert 'name="unaligned"' not in page
