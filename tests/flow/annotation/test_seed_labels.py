"""A lead's seed settles an item without the queue, disturbs nobody, and keeps the audit honest."""

import uuid
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from annotator.errors import Conflict, Invalid
from annotator.flow.annotation import payload, revise, seed_labels
from annotator.flow.progress import summary
from annotator.flow.projects import settings
from annotator.flow.queue import leasing, releasing, withdraw
from annotator.flow.training import schedule
from annotator.models import (
    Annotation,
    Item,
    Label,
    Lease,
    Project,
    QueueEntry,
    Source,
    Tally,
    User,
)
from annotator.pool import audit_set as pool_audit_set
from annotator.pool import training_set
from tests import loop
from tests.given import Fill, Learn, RunRound

pytestmark = pytest.mark.django_db


def sow(project: Project, user: User, item: Any, labels: Any = None, **options: Any) -> Any:
    given = {"labels": labels or loop.truth(item), "client_id": str(uuid.uuid4()), **options}
    return seed_labels.seed(project, user, item, **given)[0]


def counts(project: Project) -> Any:
    progress = summary.progress(project)
    return progress["labelled"], progress["answers"]


def wanted(project: Project, overlap: Any) -> None:
    settings.change_settings(project, overlap=overlap)


def label_ids(project: Project) -> Any:
    return list(Label.objects.filter(project=project).values_list("pk", flat=True))


# Storing -----------------------------------------------------------------------------------------


def test_seed_is_stored_as_one_and_settles_the_item(
    project: Project, filled: Fill, lea: User
) -> None:
    item = filled(project, 2)[0]
    made = sow(project, lea, item, ["ham"])
    assert (made.source, made.strategy, made.user, made.counted) == ("seed", "search", lea, True)
    assert (made.lease, made.blind, made.suggestion, made.seconds) == (None, False, None, None)
    assert payload.label_names(loop.refreshed(made)) == ["ham"]
    settled = loop.refreshed(item)
    assert (settled.state, settled.answers) == (Item.State.LABELLED, 1)


def test_seed_counts_as_an_imported_one_does(project: Project, filled: Fill, lea: User) -> None:
    loop.bring_in(project, "a.csv", "text,label\nx,spam\n", user=lea)
    before = Tally.objects.values("labels", "finished", "audits", "seconds", "changes").get()
    sow(project, lea, filled(project, 2)[0])
    after = Tally.objects.values("labels", "finished", "audits", "seconds", "changes").get()
    assert after == {name: 2 * value for name, value in before.items()}
    assert counts(project) == (2, 0)


def test_export_says_how_it_came_about(project: Project, filled: Fill, lea: User) -> None:
    sow(project, lea, filled(project, 1)[0])
    (record,) = loop.exported(project)
    assert (record["source"], record["strategy"], record["audit"]) == ("seed", "search", False)
    assert record["annotator"] == "lea"


def test_repeated_save_stores_nothing_more(project: Project, filled: Fill, lea: User) -> None:
    item = filled(project, 2)[0]
    save = {"labels": ["spam"], "client_id": str(uuid.uuid4())}
    first, is_new = seed_labels.seed(project, lea, item, **save)
    assert is_new
    assert seed_labels.seed(project, lea, item, **save) == (first, False)
    assert counts(project) == (1, 0)


