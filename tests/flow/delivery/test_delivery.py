"""A delivery from its plan to its file: the checks, the proof, and the labels."""

import json
import uuid
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from annotator.errors import Conflict, Invalid
from annotator.flow.annotation import revise, seed_labels
from annotator.flow.datasets import removal
from annotator.flow.delivery import (
    freezing,
    outlook,
    planning,
    promises,
    proof,
    standing,
    verdicts,
)
from annotator.flow.operations import background_reports
from annotator.flow.queue import leasing, payload
from annotator.formats.registry import WRITERS
from annotator.messages.delivery import card as card_words
from annotator.messages.delivery import promise as promise_words
from annotator.models import (
    Annotation,
    Delivery,
    DeliveryCheck,
    Item,
    Membership,
    Project,
    ReviewRequest,
    Source,
    User,
)
from annotator.pool import delivery_regions
from annotator.views.delivery import text
from tests import loop
from tests.kept import Kept, keeping

pytestmark = pytest.mark.django_db
ITEMS = 1500


def train(project: Project) -> Project:
    """Give a project a model that is good, and audits."""
    loop.fill(project, ITEMS)
    loop.make_features(project)
    loop.label(project, loop.person("ana"), 60)
    loop.go_round(project)
    loop.rest(project)
    return project


trained_once = keeping(lambda _patch: train(loop.mail_project()))


@pytest.fixture
def trained(trained_once: Kept, db: None, settings: Settings) -> Project:
    """A project whose model is good, with audits."""
    return trained_once.put(settings)


def started(project: Project, user: User, **promise: Any) -> Delivery:
    work = promises.start(
        project, user, **{"max_error": Decimal("0.2"), "only_attempt": True, **promise}
    )
    planning.plan(work.pk)
    proof.go_on(work.pk)
    return loop.refreshed(work)


def answer_checks(
    delivery: Delivery, user: User, number: int, wrong: set[int] | None = None
) -> None:
    """Let the user label until the first checks are answered; those at `wrong` places wrongly."""
    answered, first = 0, delivery.checks.filter(place__lt=number)
    while first.filter(verdict=DeliveryCheck.Verdict.OPEN, item__annotations=None).exists():
        lease = leasing.lease_next(loop.refreshed(delivery.project), user)
        assert lease is not None
        said = loop.truth(lease.item)
        if lease.source == Source.CHECK:
            if delivery.checks.get(item=lease.item).place in (wrong or ()):
                said = ["ham" if said == ["spam"] else "spam"]
            answered += 1
        loop.answer(lease, said)
        if answered % 10 == 0:
            proof.go_on(delivery.pk)
    proof.go_on(delivery.pk)


def until_proven(delivery: Delivery, user: User) -> None:
    """Let the user label until the proof succeeds: safer regions hold only some of the checks."""
    number = 20
    while standing.state(loop.refreshed(delivery)) == "proving":
        answer_checks(delivery, user, number)
        number += 10
    assert standing.state(loop.refreshed(delivery)) == "proven"


def test_checks_come_blind_among_the_other_items(trained: Project, lea: User, ana: User) -> None:
    delivery = started(trained, lea)
    assert delivery.stage == Delivery.Stage.PROVE
    leases = [leasing.lease_next(trained, ana)]
    while len(leases) < 40:
        loop.answer(leases[-1])
        leases.append(leasing.lease_next(trained, ana))
    sources = {lease.source for lease in leases}
    assert Source.CHECK in sources
    assert sources - {Source.CHECK}
    for lease in leases:
        if lease.source == Source.CHECK:
            assert lease.blind
            assert lease.suggestion is None
            assert lease.why == ""
            assert lease.score is None


def test_what_the_checks_prove_can_be_frozen(trained: Project, lea: User, ana: User) -> None:
    delivery = started(trained, lea)
    told = standing.told(delivery)
    assert (told["state"], told["checks_done"]) == ("proving", 0)
    assert told["without_error"] > 20
    with pytest.raises(Conflict, match="not proven"):
        freezing.start(delivery)
    until_proven(delivery, ana)
    delivery = loop.refreshed(delivery)
    told = standing.told(delivery)
    assert told["state"] == "proven"
    assert told["bound"] <= 0.2
    freezing.start(delivery)
    freezing.freeze(delivery.pk)
    delivery = loop.refreshed(delivery)
    assert standing.state(delivery) == "frozen"
    _check_file(delivery)


