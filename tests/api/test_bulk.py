"""Bulk edits by the API: started, watched, undone."""

from typing import Any

import pytest

from annotator.models import Annotation, Project, SentBack, User
from tests import loop
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def labelled(project: Project, filled: Fill, ana: User) -> Any:
    filled(project, 8)
    loop.label(project, ana, 6)
    return project


def at(project: Project, tail: str = "") -> str:
    return f"/api/v1/projects/{project.pk}/items/bulk{tail}"


def test_redo_is_a_job_with_an_undo(api: Api, labelled: Project, lea: User) -> None:
    client = api(lea)
    body = {"filter": {"annotator": "ana"}, "action": "redo", "by": "others", "comment": "again"}
    answer = client.post(at(labelled), body)
    assert answer.status_code == 202
    told = answer.json()
    assert (told["action"], told["state"], told["changed"]) == ("redo", "done", 6)
    assert set(SentBack.objects.values_list("comment", flat=True)) == {"again"}
    assert not Annotation.objects.filter(withdrawn_at=None).exists()
    assert client.get(at(labelled, f"/{told['id']}")).json() == told
    undone = client.post(at(labelled, f"/{told['id']}/undo"))
    assert (undone.status_code, undone.json()["undone"]) == (202, 6)
    assert Annotation.objects.filter(withdrawn_at=None).count() == 6
    assert client.post(at(labelled, f"/{told['id']}/undo")).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "redo"},
        {"action": "odd", "items": [1]},
        {"action": "redo", "items": ["x"]},
        {"action": "redo", "filter": 5},
        {"action": "redo", "filter": {"odd": "1"}},
        {"action": "redo", "filter": {"label": 5}},
        {"action": "redo", "items": [1], "odd": 1},
        {"action": "redo", "items": [1], "by": "nobody"},
    ],
)
def test_wrong_body_is_refused(api: Api, labelled: Project, lea: User, body: Any) -> None:
    answer = api(lea).post(at(labelled), body)
    assert answer.status_code == 422, answer.content


def test_list_tells_leads_what_was_said(api: Api, labelled: Project, lea: User, ana: User) -> None:
    address = f"/api/v1/projects/{labelled.pk}/items"
    found = api(lea).get(f"{address}?annotator=ana&page_size=3").json()
    assert (found["total"], found["total_is_exact"], len(found["results"])) == (6, True, 3)
    (said,) = found["results"][0]["annotations"]
    assert (said["annotator"], said["corrected_by"]) == ("ana", None)
    assert api(ana).get(f"{address}?annotator=ana").status_code == 403
    assert "annotations" not in api(ana).get(address).json()["results"][0]
    assert api(lea).get(f"{address}?odd=1").status_code == 422
