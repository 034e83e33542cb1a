"""Disagreements, reviews and gold items through the API."""

from typing import Any

import pytest

from annotator.flow.projects import settings
from annotator.flow.review import assignments, candidates
from annotator.models import Annotation, Item, Project, ReviewRequest, User
from tests import loop
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db


def at(project: Project, rest: Any) -> str:
    return f"/api/v1/projects/{project.pk}/{rest}"


@pytest.fixture
def torn(project: Project, ana: User, ben: User) -> Any:
    """Ana says spam and Ben ham of the only item."""
    loop.differ(project, ana, ben, 1)
    return Item.objects.get()


def test_lead_decides_changes_and_takes_back(
    api: Api, project: Project, torn: Any, lea: User
) -> None:
    client = api(lea)
    (found,) = client.get(at(project, "disagreements")).json()["results"]
    assert found["item"]["id"] == torn.pk
    assert [each["labels"] for each in found["opinions"]] == [["spam"], ["ham"]]
    one = at(project, f"disagreements/{torn.pk}")
    for said in ("ham", "spam"):
        answer = client.post(one, {"labels": [said], "note": "so it is"})
        assert answer.status_code == 200
        assert answer.json()["decision"]["labels"] == [said]
        assert answer.json()["decision"]["by"] == "lea"
    assert client.get(at(project, "disagreements")).json()["results"] == []
    decided = client.get(at(project, "disagreements?state=decided")).json()["results"]
    assert [each["state"] for each in decided] == ["decided"]
    assert client.delete(one).json()["state"] == "open"
    assert client.delete(one).status_code == 409


def test_what_is_wrong_is_refused(api: Api, project: Project, torn: Any, lea: User) -> None:
    one = at(project, f"disagreements/{torn.pk}")
    for body in ({}, {"labels": ["odd"]}, {"labels": []}, {"labels": ["ham"], "odd": 1}):
        assert api(lea).post(one, body).status_code == 422
    assert (
        api(lea).post(at(project, "disagreements/987654"), {"labels": ["ham"]}).status_code == 404
    )
    assert api(lea).get(at(project, "disagreements?state=odd")).status_code == 422


def test_disagreements_of_another_project_are_not_there(
    api: Api, project: Project, torn: Any, zed: User, lea: User
) -> None:
    other = settings.create_project(zed, name="Zed's", labels=["spam", "ham"])
    path = at(other, f"disagreements/{torn.pk}")
    assert api(zed).post(path, {"labels": ["ham"]}).status_code == 404
    assert api(zed).delete(path).status_code == 404
    assert api(zed).get(at(other, "disagreements")).json()["results"] == []
    assert api(lea).get(at(project, "disagreements")).json()["results"][0]["state"] == "open"


def test_second_look_comes_with_next_and_tells_afterwards(
    api: Api, project: Project, filled: Fill, ana: User, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.change_settings(project, second_share=0.05)
    filled(project, 6)
    (answer,) = loop.label(project, ana, 1)
    candidates.request_reviews(
        project, [candidates.ReviewCandidate(answer.pk, "suspect", 1.0, "Odd.")]
    )
    monkeypatch.setattr(assignments.random, "random", lambda: 0.0)
    shown = api(ben).post(at(project, "next")).json()
    assert (shown["item"]["id"], shown["suggestion"], shown["why"]) == (answer.item_id, None, None)
    said = {
        "lease": shown["lease"],
        "labels": ["spam"],
        "client_id": "11111111-1111-4111-8111-111111111111",
    }
    saved = api(ben).post(at(project, "annotations"), said)
    assert saved.status_code == 201
    body = saved.json()
    assert (body["annotation"]["source"], body["annotation"]["counted"]) == ("second", False)
    assert body["next"]["item"]["id"] != answer.item_id
    assert api(ben).post(at(project, "annotations"), said).status_code == 200
    number = body["annotation"]["id"]
    undone = api(ben).delete(at(project, f"annotations/{number}")).json()
    assert undone["next"]["item"]["id"] == answer.item_id
    assert ReviewRequest.objects.get().state == ReviewRequest.State.LEASED
    assert Annotation.objects.filter(withdrawn_at=None).count() == 1


def test_settings_take_the_share_and_the_feedback(api: Api, project: Project, lea: User) -> None:
    client = api(lea)
    path = f"/api/v1/projects/{project.pk}"
    shown = client.get(path).json()
    assert (shown["second_share"], shown["gold_feedback"]) == (0.0, False)
    changed = client.patch(path, {"second_share": 0.2, "gold_feedback": True}).json()
    assert (changed["second_share"], changed["gold_feedback"]) == (0.2, True)
    assert client.patch(path, {"second_share": 0.6}).status_code == 422


def test_decision_of_another_lead_is_replaced_by_who_names_it(
    api: Api, project: Project, torn: Any, lea: User, olga: User
) -> None:
    one = at(project, f"disagreements/{torn.pk}")
    first = api(olga).post(one, {"labels": ["ham"]}).json()["decision"]
    refused = api(lea).post(one, {"labels": ["spam"]})
    assert refused.status_code == 409
    assert "olga decided “ham” in the meantime" in refused.json()["detail"]
    again = api(lea).post(one, {"labels": ["spam"], "replaces": first["id"]})
    assert again.status_code == 200
    assert again.json()["decision"]["by"] == "lea"