def _check_file(delivery: Delivery) -> None:
    project = delivery.project
    rows = [json.loads(line) for line in b"".join(freezing.stream(delivery, "jsonl")).splitlines()]
    by = {name: [row for row in rows if row["by"] == name] for name in ("person", "model")}
    assert len(by["person"]) == Item.objects.filter(project=project, state=2).count()
    assert len(by["model"]) == delivery.card["machine"] > 500
    assert delivery.card["people"] == len(by["person"])
    assert delivery.card["left"] == ITEMS - len(rows)
    items = {item.pk: item for item in Item.objects.filter(project=project)}
    wrong = sum(row["labels"] != loop.truth(items[row["item"]]) for row in by["model"])
    assert wrong / len(by["model"]) <= 0.2
    for row in by["model"]:
        assert 0.5 < row["confidence"] <= 1
        assert row["model"] == 1
        assert not row["checked"]
    checked = set(
        DeliveryCheck.objects.filter(delivery=delivery)
        .exclude(verdict=DeliveryCheck.Verdict.OPEN)
        .values_list("item", flat=True)
    )
    assert {row["item"] for row in rows if row["checked"]} == checked
    assert all(row["annotators"] == ["ana"] for row in by["person"])
    for format in [name for name, each in WRITERS.items() if not each.of_spans]:
        assert b"".join(freezing.stream(delivery, format))
    text = card_words.card(delivery)
    assert "At most 20% of the labels that the model gave are wrong." in text
    assert delivery.sha256 in text


def test_a_wrong_label_goes_to_a_second_person(
    trained: Project, lea: User, ana: User, ben: User
) -> None:
    delivery = started(trained, lea)
    answer_checks(delivery, ana, 5, wrong={1})
    open_check = delivery.checks.get(place=1)
    assert open_check.verdict == DeliveryCheck.Verdict.OPEN
    request = ReviewRequest.objects.get(kind=ReviewRequest.Kind.CHECK)
    assert request.item_id == open_check.item_id
    # Later answers wait, as answers count in the order of the draw.
    project = loop.refreshed(trained)
    assert project.confirms
    assert project.has_looks
    found = []
    while not found or found[-1].source != Source.SECOND:
        found.append(leasing.lease_next(project, ben))
        loop.answer(found[-1])
    assert found[-1].item_id == open_check.item_id
    assert found[-1].blind
    proof.go_on(delivery.pk)
    # The second person agrees with the model.
    assert loop.refreshed(open_check).verdict == DeliveryCheck.Verdict.RIGHT
    assert standing.told(loop.refreshed(delivery))["checks_done"] >= 5


def test_a_wrong_label_counts_once_it_is_confirmed(
    trained: Project, lea: User, ana: User, ben: User
) -> None:
    delivery = started(trained, lea)
    answer_checks(delivery, ana, 5, wrong={1})
    request = ReviewRequest.objects.get(kind=ReviewRequest.Kind.CHECK)
    lease = None
    while lease is None or lease.source != Source.SECOND:
        lease = leasing.lease_next(loop.refreshed(trained), ben)
        right = loop.truth(lease.item)
        both_wrong = ["ham" if right == ["spam"] else "spam"]
        loop.answer(lease, both_wrong if lease.source == Source.SECOND else right)
    proof.go_on(delivery.pk)
    check = delivery.checks.get(item=request.item_id)
    assert check.verdict == DeliveryCheck.Verdict.WRONG
    assert standing.told(loop.refreshed(delivery))["checks_wrong"] == 1
    # The other way round: corrected, it is right again, and the proof is worked out anew.
    mine = Annotation.objects.get(item=request.item_id, user=ana)
    revise.correct(mine, ana, loop.truth(check.item))
    proof.go_on(delivery.pk)
    assert loop.refreshed(check).verdict == DeliveryCheck.Verdict.RIGHT


