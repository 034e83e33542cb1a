"""Pause and resume by the API."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from annotator.flow.projects import settings
from annotator.models import Project, User
from tests import loop
from tests.given import Api

pytestmark = pytest.mark.django_db


def at(project: Project, rest: str = "") -> str:
    return f"/api/v1/projects/{project.pk}{rest}"


def test_a_lead_pauses_and_resumes_and_everybody_is_told(
    api: Api, stocked: Any, lea: User, ana: User
) -> None:
    answer = api(lea).post(at(stocked, "/pause"), {"reason": "New guidelines"})
    assert answer.status_code == 200
    paused = answer.json()["paused"]
    assert (paused["cause"], paused["reason"], paused["by"]) == ("lead", "New guidelines", "lea")
    assert paused["at"].endswith("Z")
    client = api(ana)
    assert client.get(at(stocked)).json()["paused"] == paused
    assert client.get(at(stocked, "/progress")).json()["paused"] == paused
    assert client.get("/api/v1/projects").json()["results"][0]["paused"] == paused
    assert client.post(at(stocked, "/next"), {}).status_code == 204
    # Pausing again stores who did it now, and why.
    paused = api(lea).post(at(stocked, "/pause/")).json()["paused"]
    assert paused["reason"] == ""
    assert api(lea).post(at(stocked, "/resume")).json() == {"paused": None}
    assert client.get(at(stocked)).json()["paused"] is None
    assert client.post(at(stocked, "/next"), {}).status_code == 200


@pytest.mark.parametrize("call", ["/pause", "/resume"])
def test_only_leads_pause_and_strangers_hear_nothing_of_it(
    api: Api, stocked: Any, ana: User, zed: User, call: str
) -> None:
    assert api(ana).post(at(stocked, call)).status_code == 403
    assert api(zed).post(at(stocked, call)).status_code == 404
    assert loop.refreshed(stocked).paused_at is None


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("/pause", {"reason": "x" * 501}),
        ("/pause", {"reason": 5}),
        ("/pause", {"why": "lunch"}),
        ("/resume", {"reason": "lunch"}),
    ],
)
def test_what_cannot_be_understood_is_refused(
    api: Api, stocked: Any, lea: User, call: str, body: Any
) -> None:
    assert api(lea).post(at(stocked, call), body).status_code == 422
    assert loop.refreshed(stocked).paused_at is None


def test_a_resume_tells_that_a_spent_budget_still_holds(
    api: Api, stocked: Any, lea: User, ana: User
) -> None:
    settings.change_settings(stocked, budget=1, auto_stop=True)
    loop.label(stocked, ana, 1)
    paused = api(lea).post(at(stocked, "/resume")).json()["paused"]
    assert (paused["cause"], paused["by"], paused["at"]) == ("budget", None, None)
    assert paused["reason"] == "Budget spent: 1 of 1 labels."
    assert api(ana).get("/api/v1/projects").json()["results"][0]["paused"] == paused
    # A higher budget applies at once.
    api(lea).patch(at(stocked), {"budget": 2})
    assert api(ana).post(at(stocked, "/next"), {}).status_code == 200


def test_the_desk_is_told_why_it_gets_nothing(api: Api, stocked: Any, lea: User, ana: User) -> None:
    api(lea).post(at(stocked, "/pause"), {"reason": "Lunch"})
    body = {"page": "tab-1/load-1", "person": ana.pk, "want": 1}
    heard = api(ana).post(at(stocked, "/desk"), body).json()
    assert heard["paused"]["reason"] == "Lunch"
    assert heard["empty"] == heard["paused"]["words"]
    api(lea).post(at(stocked, "/resume"))
    heard = api(ana).post(at(stocked, "/desk"), body).json()
    assert heard["paused"] is None
    assert len(heard["next"]) == 1


def test_projects_that_may_stop_cost_the_same_whatever_their_number(
    api: Api, olga: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        settings.create_project(
            olga, name=f"p{number}", labels=["a", "b"], auto_stop=True, budget=5, target_value=0.9
        )
    client = api(olga)
    with django_assert_max_num_queries(12):
        assert len(client.get("/api/v1/projects").json()["results"]) == 12
