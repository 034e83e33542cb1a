"""Disagreements are recorded, a lead adjudicates them, and the decision counts."""

from typing import Any

import orjson
import pytest
from pytest_django import DjangoAssertNumQueries

from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.annotation import adjudicate, payload, revise, seed_labels, submit
from annotator.flow.datasets import export
from annotator.flow.operations.verify_counts import recount
from annotator.flow.projects import label_set, members, settings
from annotator.flow.queue import leasing, releasing
from annotator.flow.review import disagreements
from annotator.models import Annotation, Decision, Disagreement, Item, Label, Project, User
from annotator.pool import training_set
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def torn(project: Project, filled: Fill, ana: User, ben: User) -> Any:
    """An item of four of which Ana says spam and Ben ham; about the others they agree."""
    settings.change_settings(project, overlap=2)
    filled(project, 4)
    loop.label(project, ana, 4)
    for _ in range(4):
        lease = leasing.lease_next(project, ben)
        wrong = "ham" if loop.truth(lease.item) == ["spam"] else "spam"
        loop.answer(lease, [wrong] if lease.item.position == 0 else None)
    return Item.objects.get(position=0)


def label_of(project: Project, item: Any) -> Any:
    names = list(project.labels.order_by("position").values_list("pk", flat=True))
    found = training_set.load_training_set(project, loop.ready_space(project), names)
    where = list(found.positions).index(item.position)
    return Label.objects.get(pk=names[found.y[where]]).name


def open_items() -> Any:
    rows = Disagreement.objects.filter(state=Disagreement.State.OPEN)
    return list(rows.values_list("item__position", flat=True))


def test_only_opinions_that_differ_are_noted(project: Project, torn: Any) -> None:
    (row,) = adjudicate.listed(project, Disagreement.State.OPEN)
    shown = adjudicate.shown(project, row)
    assert shown["item"]["id"] == torn.pk
    assert [each["annotator"] for each in shown["opinions"]] == ["ana", "ben"]
    assert [each["labels"] for each in shown["opinions"]] == [["spam"], ["ham"]]
    assert shown["decision"] is None


def test_it_is_not_noted_before_the_item_has_all_it_needs(
    project: Project, filled: Fill, ana: User, ben: User, lea: User
) -> None:
    settings.change_settings(project, overlap=3)
    filled(project, 1)
    for who, said in ((ana, "spam"), (ben, "ham")):
        loop.answer(leasing.lease_next(project, who), [said])
    assert open_items() == []
    loop.answer(leasing.lease_next(project, lea), ["ham"])
    assert open_items() == [0]