def test_a_label_that_was_not_given_blind_settles_nothing_alone(
    trained: Project, lea: User, ana: User, ben: User
) -> None:
    """Whoever labels a check on the page of items may have seen the model's label."""
    delivery = started(trained, lea)
    first, second = delivery.checks.order_by("place")[:2]
    truth = loop.truth(second.item)
    for check, labels in (
        (first, loop.truth(first.item)),
        (second, ["ham" if truth == ["spam"] else "spam"]),
    ):
        seed_labels.seed(trained, lea, check.item, labels=labels, client_id=str(uuid.uuid4()))
    proof.go_on(delivery.pk)
    asked = ReviewRequest.objects.filter(kind=ReviewRequest.Kind.CHECK)
    assert set(asked.values_list("item", flat=True)) == {first.item_id, second.item_id}
    assert loop.refreshed(first).verdict == DeliveryCheck.Verdict.OPEN
    looked = 0
    while looked < 2:
        lease = leasing.lease_next(loop.refreshed(trained), ben)
        assert lease is not None
        loop.answer(lease)
        looked += lease.source == Source.SECOND
    proof.go_on(delivery.pk)
    for check in (first, second):
        assert loop.refreshed(check).verdict == DeliveryCheck.Verdict.RIGHT


def test_nobody_waits_for_people_who_stopped_labelling(
    trained: Project, lea: User, ana: User, ben: User
) -> None:
    delivery = started(trained, lea)
    long_ago = timezone.now() - verdicts.WAITED_FOR - timedelta(hours=1)
    Membership.objects.filter(project=trained).update(created_at=long_ago)
    Annotation.objects.filter(project=trained).update(created_at=long_ago)
    answer_checks(delivery, ana, 5, wrong={1})
    assert delivery.checks.get(place=1).verdict == DeliveryCheck.Verdict.WRONG
    assert not ReviewRequest.objects.filter(kind=ReviewRequest.Kind.CHECK).exists()
    # Active again, ben is asked about checks that are found wrong from now on.
    loop.answer(leasing.lease_next(loop.refreshed(trained), ben))
    answer_checks(delivery, ana, 12, wrong={7, 8, 9})
    assert ReviewRequest.objects.filter(kind=ReviewRequest.Kind.CHECK).exists()


def test_skipped_and_removed_items_count_as_wrong(trained: Project, lea: User) -> None:
    delivery = started(trained, lea)
    first, second = delivery.checks.order_by("place")[:2]
    Item.objects.filter(pk=first.item_id).update(state=Item.State.ASIDE)
    removal.remove_item(trained, second.item_id)
    proof.go_on(delivery.pk)
    delivery = loop.refreshed(delivery)
    told = standing.told(delivery)
    assert (told["checks_done"], told["checks_wrong"]) == (2, 2)
    hints = text.proof_context(delivery)["hints"]
    assert any(hint.startswith("1 check was skipped and counts as wrong.") for hint in hints)


def test_the_queue_leaves_the_regions_to_the_model(trained: Project, lea: User, ana: User) -> None:
    delivery = started(trained, lea)
    loop.label(trained, ana, 30)
    turn = loop.go_round(trained)
    picked = {pick["position"] for pick in turn.picks}
    (region,) = delivery_regions.load(delivery)
    assert picked
    assert not picked & set(region.positions.tolist())


def test_labels_that_people_took_over_leave_the_promise(
    trained: Project, lea: User, ana: User
) -> None:
    delivery = started(trained, lea)
    (region,) = delivery_regions.load(delivery)
    before = standing.told(delivery)["machine"]
    checks = set(delivery.checks.values_list("item", flat=True))
    free = Item.objects.filter(
        project=trained, position__in=region.positions.tolist(), state=Item.State.POOL
    ).exclude(pk__in=checks)
    for item in free[:5]:
        seed_labels.seed(trained, lea, item, labels=loop.truth(item), client_id=str(uuid.uuid4()))
    proof.go_on(delivery.pk)
    assert standing.told(loop.refreshed(delivery))["machine"] == before - 5


