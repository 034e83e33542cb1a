"""The sync call of a labelling window: it sends decisions and gets the next items."""

import uuid
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from annotator.errors import Conflict
from annotator.flow.annotation import submit
from annotator.flow.queue import leasing
from annotator.models import Annotation, Lease, Project, User
from tests import loop
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db

PAGE = "tab-1/load-1"


def at(project: Project, what: str = "desk") -> str:
    return f"/api/v1/projects/{project.pk}/{what}"


def window(user: User, **rest: Any) -> Any:
    return {"page": PAGE, "person": user.pk, **rest}


def label(lease: Any, *labels: Any) -> Any:
    return {"kind": "label", "client_id": str(uuid.uuid4()), "lease": lease, "labels": labels}


def test_one_call_saves_and_brings_what_comes_next(
    api: Api, project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 60)
    client = api(ana)
    first = client.post(at(project), window(ana, want=3, spares=2)).json()
    held = [each["lease"] for each in first["next"]]
    assert (len(held), len(first["spares"])) == (3, 2)
    body = window(ana, want=1, holding=held[1:], decisions=[label(held[0], "spam")])
    second = client.post(at(project), body).json()
    (settled,) = second["decisions"]
    assert (settled["state"], settled["annotation"]["labels"]) == ("saved", ["spam"])
    assert len(second["next"]) == 1
    assert second["counts"] == {
        "items": 60,
        "labelled": 1,
        "today": {"labels": 1, "skips": 0, "changes": 0, "seconds": 0.0},
    }
    # Buffered items that the call does not name still belong to this window.
    spares = [sorted(each["lease"] for each in body["spares"]) for body in (first, second)]
    assert spares[0] == spares[1]


def test_one_bad_decision_holds_up_no_other(
    api: Api, project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 30)
    client = api(ana)
    held = client.post(at(project), window(ana, want=2)).json()["next"]
    decisions = [label(held[0]["lease"], "gone"), label(held[1]["lease"], "ham")]
    answer = client.post(at(project), window(ana, decisions=decisions)).json()
    assert [each["state"] for each in answer["decisions"]] == ["refused", "saved"]
    assert "gone" in answer["decisions"][0]["words"]


def test_what_an_item_was_is_told_only_with_its_label(
    api: Api, project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 30)
    client = api(ana)
    (served,) = client.post(at(project), window(ana, want=1)).json()["next"]
    Lease.objects.filter(pk=served["lease"]).update(source="audit", blind=True)
    again = client.post(at(project), window(ana, want=1)).json()["next"]
    assert set(again[0]) == {"lease", "expires_at", "item", "suggestion", "why"}
    assert (again[0]["why"], again[0]["suggestion"]) == (None, None)
    body = window(ana, decisions=[label(served["lease"], "spam")])
    (settled,) = client.post(at(project), body).json()["decisions"]
    assert settled["annotation"]["source"] == "audit"
    assert "audit item" in settled["words"]


def test_decisions_of_one_person_are_not_sent_by_another(
    api: Api, project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 30)
    lease = leasing.lease_next(project, ana)
    body = window(ana, decisions=[label(str(lease.pk), "spam")])
    answer = api(ben).post(at(project), body)
    assert (answer.status_code, answer.json()["code"]) == (409, "another_person")
    assert not Annotation.objects.exists()


def test_undo_brings_the_item_with_the_answer(
    api: Api, project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 30)
    annotation = loop.answer(leasing.lease_next(project, ana), ["spam"])
    undo = {"kind": "undo", "client_id": str(uuid.uuid4()), "annotation": annotation.pk}
    (settled,) = api(ana).post(at(project), window(ana, decisions=[undo])).json()["decisions"]
    assert settled["next"]["item"]["id"] == annotation.item_id


def test_undo_brings_what_was_said_back(
    api: Api, project: Project, filled: Fill, ana: User
) -> None:
    """A page that was loaded since has not kept it."""
    filled(project, 30)
    client = api(ana)
    held = client.post(at(project), window(ana, want=2)).json()["next"]
    said = {**label(held[0]["lease"], "spam"), "note": "half of it", "unsure": True}
    skipped = {"kind": "skip", "client_id": str(uuid.uuid4()), "lease": held[1]["lease"]}
    skipped |= {"reason": "unclear", "note": "two topics"}
    client.post(at(project), window(ana, decisions=[said, skipped]))
    given = []
    for _ in range(2):
        undo = {"kind": "undo", "client_id": str(uuid.uuid4())}
        (settled,) = client.post(at(project), window(ana, decisions=[undo])).json()["decisions"]
        assert settled["next"]
        given.append(settled["given"])
    spam = project.labels.get(name="spam")
    assert given == [
        {"note": "two topics"},
        {"label_ids": [spam.pk], "note": "half of it", "unsure": True},
    ]


def test_empty_project_says_why(api: Api, project: Project, ana: User) -> None:
    answer = api(ana).post(at(project), window(ana, want=2)).json()
    assert (answer["next"], answer["empty"][:24]) == ([], "There are no items yet. ")


@pytest.mark.parametrize(
    "wrong",
    [
        {"decisions": [{"kind": "label", "client_id": "no"}]},
        {"decisions": [{"kind": "eat", "client_id": str(uuid.uuid4())}]},
        {"decisions": [{"kind": "label", "client_id": str(uuid.uuid4())}]},
        {"decisions": [{"kind": "correct", "client_id": str(uuid.uuid4()), "labels": []}]},
        {"want": -1},
        {"want": "many"},
        {"person": None},
        {"page": "x" * 61},
        {"holding": "x"},
        {"holding": ["x"] * 101},
        {"other": 1},
    ],
)
def test_what_is_malformed_is_refused_and_changes_nothing(
    api: Api, project: Project, filled: Fill, ana: User, wrong: Any
) -> None:
    filled(project, 30)
    answer = api(ana).post(at(project), window(ana, **{"want": 1, **wrong}))
    assert answer.status_code == 422
    assert not Lease.objects.exists()