def test_two_saves_at_once_store_one(
    project: Project, filled: Fill, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = filled(project, 2)[0]
    save = {"labels": ["spam"], "client_id": str(uuid.uuid4())}
    store = seed_labels._store

    def beaten(*args: Any) -> Any:
        store(*args)
        return store(*args)

    monkeypatch.setattr(seed_labels, "_store", beaten)
    made, is_new = seed_labels.seed(project, lea, item, **save)
    assert (made, is_new) == (Annotation.objects.get(), False)
    assert counts(project) == (1, 0)


def test_key_of_another_item_is_refused(project: Project, filled: Fill, lea: User) -> None:
    first, second = filled(project, 2)
    save = {"labels": ["spam"], "client_id": str(uuid.uuid4())}
    seed_labels.seed(project, lea, first, **save)
    with pytest.raises(Invalid) as caught:
        seed_labels.seed(project, lea, second, **save)
    assert caught.value.code == "client_id_reused"
    assert Annotation.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"labels": ["span"]}, "unknown_label"),
        ({"labels": []}, "label_number"),
        ({"labels": ["spam", "ham"]}, "label_number"),
        ({"labels": "spam"}, "label_type"),
        ({"labels": ["spam"], "client_id": "x"}, "client_id"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_changes_nothing(
    project: Project, filled: Fill, lea: User, given: Any, code: str
) -> None:
    item = filled(project, 1)[0]
    with pytest.raises(Invalid) as caught:
        seed_labels.seed(project, lea, item, **{"client_id": str(uuid.uuid4()), **given})
    assert caught.value.code == code
    assert loop.refreshed(item).state == Item.State.POOL
    assert not Annotation.objects.exists()


def test_settled_item_is_not_seeded_over(
    project: Project, filled: Fill, ana: User, lea: User, olga: User
) -> None:
    filled(project, 2)
    (answer,) = loop.label(project, ana, 1)
    item = Item.objects.exclude(pk=answer.item_id).get()
    sow(project, lea, item)
    for settled in (answer.item, item):
        with pytest.raises(Conflict) as caught:
            sow(project, olga, settled, ["ham"])
        assert caught.value.code == "already_labelled"
    assert Annotation.objects.count() == 2


def test_person_speaks_once_of_an_item(project: Project, filled: Fill, lea: User) -> None:
    wanted(project, 2)
    filled(project, 1)
    (answer,) = loop.label(project, lea, 1)
    with pytest.raises(Conflict):
        sow(project, lea, answer.item)
    assert Annotation.objects.count() == 1
    assert loop.refreshed(answer.item).answers == 1


def test_enough_seeds_make_a_round_due(
    project: Project, filled: Fill, learnt: Learn, run_round: RunRound, lea: User
) -> None:
    settings.change_settings(project, retrain_every=4)
    items = filled(project, 30)
    learnt(project)
    sow(project, lea, items[0])
    sow(project, lea, items[1])
    run_round(project)
    loop.rest(project)
    assert schedule.due(project) == ""
    sow(project, lea, items[2])
    sow(project, lea, items[3])
    assert schedule.due(project) == "labels"
    run_round(project)
    assert project.models.first().trained_on == 4


# Beside the queue --------------------------------------------------------------------------------


def test_item_that_waits_in_the_queue_is_asked_no_more(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    filled(project, 3)
    lease = leasing.lease_next(project, ana)
    releasing.release(lease)
    sow(project, lea, lease.item)
    assert not QueueEntry.objects.filter(item=lease.item).exists()
    asked = [answer.item for answer in loop.label(project, ana, 5)]
    assert len(asked) == 2
    assert lease.item not in asked


def test_seed_settles_an_item_that_wants_more_opinions(
    project: Project, filled: Fill, ana: User, ben: User, lea: User
) -> None:
    wanted(project, 3)
    filled(project, 1)
    (answer,) = loop.label(project, ana, 1)
    sow(project, lea, answer.item, ["ham"])
    assert leasing.lease_next(project, ben) is None
    assert counts(project) == (1, 1)
    assert loop.refreshed(answer.item).answers == 2


def test_who_holds_the_item_keeps_it_and_the_answer_counts(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    sow(project, lea, lease.item)
    assert leasing.lease_next(project, ana) == lease
    assert releasing.extend(lease).ended_at is None
    assert loop.answer(lease).counted
    assert counts(project) == (1, 1)
    assert loop.refreshed(lease.item).answers == 2


@pytest.mark.parametrize("how", ["skip", "release", "run out"])
def test_what_is_given_back_after_a_seed_goes_to_nobody_else(
    project: Project, filled: Fill, ana: User, ben: User, lea: User, how: str, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    sow(project, lea, lease.item)
    if how == "run out":
        time_machine.shift(timedelta(seconds=project.lease_seconds + 1))
        releasing.release_expired()
    else:
        getattr(releasing, how)(lease)
    assert leasing.lease_next(project, ben) is None
    assert not QueueEntry.objects.exists()


def test_own_lease_ends_with_the_seed(project: Project, filled: Fill, lea: User) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, lea)
    sow(project, lea, lease.item)
    assert loop.refreshed(lease).outcome == Lease.Outcome.LABELLED
    assert leasing.lease_next(project, lea) is None
    with pytest.raises(Conflict) as caught:
        loop.answer(lease)
    assert caught.value.code == "already_labelled"


# Taking back -------------------------------------------------------------------------------------


def test_seed_is_taken_back_and_the_item_needs_a_label_again(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    item = filled(project, 1)[0]
    made = sow(project, lea, item)
    assert seed_labels.take_back(project, lea, item) == made
    assert loop.refreshed(made).withdrawn_at is not None
    assert [each.action for each in made.revisions.all()] == ["withdrawn"]
    assert counts(project) == (0, 0)
    assert loop.refreshed(item).state == Item.State.POOL
    assert leasing.lease_next(project, ana).item == item


def test_it_can_be_given_again(project: Project, filled: Fill, lea: User) -> None:
    item = filled(project, 1)[0]
    sow(project, lea, item, ["spam"])
    seed_labels.take_back(project, lea, item)
    sow(project, lea, item, ["ham"])
    assert counts(project) == (1, 0)


def test_only_own_seeds_that_were_found_are_taken_back(
    project: Project, filled: Fill, ana: User, lea: User, olga: User
) -> None:
    loop.bring_in(project, "a.csv", "text,label\nx,spam\n", user=lea)
    imported = Item.objects.get()
    filled(project, 2)
    (answer,) = loop.label(project, lea, 1)
    other = Item.objects.exclude(pk__in=[imported.pk, answer.item_id]).get()
    sow(project, olga, other)
    for item in (imported, answer.item, other):
        with pytest.raises(Conflict) as caught:
            seed_labels.take_back(project, lea, item)
        assert caught.value.code == "no_seed"
    assert not Annotation.objects.exclude(withdrawn_at=None).exists()


def test_taken_back_seed_leaves_the_answer_that_came_beside_it(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    made = sow(project, lea, lease.item)
    loop.answer(lease)
    revise.withdraw(loop.refreshed(made), lea)
    left = loop.refreshed(lease.item)
    assert (left.state, left.answers) == (Item.State.LABELLED, 1)
    assert counts(project) == (1, 1)


def test_answer_beside_a_seed_is_taken_back_and_the_seed_still_settles(
    project: Project, filled: Fill, ana: User, ben: User, lea: User
) -> None:
    wanted(project, 3)
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    sow(project, lea, lease.item)
    answer = loop.answer(lease)
    revise.withdraw(loop.refreshed(answer), ana)
    left = loop.refreshed(lease.item)
    assert (left.state, left.answers) == (Item.State.LABELLED, 1)
    assert counts(project) == (1, 0)
    assert leasing.lease_next(project, ben) is None


def test_item_in_somebodys_hands_stays_queued_when_the_seed_goes(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    sow(project, lea, lease.item)
    seed_labels.take_back(project, lea, lease.item)
    assert loop.refreshed(lease.item).state == Item.State.QUEUED
    assert loop.answer(lease).counted
    assert loop.refreshed(lease.item).state == Item.State.LABELLED
    assert counts(project) == (1, 1)


@pytest.mark.parametrize("is_multi", [False, True])
def test_against_one_seed_what_the_annotator_said_counts(
    project: Project, filled: Fill, ana: User, lea: User, is_multi: bool
) -> None:
    Project.objects.filter(pk=project.pk).update(multi_label=is_multi)
    project.refresh_from_db()
    filled(project, 2)
    said = [["ham"], ["spam"]]
    for mine, theirs in zip(said, reversed(said), strict=True):
        lease = leasing.lease_next(project, ana)
        sow(project, lea, lease.item, theirs)
        loop.answer(lease, mine)
    ids = label_ids(project)
    known = training_set.load_training_set(project, loop.ready_space(project), ids)
    answers = Annotation.objects.filter(user=ana).order_by("item__position")
    wanted_y = [ids.index(each.given.get().label_id) for each in answers]
    one_of_each = np.eye(len(ids), dtype=np.int64)[wanted_y].tolist()
    assert known.y.tolist() == (one_of_each if is_multi else wanted_y)


# The audit ---------------------------------------------------------------------------------------


@pytest.fixture
def audited(project: Project, filled: Fill) -> Any:
    """The project with 80 items, of which half are left to the audits."""
    settings.change_settings(project, audit_share=0.5)
    filled(project, 80)
    return project


def reserved(project: Project) -> Any:
    return Item.objects.filter(
        project=project, audit_key__lt=pool_audit_set.audit_threshold(project)
    ).order_by("audit_key")


def audit_set(project: Project) -> Any:
    """Return the positions that the model is measured on."""
    space = loop.ready_space(project)
    known = training_set.load_training_set(project, space, label_ids(project))
    return set(known.positions[known.audited].tolist())


def prefix(project: Project) -> Any:
    items = Item.objects.filter(
        project=project, audit_key__lte=pool_audit_set.audit_frontier(project)
    )
    return set(items.values_list("position", flat=True))


def test_seed_in_the_reserve_is_a_free_audit_label_at_its_turn(
    audited: Any, ana: User, lea: User
) -> None:
    third = reserved(audited)[2]
    made = sow(audited, lea, third)
    assert audit_set(audited) == set()
    answers = loop.label(audited, ana, 30)
    asked = [each.item for each in answers if each.source == Source.AUDIT]
    assert len(asked) > 4
    assert third not in asked
    assert third.position in audit_set(audited)
    assert loop.refreshed(made).source == Source.SEED


def test_what_is_searched_for_does_not_decide_what_is_in_the_audit_set(
    audited: Any, ana: User, lea: User
) -> None:
    """Only spam is sought and found, yet the audit set stays the prefix of the random order."""
    spam = [item for item in Item.objects.all() if loop.truth(item) == ["spam"]]
    for item in spam[:20]:
        sow(audited, lea, item)
    loop.label(audited, ana, 25)
    first = set(audit_set(audited))
    assert first == prefix(audited)
    assert {position % 2 for position in first} == {0, 1}
    loop.label(audited, ana, 10)
    assert audit_set(audited) == prefix(audited)
    assert audit_set(audited) > first


def test_seeds_alone_measure_nothing(audited: Any, lea: User) -> None:
    for item in reserved(audited)[:10]:
        sow(audited, lea, item)
    assert pool_audit_set.audit_frontier(audited) == -1
    assert audit_set(audited) == set()


def test_seed_that_is_taken_back_holds_the_audit_set_back(
    audited: Any, ana: User, lea: User
) -> None:
    first = reserved(audited)[0]
    sow(audited, lea, first)
    loop.label(audited, ana, 20)
    assert len(audit_set(audited)) > 3
    seed_labels.take_back(audited, lea, first)
    assert audit_set(audited) == set()
    withdraw.withdraw_open(audited)
    loop.label(audited, ana, 20)
    assert first.position in audit_set(audited)
    assert audit_set(audited) == prefix(audited)


def test_seeds_do_not_use_up_the_share_of_audits(audited: Any, ana: User, lea: User) -> None:
    for item in Item.objects.filter(audit_key__gte=pool_audit_set.audit_threshold(audited))[:20]:
        sow(audited, lea, item)
    answers = loop.label(audited, ana, 30)
    audits = sum(each.source == Source.AUDIT for each in answers)
    assert 10 <= audits <= 20