def test_a_proof_that_cannot_succeed_is_given_up(trained: Project, lea: User, ana: User) -> None:
    delivery = started(trained, lea, only_attempt=False)
    Membership.objects.exclude(user=ana).filter(project=trained).delete()
    number = 0
    while loop.refreshed(delivery).stage == Delivery.Stage.PROVE:
        number += 5
        answer_checks(delivery, ana, number, wrong=set(range(0, 500, 2)))
    delivery = loop.refreshed(delivery)
    assert (standing.state(delivery), delivery.reason) == ("given_up", "too_many_wrong")
    assert not loop.refreshed(trained).confirms
    # The next one has half of what is left of the error probability.
    again = promises.start(trained, lea)
    assert again.attempt == 2
    assert again.alpha == pytest.approx(0.0125)


def test_only_one_delivery_is_under_way(trained: Project, lea: User) -> None:
    delivery = started(trained, lea, only_attempt=False)
    with pytest.raises(Conflict, match="under way"):
        promises.start(trained, lea)
    promises.remove(delivery)
    assert loop.refreshed(delivery).stage == Delivery.Stage.GIVEN_UP
    assert promises.start(trained, lea).number == 2


def test_nothing_sure_enough_is_told(trained: Project, lea: User) -> None:
    delivery = started(trained, lea, max_error=Decimal("0.001"))
    assert (standing.state(delivery), delivery.reason) == ("given_up", "nothing_sure_enough")
    assert promise_words.reason(delivery.reason)


@pytest.mark.parametrize(
    "promise",
    [{"max_error": Decimal("0.6")}, {"max_error": Decimal(0)}, {"confidence": Decimal("0.2")}],
)
def test_promises_that_mean_nothing_are_refused(
    trained: Project, lea: User, promise: dict[str, Any]
) -> None:
    with pytest.raises(Invalid):
        promises.start(trained, lea, **promise)


def test_without_a_model_there_is_nothing_to_deliver(lea: User) -> None:
    with pytest.raises(Conflict):
        promises.start(loop.mail_project(), lea)


def test_outlook_adds_up(trained: Project, lea: User) -> None:
    background_reports.make_all(trained.pk)
    told = outlook.estimate(trained, Decimal("0.2"), Decimal("0.95"), per_label=True)
    assert told["people"] + told["machine"] + told["left"] == trained.population
    assert told["machine"] > 500
    assert told["advice"] == "ready"
    assert told["checks_needed"] > 20
    shares = [point["share"] for point in told["curve"]]
    assert shares == sorted(shares)
    assert all(p["low"] <= p["high"] for p in told["curve"])
    assert {each["label"] for each in told["labels"]} == set(loop.ids(trained, "spam", "ham"))
    for each in told["totals"]:
        assert each["low"] <= ITEMS / 2 <= each["high"]


def test_outlook_counts_what_earlier_attempts_spent(trained: Project, lea: User) -> None:
    background_reports.make_all(trained.pk)
    needed = [outlook.estimate(trained, Decimal("0.2"), Decimal("0.95"))["checks_needed"]]
    for _attempt in range(2):
        promises.give_up(promises.start(trained, lea), "given_up")
        needed.append(outlook.estimate(trained, Decimal("0.2"), Decimal("0.95"))["checks_needed"])
    # ln (2 / 0.05), ln (4 / 0.05), ln (8 / 0.05)
    assert needed[1] / needed[0] == pytest.approx(4.382 / 3.689, rel=0.03)
    assert needed[2] / needed[0] == pytest.approx(5.075 / 3.689, rel=0.03)


def test_outlook_counts_on_people_who_slip(trained: Project) -> None:
    background_reports.make_all(trained.pk)
    sure = outlook.estimate(trained, Decimal("0.2"), Decimal("0.95"))["checks_needed"]
    report = trained.reports.get(kind=outlook.KIND)
    assert report.found["slips"] is None
    report.found["slips"] = 0.1
    report.save()
    assert outlook.estimate(trained, Decimal("0.2"), Decimal("0.95"))["checks_needed"] > 1.2 * sure


def test_items_that_came_later_are_outside(trained: Project, lea: User, ana: User) -> None:
    delivery = started(trained, lea)
    added = {item.pk for item in loop.fill(trained, 200, start=ITEMS)}
    loop.make_features(trained)
    until_proven(delivery, ana)
    delivery = loop.refreshed(delivery)
    freezing.start(delivery)
    freezing.freeze(delivery.pk)
    delivery = loop.refreshed(delivery)
    by_model = {row["item"] for row in freezing.read(delivery) if row["by"] == "model"}
    assert by_model
    assert not by_model & added
    assert delivery.card["left"] >= len(added) - 50


