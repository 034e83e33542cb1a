"""Assignments by the API: made, listed, revoked."""

from typing import Any

import pytest

from annotator.models import Project, User
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db


def at(project: Project, tail: str = "") -> str:
    return f"/api/v1/projects/{project.pk}/assignments{tail}"


def next_of(api: Api, project: Project, user: User) -> Any:
    answer = api(user).post(f"/api/v1/projects/{project.pk}/next")
    return answer.json()["item"]["id"] if answer.status_code == 200 else None


def test_items_are_assigned_listed_and_revoked(
    api: Api, project: Project, lea: User, ana: User, ben: User, filled: Fill
) -> None:
    items = filled(project, 3)
    client = api(lea)
    body = {"items": [each.pk for each in items], "people": ["ana"], "until": "2999-01-01T00:00Z"}
    answer = client.post(at(project), body)
    assert answer.status_code == 201, answer.json()
    told = answer.json()
    assert (told["people"], told["total"], told["done"]) == (["ana"], 3, 0)
    assert client.get(at(project)).json()["results"] == [told]
    assert next_of(api, project, ben) is None
    assert next_of(api, project, ana) in {each.pk for each in items}
    revoked = client.delete(at(project, f"/{told['id']}"))
    assert revoked.json()["ended_at"]
    assert client.get(at(project)).json()["results"] == []
    assert next_of(api, project, ben) is not None


def test_items_are_assigned_by_a_filter(
    api: Api, project: Project, lea: User, filled: Fill
) -> None:
    filled(project, 8)
    body = {"filter": {"q": "prize"}, "people": ["ana", "ben"]}
    told = api(lea).post(at(project), body).json()
    assert 0 < told["total"] < 8


@pytest.mark.parametrize(
    "body",
    [
        {"people": ["ana"]},
        {"people": ["zed"], "share": 0.5},
        {"people": ["ana"], "share": 2},
        {"people": ["ana"], "share": 0.5, "filter": {}},
        {"share": 0.5},
    ],
)
def test_wrong_bodies_are_422(
    api: Api, project: Project, lea: User, zed: User, filled: Fill, body: Any
) -> None:
    filled(project, 2)
    assert api(lea).post(at(project), body).status_code == 422


def test_only_leads_assign(api: Api, project: Project, ana: User, zed: User) -> None:
    body = {"people": ["ana"], "share": 0.5}
    assert api(ana).post(at(project), body).status_code == 403
    assert api(zed).post(at(project), body).status_code == 404
    assert api(ana).get(at(project)).status_code == 403