def test_fewer_opinions_wanted_let_it_be_noted(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    settings.change_settings(project, overlap=3)
    filled(project, 1)
    for who, said in ((ana, "spam"), (ben, "ham")):
        loop.answer(leasing.lease_next(project, who), [said])
    settings.change_settings(project, overlap=2)
    assert open_items() == [0]


def test_extra_opinion_that_differs_is_noted(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 1)
    late = leasing.lease_next(project, ana)
    releasing.release_expired(now=late.expires_at)
    loop.answer(leasing.lease_next(project, ben), ["ham"])
    with pytest.raises(submit.StoredAsExtra):
        loop.answer(late, ["spam"])
    assert open_items() == [0]


def test_seed_beside_another_answer_is_noted(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    settings.change_settings(project, overlap=2)
    (item,) = filled(project, 1)
    loop.answer(leasing.lease_next(project, ana), ["spam"])
    key = "11111111-1111-4111-8111-111111111111"
    seed_labels.seed(project, lea, item, labels=["ham"], client_id=key)
    assert open_items() == [0]


def test_correction_and_withdrawal_close_it(
    project: Project, torn: Any, ana: User, ben: User
) -> None:
    first = Annotation.objects.get(item=torn, user=ana)
    revise.correct(revise.find_annotation(project, ana, first.pk), ana, ["ham"])
    assert open_items() == []
    revise.correct(revise.find_annotation(project, ana, first.pk), ana, ["spam"])
    assert open_items() == [0]
    revise.withdraw(revise.find_annotation(project, ana, first.pk), ana)
    assert open_items() == []


def test_recount_finds_what_was_missed(project: Project, torn: Any) -> None:
    Disagreement.objects.all().delete()
    assert recount(project) == []
    assert open_items() == [0]


@pytest.mark.parametrize("said", ["spam", "ham"])
def test_decision_takes_the_place_of_the_votes_and_makes_a_round_due(
    project: Project, torn: Any, lea: User, said: str
) -> None:
    assert label_of(project, torn) == "spam"
    before = training_set.label_revision(project)
    row = adjudicate.decide(project, lea, torn.pk, [said], "as in the guidelines")
    assert adjudicate.shown(project, row)["decision"]["labels"] == [said]
    assert label_of(project, torn) == said
    assert training_set.label_revision(project) > before
    assert open_items() == []
    assert recount(project) == []


def test_same_decision_twice_is_one_and_another_one_keeps_the_first(
    project: Project, torn: Any, lea: User
) -> None:
    for said in ("ham", "ham", "spam"):
        adjudicate.decide(project, lea, torn.pk, [said])
    history = [adjudicate.decided_names(each.project, each) for each in Decision.objects.all()]
    assert history == [["ham"], ["spam"]]
    assert recount(project) == []
    adjudicate.take_back(project, lea, torn.pk)
    assert label_of(project, torn) == "spam"
    assert open_items() == [0]
    assert Decision.objects.get(taken_back_by=lea).pk == Decision.objects.last().pk
    with pytest.raises(Conflict):
        adjudicate.take_back(project, lea, torn.pk)
    assert recount(project) == []


def test_decision_stays_when_people_change_their_minds(
    project: Project, torn: Any, ana: User, lea: User
) -> None:
    adjudicate.decide(project, lea, torn.pk, ["ham"])
    first = Annotation.objects.get(item=torn, user=ana)
    revise.correct(revise.find_annotation(project, ana, first.pk), ana, ["ham"])
    revise.correct(revise.find_annotation(project, ana, first.pk), ana, ["spam"])
    assert open_items() == []
    assert label_of(project, torn) == "ham"


def test_decisions_on_several_labels(olga: User, lea: User, ana: User, filled: Fill) -> None:
    made = settings.create_project(olga, name="Many", labels=["a", "b", "c"], multi_label=True)
    settings.change_settings(made, overlap=2)
    for who in (lea, ana):
        members.add_member(made, who.username, "lead")
    filled(made, 1)
    loop.answer(leasing.lease_next(made, ana), ["a"])
    loop.answer(leasing.lease_next(made, lea), ["a", "b"])
    item = Item.objects.get(project=made)
    names = list(made.labels.order_by("position").values_list("pk", flat=True))
    adjudicate.decide(made, lea, item.pk, ["b", "c"])
    assert training_set.load_training_set(made, loop.ready_space(made), names).y.tolist() == [
        [0, 1, 1]
    ]
    adjudicate.decide(made, lea, item.pk, [])
    assert training_set.load_training_set(made, loop.ready_space(made), names).y.tolist() == [
        [0, 0, 0]
    ]


def test_export_carries_the_decision(project: Project, torn: Any, lea: User) -> None:
    adjudicate.decide(project, lea, torn.pk, ["ham"])
    lines = [orjson.loads(line) for line in export.stream(project, "jsonl")]
    found = {(line["item"] == torn.pk, tuple(line["decided"] or ())) for line in lines}
    assert found == {(True, ("ham",)), (False, ())}


def test_label_that_was_decided_on_cannot_be_removed(
    project: Project, torn: Any, lea: User, olga: User
) -> None:
    kept = [{"id": each.pk, "name": each.name} for each in project.labels.all()]
    label_set.change_labels(project, [*kept, "other"])
    adjudicate.decide(project, lea, torn.pk, ["other"])
    with pytest.raises(Conflict, match="other"):
        label_set.change_labels(project, kept)


def test_what_cannot_be_decided_is_refused(project: Project, torn: Any, lea: User) -> None:
    for labels in ([], ["spam", "ham"], ["nonsense"]):
        with pytest.raises(Invalid):
            adjudicate.decide(project, lea, torn.pk, labels)
    agreed = Item.objects.get(position=1)
    with pytest.raises(NotFound):
        adjudicate.decide(project, lea, agreed.pk, ["spam"])


def test_list_costs_the_same_for_one_and_for_many(
    project: Project,
    torn: Any,
    ana: User,
    filled: Fill,
    ben: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(9, exact=False) as few:  # type: ignore[call-arg]
        [
            adjudicate.shown(project, row)
            for row in adjudicate.listed(project, Disagreement.State.OPEN)
        ]
    for position in (1, 2, 3):
        said = Annotation.objects.get(item__position=position, user=ana)
        wrong = ["ham"] if payload.label_names(said) == ["spam"] else ["spam"]
        revise.correct(revise.find_annotation(project, ana, said.pk), ana, wrong)
    assert len(open_items()) == 4
    with django_assert_num_queries(len(few)):
        [
            adjudicate.shown(project, row)
            for row in adjudicate.listed(project, Disagreement.State.OPEN)
        ]


def test_first_opinion_looks_for_no_other(
    project: Project, filled: Fill, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(project, 2)
    monkeypatch.setattr(disagreements, "_differing", lambda items: pytest.fail("looked"))
    assert loop.label(project, ana, 2)
