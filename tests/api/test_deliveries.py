"""Deliveries through the API: from the estimate to the frozen file."""

import csv
import io
import json

import numpy as np
import pytest
from django.utils import timezone

from annotator.flow.delivery import freezing, planning, proof, verdicts
from annotator.flow.operations import background_reports
from annotator.flow.projects import settings
from annotator.models import Delivery, DeliveryCheck, Membership, Project, User
from annotator.pool import delivery_regions
from selection.delivery.regions import Regions
from tests import loop
from tests.api.calls import assert_refused, at
from tests.flow.delivery.test_delivery import (
    answer_checks,
    trained,
    trained_once,
    until_proven,
)
from tests.given import Api

pytestmark = pytest.mark.django_db
__all__ = ["trained", "trained_once"]


def by_worker(project: Project) -> Delivery:
    work = Delivery.objects.get(project=project, stage=Delivery.Stage.PLAN)
    planning.plan(work.pk)
    proof.go_on(work.pk)
    return loop.refreshed(work)


def test_delivery_from_the_question_to_the_file(
    api: Api, trained: Project, lea: User, ana: User
) -> None:
    background_reports.make_all(trained.pk)
    call = api(lea)
    told = call.get(at(trained, "/delivery?max_error=0.2&per_label=1")).json()
    assert told["people"] + told["machine"] + told["left"] == trained.population
    assert {each["label"] for each in told["labels"]} == {"spam", "ham"}
    made = call.post(at(trained, "/deliveries"), {"max_error": 0.2, "confidence": 0.95})
    assert (made.status_code, made.json()["state"], made.json()["id"]) == (202, "proving", 1)
    assert_refused(
        call.post(at(trained, "/deliveries"), {"max_error": 0.2}), 409, "delivery_under_way"
    )
    delivery = by_worker(trained)
    assert_refused(call.post(at(trained, "/deliveries/1/freeze")), 409, "delivery_not_proven")
    assert_refused(call.get(at(trained, "/deliveries/1/export")), 409, "delivery_not_frozen")
    until_proven(delivery, ana)
    now = call.get(at(trained, "/deliveries/1")).json()
    assert (now["state"], now["checks_wrong"]) == ("proven", 0)
    assert now["bound"] <= 0.2
    assert call.post(at(trained, "/deliveries/1/freeze")).status_code == 201
    freezing.freeze(delivery.pk)
    assert call.get(at(trained, "/deliveries/1")).json()["state"] == "frozen"
    _check_downloads(call, trained)


def _check_downloads(call, project: Project) -> None:  # type: ignore[no-untyped-def]
    answer = call.get(at(project, "/deliveries/1/export"))
    rows = [json.loads(line) for line in answer.getvalue().splitlines()]
    assert {row["by"] for row in rows} == {"person", "model"}
    table = call.get(at(project, "/deliveries/1/export?format=csv")).getvalue().decode("utf-8-sig")
    assert [row["key"] for row in csv.DictReader(io.StringIO(table))] == [
        row["key"] for row in rows
    ]
    text = call.get(at(project, "/deliveries/1/card"))
    assert text.headers["Content-Type"].startswith("text/markdown")
    facts = call.get(at(project, "/deliveries/1/card"), headers={"Accept": "application/json"})
    assert facts.json()["machine"] == sum(row["by"] == "model" for row in rows)
    assert_refused(call.get(at(project, "/deliveries/1/difference")), 409, "no_delivery_before")
    assert_refused(call.delete(at(project, "/deliveries/1")), 409, "delivery_went_out")
    assert call.delete(at(project, "/deliveries/1?force=1")).status_code == 204


def test_a_second_delivery_tells_what_changed(
    api: Api, trained: Project, lea: User, ana: User
) -> None:
    call = api(lea)
    for number in (1, 2):
        call.post(at(trained, "/deliveries"), {"max_error": 0.2, "only_attempt": True})
        delivery = by_worker(trained)
        until_proven(delivery, ana)
        freezing.start(delivery)
        freezing.freeze(delivery.pk)
        assert loop.refreshed(delivery).number == number
    told = call.get(at(trained, "/deliveries/2/difference")).json()
    assert told["changed"] == []
    rows = list(freezing.read(Delivery.objects.get(number=2)))
    assert told["kept"] + told["added"] == len(rows)


