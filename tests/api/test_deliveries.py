"""Deliveries through the API: from the estimate to the frozen file."""

import csv
import io
import json

import pytest

from annotator.flow.delivery import freezing, planning, proof
from annotator.flow.operations import background_reports
from annotator.models import Delivery, DeliveryCheck, Project, User
from tests import loop
from tests.api.calls import assert_refused, at
from tests.flow.delivery.test_delivery import trained, trained_once, until_proven
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
