"""An annotation is stored once, and kept if it arrives late."""

import uuid
from typing import Any

import pytest

from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.annotation import revise, submit
from annotator.flow.annotation.submit import StoredAsExtra
from annotator.flow.projects import members, settings
from annotator.flow.queue import current_leases, leasing, releasing
from annotator.models import (
    Annotation,
    Item,
    Lease,
    Project,
    QueueEntry,
    User,
)
from tests import loop
from tests.flow.annotation.stored import counts, given_labels
from tests.given import Fill, Learn, RunRound

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


@pytest.fixture
def multi(olga: User, ana: User) -> Any:
    made = settings.create_project(olga, name="Tags", labels=["a", "b", "c"], multi_label=True)
    members.add_member(made, "ana")
    return made


# Storing -----------------------------------------------------------------------------------------


def test_answer_is_stored_with_how_it_came_about(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 2)
    lease = leasing.lease_next(project, ana)
    annotation = loop.answer(lease, ["spam"], seconds=3.2)
    assert (annotation.item, annotation.user, given_labels(annotation)) == (
        lease.item,
        ana,
        ["spam"],
    )
    assert annotation.seconds == 3.2
    assert annotation.provenance() == lease.provenance()
    assert loop.refreshed(lease).outcome == Lease.Outcome.LABELLED
    assert loop.refreshed(lease.item).state == Item.State.LABELLED
    assert counts(project) == (1, 1)


def test_second_click_stores_nothing_more(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 2)
    lease = leasing.lease_next(project, ana)
    save = {"lease": str(lease.pk), "labels": ["spam"], "client_id": str(uuid.uuid4())}
    first, is_new = submit.submit(project, ana, **save)
    assert is_new
    assert submit.submit(project, ana, **save) == (first, False)
    assert counts(project) == (1, 1)
    assert Annotation.objects.count() == 1


def test_repeated_save_is_known_even_after_the_answer_was_corrected(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 2)
    lease = leasing.lease_next(project, ana)
    save = {"lease": str(lease.pk), "labels": ["spam"], "client_id": str(uuid.uuid4())}
    first, _new = submit.submit(project, ana, **save)
    revise.correct(first, ana, ["ham"])
    again, is_new = submit.submit(project, ana, **save)
    assert (again.pk, is_new) == (first.pk, False)
    assert given_labels(first) == ["ham"]


def test_key_of_another_answer_is_refused(
    project: Project, image_project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 2)
    lease = leasing.lease_next(project, ana)
    save = {"lease": str(lease.pk), "client_id": str(uuid.uuid4())}
    submit.submit(project, ana, labels=["spam"], **save)
    for where, labels in ((project, ["ham"]), (image_project, ["spam"])):
        with pytest.raises(Invalid) as caught:
            submit.submit(where, ana, labels=labels, **save)
        assert caught.value.code == "client_id_reused"


def test_two_people_may_use_the_same_key(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 2)
    key = str(uuid.uuid4())
    for person in (ana, ben):
        loop.answer(leasing.lease_next(project, person), client_id=key)
    assert Annotation.objects.count() == 2


def test_item_that_was_labelled_in_another_window_is_refused(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 2)
    lease = leasing.lease_next(project, ana)
    loop.answer(lease)
    with pytest.raises(Conflict) as caught:
        loop.answer(lease)
    assert caught.value.code == "already_labelled"
    assert counts(project) == (1, 1)


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        (["span"], "unknown_label"),
        (["Spam"], "unknown_label"),
        ([], "label_number"),
        (["spam", "ham"], "label_number"),
        (["spam", "spam"], "label_number"),
        ("spam", "label_type"),
        ([0], "unknown_label"),
        ([True], "label_type"),
        ([1.5], "label_type"),
        ([None], "label_type"),
        ([["spam"]], "label_type"),
        ({"spam": 1}, "label_type"),
        (None, "label_type"),
    ],
)
def test_answer_that_cannot_be_meant_is_refused_and_nothing_is_lost(
    project: Project, filled: Fill, ana: User, labels: Any, code: str
) -> None:
    filled(project, 2)
    lease = leasing.lease_next(project, ana)
    with pytest.raises(Invalid) as caught:
        submit.submit(project, ana, lease=str(lease.pk), labels=labels, client_id=str(uuid.uuid4()))
    assert caught.value.code == code
    assert not Annotation.objects.exists()
    assert leasing.lease_next(project, ana) == lease


def test_unknown_label_is_answered_with_the_known_ones(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 1)
    with pytest.raises(Invalid, match="Its labels are: spam, ham"):
        loop.answer(leasing.lease_next(project, ana), ["other"])


