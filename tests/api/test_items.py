"""Items through the API: similar items, a bounded search, and a lead's seed labels."""

import uuid
from typing import Any

import pytest

from annotator.flow.items import likeness, listing
from annotator.flow.queue import leasing, releasing
from annotator.models import Annotation, Item, Project, User
from tests import loop
from tests.flow.items.test_listing import query
from tests.given import Api, Fill, PutState

pytestmark = pytest.mark.django_db


def at(project: Project, tail: str = "") -> str:
    return f"/api/v1/projects/{project.pk}/items{tail}"


@pytest.fixture
def ready(put_state: PutState) -> Any:
    return put_state(_ready)


def _ready() -> Project:
    project = loop.mail_project()
    loop.fill(project, 30)
    return loop.make_features(project)


def first(project: Project) -> Any:
    return Item.objects.get(project=project, position=0)


def seed(client: Any, item: Any, **body: Any) -> Any:
    given = {"labels": ["spam"], "client_id": str(uuid.uuid4()), **body}
    return client.post(at(item.project, f"/{item.pk}/seed"), given)


# Searching ---------------------------------------------------------------------------------------


def test_like_items_come_nearest_first(api: Api, ready: Any, ana: User) -> None:
    answer = api(ana).get(at(ready, f"?like={first(ready).pk}&page_size=5")).json()
    assert [loop.truth(Item.objects.get(pk=each["id"])) for each in answer["results"]] == [
        ["spam"]
    ] * 5
    assert (answer["next"], answer["previous"]) == (None, None)
    assert answer["looked_at"] == {"from": 0, "to": 30, "of": 30}
    assert set(answer["results"][0]) == {"id", "key", "text", "meta", "state"}


def test_page_and_api_find_the_same(api: Api, ready: Any, ana: User) -> None:
    item = first(ready)
    for sent, same in (
        ("?q=NUMBER1", listing.page(query(ready, q="number1"))),
        (f"?like={item.pk}", likeness.more_like(query(ready), item)),
    ):
        results = api(ana).get(at(ready, sent)).json()["results"]
        assert [each["id"] for each in results] == [each.pk for each in same.items]


def test_long_search_goes_on_where_it_ended(
    api: Api, ready: Any, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", 12)
    monkeypatch.setattr(likeness, "LOOKED_AT", 12)
    client, looked = api(ana), []
    page = client.get(at(ready, "?q=number29")).json()
    while page["next"]:
        assert page["results"] == []
        looked.append(page["looked_at"]["to"])
        page = client.get(page["next"]).json()
    assert looked == [12, 24]
    assert [each["text"].endswith("number29") for each in page["results"]] == [True]
    like = client.get(at(ready, f"?like={first(ready).pk}")).json()
    assert len(like["results"]) == 11
    assert len(client.get(like["next"]).json()["results"]) == 12


@pytest.mark.parametrize("like", ["", "x", "-1", "1.5", "9" * 30])
def test_like_is_the_id_of_an_item(api: Api, ready: Any, ana: User, like: str) -> None:
    answer = api(ana).get(at(ready, f"?like={like}"))
    assert (answer.status_code, answer.json()["code"]) == (422, "like")


def test_like_an_item_that_is_not_there(api: Api, ready: Any, ana: User) -> None:
    assert api(ana).get(at(ready, "?like=987654321")).status_code == 404


def test_like_without_features_is_told_in_words(
    api: Api, project: Project, filled: Fill, ana: User
) -> None:
    item = filled(project, 3)[0]
    answer = api(ana).get(at(project, f"?like={item.pk}"))
    assert (answer.status_code, answer.json()["code"]) == (409, "no_features")


@pytest.mark.parametrize("cursor", ["", "after", "after-", "after--1", "up-3", "before-x", "3"])
def test_made_up_cursor_is_not_there(api: Api, ready: Any, ana: User, cursor: str) -> None:
    assert api(ana).get(at(ready, f"?cursor={cursor}")).status_code == 404


# Seeding -----------------------------------------------------------------------------------------


def test_lead_seeds_an_item_once(api: Api, ready: Any, lea: User) -> None:
    client, item, key = api(lea), first(ready), str(uuid.uuid4())
    answer = seed(client, item, client_id=key)
    told = answer.json()["annotation"]
    assert answer.status_code == 201
    assert (told["item"], told["labels"], told["source"]) == (item.pk, ["spam"], "seed")
    again = seed(client, item, client_id=key)
    assert (again.status_code, again.json()) == (200, answer.json())
    assert Annotation.objects.count() == 1
    answer = seed(client, item)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_labelled")


def test_seed_is_taken_back_as_any_annotation(api: Api, ready: Any, lea: User) -> None:
    client, item = api(lea), first(ready)
    number = seed(client, item).json()["annotation"]["id"]
    answer = client.delete(f"/api/v1/projects/{ready.pk}/annotations/{number}")
    assert (answer.status_code, answer.json()["next"]) == (200, None)
    assert loop.refreshed(item).state == Item.State.POOL


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"labels": ["span"]}, "unknown_label"),
        ({"labels": []}, "label_number"),
        ({"labels": "spam"}, "label_type"),
        ({"client_id": "x"}, "client_id"),
        ({"lease": "x"}, "unknown_field"),
        ({"labels": None}, None),
    ],
)
def test_seed_that_cannot_be_meant_is_422(
    api: Api, ready: Any, lea: User, body: Any, code: Any
) -> None:
    answer = seed(api(lea), first(ready), **body)
    assert answer.status_code == 422
    assert code is None or code in {each["code"] for each in answer.json()["errors"]}
    assert not Annotation.objects.exists()


def test_seeding_wakes_the_model(
    api: Api,
    ready: Any,
    lea: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    from annotator import tasks

    woken = []
    monkeypatch.setattr(tasks.learn_if_due, "delay_on_commit", woken.append)
    seed(api(lea), first(ready))
    assert woken == [ready.pk]


# Set aside ---------------------------------------------------------------------------------------


def test_what_everybody_skipped_is_found_and_put_back(
    api: Api, project: Project, filled: Fill, ana: User, ben: User, lea: User
) -> None:
    filled(project, 3)
    for person in (ana, ben):
        releasing.skip(leasing.lease_next(project, person))
    (found,) = api(lea).get(at(project, "?state=aside")).json()["results"]
    assert api(lea).get(f"/api/v1/projects/{project.pk}/progress").json()["aside"] == 1
    assert api(lea).post(at(project, "/put-back")).json() == {"put_back": 1}
    assert Item.objects.get(pk=found["id"]).state == Item.State.POOL
    assert api(lea).post(at(project, "/put-back")).json() == {"put_back": 0}
