"""The annotator's calls: next, save, correct, undo, skip."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from pytest_django import DjangoAssertNumQueries

from annotator.flow.projects import settings
from annotator.flow.queue import leasing
from annotator.models import Annotation, Item, Lease, Project, Source, User
from tests import loop
from tests.given import Api, Fill, Learn, RunRound

pytestmark = pytest.mark.django_db


def at(project: Project, tail: Any) -> str:
    return f"/api/v1/projects/{project.pk}/{tail}"


def next_item(client: Any, project: Project, **body: Any) -> Any:
    return client.post(at(project, "next"), body)


def save(client: Any, project: Project, lease: Any, query: str = "", /, **changes: Any) -> Any:
    body = {"labels": ["spam"], "seconds": 3.2, "client_id": str(uuid.uuid4())}
    return client.post(at(project, f"annotations{query}"), {"lease": lease, **body, **changes})


# Next --------------------------------------------------------------------------------------------


def test_next_serves_an_item_with_all_that_the_page_needs(
    api: Api, busy: Any, ana: User, time_machine: Any
) -> None:
    # It tells the age of the model.
    time_machine.move_to(timezone.now(), tick=False)
    answer = next_item(api(ana), busy)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"lease", "expires_at", "item", "suggestion", "why"}
    assert set(body["item"]) == {"id", "key", "text", "meta"}
    left = parse_datetime(body["expires_at"]) - timezone.now()
    assert timedelta(seconds=500) < left <= timedelta(seconds=600)
    assert next_item(api(ana), busy).json() == body


def test_open_items_come_with_suggestion_and_reason_blind_ones_without(
    api: Api, busy: Any, ana: User
) -> None:
    client, seen = api(ana), set()
    for _ in range(20):
        body = next_item(client, busy).json()
        lease = Lease.objects.get(pk=body["lease"])
        assert (body["why"] is None) is lease.blind
        if lease.source == Source.ACTIVE and not lease.blind:
            assert set(body["suggestion"]) == {"labels", "confidence"}
            assert {"strategy", "score", "words"} <= set(body["why"])
        if lease.blind:
            assert body["suggestion"] is None
        seen.add(lease.blind)
        save(client, busy, body["lease"], "?next=0")
    assert seen == {True, False}


def test_page_that_fetches_ahead_gets_other_items(api: Api, stocked: Any, ana: User) -> None:
    client, held = api(ana), []
    for _ in range(leasing.MOST_LEASES):
        held.append(next_item(client, stocked, holding=held).json()["lease"])
    assert len(set(held)) == leasing.MOST_LEASES
    answer = next_item(client, stocked, holding=held)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_leases")


@pytest.mark.parametrize("holding", ["x", [5], ["x"] * 101, None])
def test_odd_holdings_are_refused(api: Api, stocked: Any, ana: User, holding: Any) -> None:
    assert next_item(api(ana), stocked, holding=holding).status_code == 422


def test_nothing_left_is_204_without_a_body(
    api: Api, project: Project, filled: Fill, ana: User
) -> None:
    answer = next_item(api(ana), project)
    assert (answer.status_code, answer.content) == (204, b"")
    filled(project, 1)
    lease = next_item(api(ana), project).json()["lease"]
    answer = save(api(ana), project, lease)
    assert (answer.status_code, answer.json()["next"]) == (201, None)
    assert next_item(api(ana), project).status_code == 204


def test_picture_is_served_by_its_address(api: Api, image_project: Project, ana: User) -> None:
    from tests.flow.datasets.test_importing import archive, picture

    loop.bring_in(image_project, "pets.zip", archive({"a.png": picture("red", (16, 9))}))
    item = next_item(api(ana), image_project).json()["item"]
    assert item["image_url"] == f"/media/items/{item['id']}"
    assert (item["width"], item["height"]) == (16, 9)
    assert "text" not in item


# Saving ------------------------------------------------------------------------------------------


def test_save_answers_with_the_annotation_and_the_next_item(api: Api, busy: Any, ana: User) -> None:
    client = api(ana)
    shown = next_item(client, busy).json()
    answer = save(client, busy, shown["lease"], labels=["ham"])
    assert answer.status_code == 201
    annotation = answer.json()["annotation"]
    assert {
        "id",
        "item",
        "labels",
        "source",
        "blind",
        "round",
        "model",
        "strategy",
        "score",
        "probability",
        "suggestion",
        "seconds",
        "created_at",
        "counted",
    } <= set(annotation)
    assert (annotation["item"], annotation["labels"]) == (shown["item"]["id"], ["ham"])
    assert annotation["seconds"] == 3.2
    assert answer.json()["next"]["item"]["id"] != shown["item"]["id"]
    assert answer.json()["next"]["lease"] == next_item(client, busy).json()["lease"]


def test_save_without_next_takes_no_further_item(api: Api, busy: Any, ana: User) -> None:
    client = api(ana)
    lease = next_item(client, busy).json()["lease"]
    answer = save(client, busy, lease, "?next=0")
    assert answer.status_code == 201
    assert "next" not in answer.json()
    assert not Lease.objects.filter(user=ana, ended_at=None).exists()


def test_same_save_again_is_200_with_the_same_body(api: Api, busy: Any, ana: User) -> None:
    client, key = api(ana), str(uuid.uuid4())
    lease = next_item(client, busy).json()["lease"]
    first = save(client, busy, lease, client_id=key)
    again = save(client, busy, lease, client_id=key)
    assert (first.status_code, again.status_code) == (201, 200)
    without_age = [{**each.json()["next"], "why": None} for each in (first, again)]
    assert first.json()["annotation"] == again.json()["annotation"]
    assert without_age[0] == without_age[1]
    assert Annotation.objects.filter(client_id=key).count() == 1


def test_key_of_another_answer_is_refused(api: Api, stocked: Any, ana: User) -> None:
    client, key = api(ana), str(uuid.uuid4())
    lease = next_item(client, stocked).json()["lease"]
    save(client, stocked, lease, client_id=key)
    answer = save(client, stocked, lease, client_id=key, labels=["ham"])
    assert (answer.status_code, answer.json()["code"]) == (422, "client_id_reused")


def test_what_an_item_was_is_told_after_its_label(api: Api, busy: Any, ana: User) -> None:
    client, sources = api(ana), set()
    for _ in range(20):
        lease = next_item(client, busy).json()["lease"]
        told = save(client, busy, lease, "?next=0").json()["annotation"]
        sources.add((told["source"], told["blind"]))
    assert {("audit", True), ("active", True), ("active", False)} <= sources


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"labels": ["other"]}, "unknown_label", "labels"),
        ({"labels": []}, "label_number", "labels"),
        ({"labels": ["spam", "ham"]}, "label_number", "labels"),
        ({"labels": "spam"}, "label_type", "labels"),
        ({"labels": [1]}, "label_type", "labels"),
        ({"labels": None}, None, "labels"),
        ({"labels": {"spam": True}}, "label_type", "labels"),
        ({"client_id": "x"}, "client_id", "client_id"),
        ({"client_id": 5}, "invalid", "client_id"),
        ({"lease": 5}, "invalid", "lease"),
        ({"seconds": -1}, "invalid", "seconds"),
        ({"seconds": "long"}, "invalid", "seconds"),
        ({"user": 1}, "invalid", "user"),
        ({"item": 1}, "invalid", "item"),
    ],
)
def test_answer_that_cannot_be_meant_is_422_and_names_the_field(
    api: Api, stocked: Any, ana: User, change: Any, code: Any, field: str
) -> None:
    client = api(ana)
    lease = next_item(client, stocked).json()["lease"]
    before = Annotation.objects.count()
    answer = save(client, stocked, lease, **change)
    assert answer.status_code == 422
    body = answer.json()
    assert body["type"] == "invalid"
    assert code is None or body["code"] == code
    assert field in {each["field"] for each in body["errors"]}
    assert Annotation.objects.count() == before
    assert next_item(client, stocked).json()["lease"] == lease


@pytest.mark.parametrize(
    ("seconds", "kept"), [("nan", None), ("inf", None), (1e300, 86_400.0), (None, None)]
)
def test_endless_seconds_do_no_harm(
    api: Api, stocked: Any, ana: User, seconds: Any, kept: Any
) -> None:
    client = api(ana)
    lease = next_item(client, stocked).json()["lease"]
    answer = save(client, stocked, lease, seconds=seconds)
    if isinstance(seconds, str):
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        return
    assert answer.status_code == 201
    assert answer.json()["annotation"]["seconds"] == kept


def test_lost_lease_is_409_with_the_answer_that_was_kept(
    api: Api, project: Project, filled: Fill, ana: User, ben: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    filled(project, 1)
    lease = next_item(api(ana), project).json()["lease"]
    time_machine.shift(timedelta(seconds=601))
    theirs = next_item(api(ben), project).json()["lease"]
    answer = save(api(ana), project, lease, labels=["ham"])
    body = answer.json()
    assert (answer.status_code, body["type"], body["code"]) == (409, "conflict", "lease_lost")
    assert (body["annotation"]["labels"], body["annotation"]["counted"]) == (["ham"], False)
    assert save(api(ben), project, theirs).status_code == 201
    assert Annotation.objects.filter(counted=True).count() == 1


def test_second_answer_to_an_item_is_409(api: Api, stocked: Any, ana: User) -> None:
    client = api(ana)
    lease = next_item(client, stocked).json()["lease"]
    save(client, stocked, lease)
    answer = save(client, stocked, lease)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_labelled")


def test_labelling_after_the_project_was_deleted_is_404(api: Api, stocked: Any, ana: User) -> None:
    client = api(ana)
    lease = next_item(client, stocked).json()["lease"]
    settings.delete_project(stocked)
    for answer in (save(client, stocked, lease), next_item(client, stocked)):
        assert (answer.status_code, answer.json()["type"]) == (404, "not_found")


def test_saved_label_wakes_the_learning_and_a_dead_broker_does_not_matter(
    api: Api,
    busy: Any,
    ana: User,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from annotator import celery, tasks

    woken = []
    monkeypatch.setattr(celery.mailbox, "put", lambda task, args: woken.append((task.name, args)))
    client = api(ana)
    lease = next_item(client, busy).json()["lease"]
    with django_capture_on_commit_callbacks(execute=True):
        save(client, busy, lease)
    assert (tasks.learn_if_due.name, (busy.pk,)) in woken


# Changing one's mind -----------------------------------------------------------------------------


def test_answer_is_corrected_by_its_author_and_by_a_lead(
    api: Api, busy: Any, ana: User, lea: User
) -> None:
    client = api(ana)
    lease = next_item(client, busy).json()["lease"]
    number = save(client, busy, lease).json()["annotation"]["id"]
    for who, name in ((ana, "ham"), (ana, "ham"), (lea, "spam")):
        answer = api(who).patch(at(busy, f"annotations/{number}"), {"labels": [name]})
        assert answer.status_code == 200
        assert answer.json()["annotation"]["labels"] == [name]
        assert answer.json()["annotation"]["corrected_by"] == ("lea" if who == lea else None)
    for body in ({"labels": ["other"]}, {"labels": 5}, {}, {"labels": ["ham"], "item": 1}):
        answer = client.patch(at(busy, f"annotations/{number}"), body)
        assert answer.status_code == 422
    assert Annotation.objects.get(pk=number).revisions.count() == 2


def test_own_answer_that_is_taken_back_gives_the_item_again(api: Api, busy: Any, ana: User) -> None:
    client = api(ana)
    shown = next_item(client, busy).json()
    number = save(client, busy, shown["lease"], "?next=0").json()["annotation"]["id"]
    answer = client.delete(at(busy, f"annotations/{number}"))
    assert answer.status_code == 200
    assert answer.json()["annotation"]["withdrawn_at"]
    back = answer.json()["next"]
    assert back["item"] == shown["item"]
    assert save(client, busy, back["lease"], labels=["ham"]).status_code == 201
    again = client.delete(at(busy, f"annotations/{number}"))
    assert (again.status_code, again.json()["code"]) == (409, "already_withdrawn")


def test_lead_takes_back_somebody_elses_answer(api: Api, busy: Any, ana: User, lea: User) -> None:
    annotation = Annotation.objects.filter(user=ana).first()
    answer = api(lea).delete(at(busy, f"annotations/{annotation.pk}"))
    assert (answer.status_code, answer.json()["next"]) == (200, None)
    assert Item.objects.get(pk=annotation.item_id).answers == 0


@pytest.mark.parametrize(("action", "outcome"), [("skip", "skipped"), ("release", "released")])
def test_item_is_passed_on_with_a_reason(
    api: Api, stocked: Any, ana: User, action: str, outcome: str
) -> None:
    client = api(ana)
    lease = next_item(client, stocked).json()["lease"]
    answer = client.post(at(stocked, f"leases/{lease}/{action}"), {"reason": "too hard"})
    assert answer.status_code == 204
    row = Lease.objects.get(pk=lease)
    assert (row.outcome, row.reason) == (outcome, "too hard")


def test_lease_is_extended_while_the_item_is_held(
    api: Api, stocked: Any, ana: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    client = api(ana)
    shown = next_item(client, stocked).json()
    time_machine.shift(timedelta(seconds=300))
    answer = client.post(at(stocked, f"leases/{shown['lease']}/extend"))
    assert answer.status_code == 200
    moved = parse_datetime(answer.json()["expires_at"]) - parse_datetime(shown["expires_at"])
    assert moved == timedelta(seconds=300)
    save(client, stocked, shown["lease"])
    answer = client.post(at(stocked, f"leases/{shown['lease']}/extend"))
    assert (answer.status_code, answer.json()["code"]) == (409, "lease_lost")


def test_unknown_action_is_not_there(api: Api, stocked: Any, ana: User) -> None:
    lease = next_item(api(ana), stocked).json()["lease"]
    assert api(ana).post(at(stocked, f"leases/{lease}/steal")).status_code == 404
    long = {"reason": "x" * 501}
    assert api(ana).post(at(stocked, f"leases/{lease}/skip"), long).status_code == 422


# What it costs -----------------------------------------------------------------------------------


# As measured; a call that needs more queries asks row by row.
MOST = {"next": 11, "again": 6, "save": 22, "progress": 18, "items": 6, "rounds": 3}


@pytest.mark.parametrize("items", [40, 400])
def test_calls_cost_the_same_number_of_queries_whatever_the_size(
    api: Api,
    project: Project,
    filled: Fill,
    learnt: Learn,
    run_round: RunRound,
    ana: User,
    lea: User,
    items: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    filled(project, items)
    learnt(project)
    loop.label(project, lea, 8)
    run_round(project)
    loop.label(project, lea, 2)
    client = api(ana)
    with django_assert_max_num_queries(MOST["next"]):
        shown = next_item(client, project).json()
    with django_assert_max_num_queries(MOST["again"]):
        next_item(client, project)
    with django_assert_max_num_queries(MOST["save"]):
        assert save(client, project, shown["lease"]).status_code == 201
    with django_assert_max_num_queries(MOST["progress"]):
        client.get(at(project, "progress"))
    with django_assert_max_num_queries(MOST["items"]):
        assert len(client.get(at(project, "items")).json()["results"]) >= 40
    client = api(lea)
    with django_assert_max_num_queries(MOST["rounds"]):
        client.get(at(project, "rounds"))


def test_lead_undoes_a_correction(api: Api, busy: Any, ana: User, lea: User) -> None:
    client = api(ana)
    lease = next_item(client, busy).json()["lease"]
    number = save(client, busy, lease).json()["annotation"]["id"]
    (said,) = client.get(at(busy, "annotations")).json()["results"][0]["labels"]
    other = "ham" if said == "spam" else "spam"
    api(lea).patch(at(busy, f"annotations/{number}"), {"labels": [other]})
    assert client.post(at(busy, f"annotations/{number}/revert")).status_code == 409
    undone = api(lea).post(at(busy, f"annotations/{number}/revert"))
    assert undone.status_code == 200
    assert undone.json()["annotation"]["labels"] == [said]
    assert undone.json()["annotation"]["corrected_by"] is None