@pytest.mark.parametrize("labels", [[], ["b"], ["c", "a"]])
def test_several_labels_are_kept_in_the_projects_order(
    multi: Any, filled: Fill, ana: User, labels: Any
) -> None:
    filled(multi, 1)
    lease = leasing.lease_next(multi, ana)
    annotation, _new = submit.submit(
        multi, ana, lease=str(lease.pk), labels=labels, client_id=str(uuid.uuid4())
    )
    assert given_labels(annotation) == sorted(labels)


@pytest.mark.parametrize("key", ["", "x", "1" * 31])
def test_key_that_is_no_uuid_is_refused(
    project: Project, filled: Fill, ana: User, key: str
) -> None:
    filled(project, 1)
    with pytest.raises(Invalid) as caught:
        loop.answer(leasing.lease_next(project, ana), client_id=key)
    assert caught.value.code == "client_id"


@pytest.mark.parametrize(
    ("seconds", "kept"),
    [(-5.0, 0.0), (1e9, 86_400.0), (float("inf"), 86_400.0), (float("nan"), None), (None, None)],
)
def test_seconds_are_kept_within_reason(
    project: Project, filled: Fill, ana: User, seconds: Any, kept: Any
) -> None:
    filled(project, 1)
    assert loop.answer(leasing.lease_next(project, ana), seconds=seconds).seconds == kept


def test_lease_of_somebody_else_does_not_count(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    with pytest.raises(NotFound):
        submit.submit(
            project, ben, lease=str(lease.pk), labels=["spam"], client_id=str(uuid.uuid4())
        )


# Late --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overlap", [1, 3])
def test_late_answer_counts_while_the_item_needs_it(
    project: Project, filled: Fill, run_out: Any, ana: User, overlap: int
) -> None:
    project.overlap = overlap
    project.save()
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    run_out()
    annotation = loop.answer(lease)
    assert annotation.counted
    assert loop.refreshed(lease.item).answers == 1
    assert QueueEntry.objects.filter(state=QueueEntry.State.DONE, user=ana).count() == 1
    assert QueueEntry.objects.count() == overlap


def test_late_answer_counts_though_the_queue_was_remade(
    project: Project, filled: Fill, learnt: Learn, run_round: RunRound, run_out: Any, ana: User
) -> None:
    filled(project, 30)
    learnt(project)
    lease = leasing.lease_next(project, ana)
    run_out()
    run_round(project)
    QueueEntry.objects.filter(item=lease.item).delete()
    Item.objects.filter(pk=lease.item_id).update(state=Item.State.POOL)
    assert loop.answer(current_leases.get_lease(project, ana, lease.pk)).counted
    assert loop.refreshed(lease.item).state == Item.State.LABELLED


def test_late_answer_is_kept_as_an_extra_opinion_where_others_were_faster(
    project: Project, filled: Fill, run_out: Any, ana: User, ben: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    run_out()
    loop.answer(leasing.lease_next(project, ben), ["ham"])
    with pytest.raises(StoredAsExtra) as caught:
        loop.answer(lease, ["spam"])
    extra = caught.value.annotation
    assert caught.value.status == 409
    assert (extra.counted, extra.user, given_labels(extra)) == (False, ana, ["spam"])
    assert loop.refreshed(lease.item).answers == 1
    assert counts(project) == (1, 1)


def test_late_answer_disturbs_nobody_who_holds_the_item_now(
    project: Project, filled: Fill, run_out: Any, ana: User, ben: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    run_out()
    taken = leasing.lease_next(project, ben)
    with pytest.raises(StoredAsExtra):
        loop.answer(lease)
    assert leasing.lease_next(project, ben) == taken
    assert loop.answer(taken).counted
    assert counts(project) == (1, 1)


def test_late_answer_fills_another_free_place(
    project: Project, filled: Fill, run_out: Any, ana: User, ben: User
) -> None:
    project.overlap = 2
    project.save()
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    run_out()
    taken = leasing.lease_next(project, ben)
    assert loop.answer(lease).counted
    assert loop.answer(taken).counted
    assert counts(project) == (1, 2)


@pytest.mark.parametrize("overlap", [1, 3])
def test_answer_from_an_old_window_settles_what_the_same_person_holds_anew(
    project: Project, filled: Fill, run_out: Any, ana: User, overlap: int
) -> None:
    project.overlap = overlap
    project.save()
    filled(project, 1)
    old = leasing.lease_next(project, ana)
    run_out()
    new = leasing.lease_next(project, ana)
    assert new.item == old.item
    assert loop.answer(old).counted
    assert loop.refreshed(new).ended_at is not None
    assert QueueEntry.objects.filter(state=QueueEntry.State.LEASED).count() == 0
    assert loop.refreshed(old.item).answers == 1


def test_answer_after_a_skip_is_kept(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    releasing.skip(lease)
    assert loop.answer(lease).counted