def test_proof_ends_with_what_is_proven_so_far(
    api: Api, trained: Project, lea: User, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This model is so sure that one region would be about as large as the next.
    two = Regions(np.arange(1300), (650, 1300), (0.02, 0.1))
    monkeypatch.setattr(planning, "_cut", lambda *_: two)
    call = api(lea)
    call.post(at(trained, "/deliveries"), {"max_error": 0.2, "only_attempt": True})
    settle = at(trained, "/deliveries/1/settle")
    assert_refused(call.post(settle), 409, "nothing_proven_yet")
    delivery = by_worker(trained)
    assert_refused(call.post(settle), 409, "nothing_proven_yet")
    assert call.get(at(trained, "/deliveries/1")).json()["proven_bound"] is None
    _prove_the_safest(delivery, ana)
    now = call.get(at(trained, "/deliveries/1")).json()
    assert now["state"] == "proving"
    rung = now["parts"][0]["rungs"][0]
    assert rung["is_proven"]
    assert (now["proven"], now["proven_bound"]) == (rung["remaining"], rung["bound"])
    assert now["proven_bound"] <= 0.2
    settled = call.post(settle)
    assert settled.status_code == 200, settled.json()
    told = settled.json()
    assert (told["state"], told["machine"]) == ("proven", now["proven"])
    assert call.post(at(trained, "/deliveries/1/freeze")).status_code == 201
    assert_refused(call.post(settle), 409, "delivery_being_frozen")
    freezing.freeze(delivery.pk)
    assert call.get(at(trained, "/deliveries/1")).json()["machine"] == now["proven"]
    assert_refused(call.post(settle), 409, "delivery_ended")


def _prove_the_safest(delivery: Delivery, user: User) -> None:
    """Let checks outside the safest region be wrong now and then, until that one is proven."""
    # Nobody else is there to confirm what is wrong.
    others = Membership.objects.filter(project=delivery.project).exclude(user=user)
    others.update(created_at=timezone.now() - 2 * verdicts.WAITED_FOR)
    (region,) = delivery_regions.load(delivery)
    wrong = set(np.flatnonzero(region.innermost > 0)[::3].tolist())
    number = 20
    while not loop.refreshed(delivery).standing["parts"][0]["rungs"][0]["is_proven"]:
        answer_checks(delivery, user, number, wrong=wrong)
        number += 5


def test_spans_are_told_that_nothing_is_promised_for_them(api: Api, lea: User) -> None:
    project = settings.create_project(
        lea, name="Names", task="text-spans", labels=["person", "place"]
    )
    told = api(lea).get(at(project, "/delivery?per_label=1")).json()
    assert (told["advice"], told["machine"], told["labels"]) == ("not_for_task", 0, [])
    refused = api(lea).post(at(project, "/deliveries"), {})
    assert_refused(refused, 404, "not_for_task")
    assert "spans" in refused.json()["detail"]


def test_a_promise_for_each_label(api: Api, trained: Project, lea: User) -> None:
    made = api(lea).post(at(trained, "/deliveries"), {"max_error": 0.2, "per_label": True})
    assert set(made.json()["per_label"]) == {"spam", "ham"}
    delivery = by_worker(trained)
    now = api(lea).get(at(trained, "/deliveries/1")).json()
    assert {part["label"] for part in now["parts"]} == {"spam", "ham"}
    names = {label.pk: label.name for label in trained.labels.all()}
    for check in DeliveryCheck.objects.filter(delivery=delivery):
        label = delivery.parts[check.part]["label"]
        assert check.said == [label]
        assert names[label] in {"spam", "ham"}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"max_error": 0.9}, "share_out_of_range"),
        ({"max_error": "much"}, "invalid"),
        ({"per_label": ["nonsense"]}, "unknown_label"),
        ({"per_label": "spam"}, "invalid"),
        ({"max_errors": 0.1}, "unknown_field"),
    ],
)
def test_promises_are_checked(
    api: Api, trained: Project, lea: User, given: dict[str, object], code: str
) -> None:
    answer = api(lea).post(at(trained, "/deliveries"), given)
    assert answer.status_code in {400, 422}, answer.json()
    assert not Delivery.objects.exists()
    for path in ("/delivery?max_error=x", "/delivery?max_error=2", "/delivery?confidence=nan"):
        assert api(lea).get(at(trained, path)).status_code == 422