def test_nobody_gets_more_than_a_window_can_use(
    api: Api, project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 100)
    answer = api(ana).post(at(project), window(ana, want=99, spares=99)).json()
    assert len(answer["next"]) == 12
    assert len(answer["spares"]) == 4


def test_window_that_goes_says_so(api: Api, project: Project, filled: Fill, ana: User) -> None:
    filled(project, 30)
    client = api(ana)
    held = client.post(at(project), window(ana, want=2)).json()["next"]
    body = {"page": PAGE, "leases": [each["lease"] for each in held] + ["no lease"]}
    assert client.post(at(project, "desk/leave"), body).status_code == 204
    # It still belongs to this tab: no other window of the same person gets it meanwhile.
    assert set(Lease.objects.values_list("page", flat=True)) == {"tab-1/"}


def test_own_answers_come_newest_first_with_their_history(
    api: Api, project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 30)
    client = api(ana)
    first = loop.answer(leasing.lease_next(project, ana), ["spam"])
    second = loop.answer(leasing.lease_next(project, ana), ["ham"])
    loop.answer(leasing.lease_next(project, ben), ["ham"])
    client.patch(at(project, f"annotations/{first.pk}"), {"labels": ["ham"], "note": "misread"})
    found = client.get(at(project, "annotations")).json()["results"]
    assert [each["id"] for each in found] == [second.pk, first.pk]
    assert (found[1]["labels"], found[1]["note"]) == (["ham"], "misread")
    assert [each["labels"] for each in found[1]["history"]] == [["spam"]]
    assert found[1]["content"]["text"] == first.item.text


def test_many_answers_cost_as_many_queries_as_few(
    api: Api,
    project: Project,
    filled: Fill,
    ana: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    filled(project, 60)
    client = api(ana)
    loop.label(project, ana, 2)
    with django_assert_num_queries(10, exact=False):  # type: ignore[call-arg]
        client.get(at(project, "annotations"))
    loop.label(project, ana, 20)
    with django_assert_num_queries(10, exact=False) as few:  # type: ignore[call-arg]
        assert len(client.get(at(project, "annotations")).json()["results"]) == 22
    assert len(few) <= 10


def test_call_costs_the_same_with_many_items(
    api: Api,
    project: Project,
    filled: Fill,
    ana: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    filled(project, 40)
    client = api(ana)
    counts = []
    for _ in range(2):
        held = client.post(at(project), window(ana, want=2)).json()["next"]
        body = window(ana, want=1, holding=[held[1]["lease"]])
        body["decisions"] = [label(held[0]["lease"], "spam")]
        with django_assert_num_queries(60, exact=False) as asked:  # type: ignore[call-arg]
            client.post(at(project), body)
        counts.append(len(asked))
        filled(project, 200, start=100)
    assert counts[1] <= counts[0]


def a_cycle(client: Any, project: Project, user: User) -> Any:
    """Return a call that decides what is shown, with two items ahead and some put by."""
    held = client.post(at(project), window(user, want=3, spares=2)).json()
    leases = [each["lease"] for each in (*held["next"], *held["spares"])]
    return window(user, want=1, holding=leases[1:], decisions=[label(leases[0], "spam")])


def test_label_and_what_comes_next_take_few_statements_and_one_transaction(
    api: Api,
    project: Project,
    filled: Fill,
    ana: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    filled(project, 60)
    client = api(ana)
    client.post(at(project), a_cycle(client, project, ana))
    body = a_cycle(client, project, ana)
    # Four of these begin and end a transaction and its savepoint; one reads the session.
    with django_assert_num_queries(20) as asked:
        answer = client.post(at(project), body).json()
    assert [each["state"] for each in answer["decisions"]] == ["saved"]
    assert len(answer["next"]) == 1
    said = [each["sql"].split()[0] for each in asked]
    saved, leased = (
        next(at for at, each in enumerate(asked) if f'INTO "{table}"' in each["sql"])
        for table in (Annotation._meta.db_table, Lease._meta.db_table)
    )
    assert said[saved:leased].count("SAVEPOINT") == 1
    assert "RELEASE" not in said[saved:leased]


def test_silence_takes_few_statements_and_no_transaction(
    api: Api,
    project: Project,
    filled: Fill,
    ana: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    filled(project, 60)
    client = api(ana)
    held = client.post(at(project), window(ana, want=3)).json()["next"]
    client.get(at(project, "progress"))
    with django_assert_num_queries(4) as asked:
        client.post(at(project), window(ana, holding=[each["lease"] for each in held]))
    assert all(each["sql"].startswith("SELECT") for each in asked)


def test_save_that_fails_keeps_nothing_of_what_was_leased_with_it(
    api: Api, project: Project, filled: Fill, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(project, 60)
    client = api(ana)
    body = a_cycle(client, project, ana)
    stored = submit._store

    def fails(*args: Any) -> None:
        with transaction.atomic():
            stored(*args)
            raise Conflict("already_labelled", detail="Somebody was first.")

    monkeypatch.setattr(submit, "_store", fails)
    answer = client.post(at(project), body).json()
    assert [each["state"] for each in answer["decisions"]] == ["done"]
    assert not Annotation.objects.exists()
    served = [each["lease"] for each in answer["next"]]
    assert Lease.objects.filter(pk__in=served).count() == len(served) == 1