def test_copies_of_a_checked_item_keep_the_label_of_the_model(
    trained: Project, lea: User, ana: User
) -> None:
    """The list of items is fixed before the first check: a correction takes no copy along."""
    for parity in (0, 1):
        copies = Item.objects.filter(project=trained, position__in=range(parity, ITEMS, 2))
        copies.update(text=loop.text(parity))
    delivery = started(trained, lea)
    before = delivery.standing["parts"][0]["rungs"][-1]["remaining"]
    answer_checks(delivery, ana, 10)
    delivery = loop.refreshed(delivery)
    done = standing.told(delivery)["checks_done"]
    (region,) = delivery_regions.load(delivery)
    gone = Item.objects.filter(
        project=trained, position__in=region.positions.tolist(), state=Item.State.LABELLED
    )
    assert gone.count() == done >= 10
    assert delivery.standing["parts"][0]["rungs"][-1]["remaining"] == before - done


def test_attempts_share_the_error_probability(trained: Project, lea: User) -> None:
    spent = 0.0
    for attempt in range(1, 6):
        delivery = promises.start(trained, lea)
        assert delivery.attempt == attempt
        spent += delivery.alpha
        promises.give_up(delivery, "given_up")
    assert 0.048 < spent < 0.05
    # A later one cannot be the only one.
    only = promises.start(trained, lea, only_attempt=True)
    assert spent + only.alpha < 0.05


def test_an_attempt_is_forgotten_only_after_a_later_delivery(trained: Project, lea: User) -> None:
    first = promises.start(trained, lea)
    promises.give_up(first, "given_up")
    first = loop.refreshed(first)
    with pytest.raises(Conflict, match="counts for the next one"):
        promises.remove(first, force=True)
    later = promises.start(trained, lea)
    assert later.alpha == pytest.approx(first.alpha / 2)
    Delivery.objects.filter(pk=later.pk).update(stage=Delivery.Stage.FROZEN)
    promises.remove(first)
    assert not Delivery.objects.filter(pk=first.pk).exists()


def test_only_attempt_leaves_nothing_for_another(trained: Project, lea: User) -> None:
    only = promises.start(trained, lea, only_attempt=True)
    promises.give_up(only, "given_up")
    with pytest.raises(Conflict, match="Choose a lower one"):
        promises.start(trained, lea)
    background_reports.make_all(trained.pk)
    told = outlook.estimate(trained, Decimal("0.2"), Decimal("0.95"))
    assert (told["machine"], told["advice"]) == (0, "no_attempt_left")
    # Of ten deliveries in a hundred that may be wrong, the first attempt took five.
    second = promises.start(trained, lea, confidence=Decimal("0.9"))
    assert second.alpha == pytest.approx((0.1 - 0.05) / 2)


def test_labels_share_what_an_attempt_has(trained: Project, lea: User) -> None:
    delivery = started(trained, lea, per_label=True, only_attempt=False)
    for part in delivery.parts:
        assert part["alpha"] == pytest.approx(0.05 / 2 / 2)


def test_annotators_cannot_tell_the_order_of_the_draw(
    trained: Project, lea: User, ana: User
) -> None:
    delivery = started(trained, lea)
    (region,) = delivery_regions.load(delivery)
    places = region.positions[:100].tolist()
    # By chance, about half of the neighbours rise.
    rises = sum(a < b for a, b in pairwise(places))
    assert 25 < rises < 75
    lease = leasing.lease_next(trained, ana)
    assert lease is not None
    told = payload.lease_payload(lease)
    assert "check" not in json.dumps(told, default=str).lower()


def test_proven_is_worded_as_the_error_rate_of_the_procedure(trained: Project, lea: User) -> None:
    said = promise_words.promise(started(trained, lea))
    assert "A procedure that promises this breaks its promise in at most 5% of all" in said
    assert "chance" not in said
    assert "probab" not in said
