"""A decision is stored once, kept when it comes late, and can be taken back."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.annotation import history, payload, revise, submit
from annotator.flow.annotation.submit import StoredAsExtra
from annotator.flow.progress import summary
from annotator.flow.projects import members, settings
from annotator.flow.queue import current_leases, leasing, releasing
from annotator.models import (
    Annotation,
    Item,
    Lease,
    Project,
    QueueEntry,
    Revision,
    Source,
    Tally,
    User,
)
from tests import loop
from tests.given import Fill, Learn, RunRound

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _standing_clock(time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)


@pytest.fixture
def run_out(project: Project, time_machine: Any) -> Any:
    """Return a function that lets every lease run out and be given back."""

    def now() -> None:
        time_machine.shift(timedelta(seconds=project.lease_seconds + 1))
        releasing.release_expired()

    return now


@pytest.fixture
def multi(olga: User, ana: User) -> Any:
    made = settings.create_project(olga, name="Tags", labels=["a", "b", "c"], multi_label=True)
    members.add_member(made, "ana")
    return made


def given_labels(annotation: Any) -> Any:
    return payload.label_names(loop.refreshed(annotation))


def counts(project: Project) -> Any:
    progress = summary.progress(project)
    return progress["labelled"], progress["answers"]


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


# Changing one's mind -----------------------------------------------------------------------------


def test_correction_keeps_what_was_said_before(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    filled(project, 1)
    annotation = loop.answer(leasing.lease_next(project, ana), ["spam"])
    revise.correct(annotation, lea, ["ham"])
    assert given_labels(annotation) == ["ham"]
    revision = Revision.objects.get()
    assert (revision.labels, revision.action, revision.user) == (
        loop.ids(project, "spam"),
        "corrected",
        lea,
    )
    assert counts(project) == (1, 1)


def test_wrong_correction_changes_nothing(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 1)
    annotation = loop.answer(leasing.lease_next(project, ana), ["spam"])
    with pytest.raises(Invalid):
        revise.correct(annotation, ana, ["other"])
    assert given_labels(annotation) == ["spam"]
    assert not Revision.objects.exists()


def test_undone_item_comes_back_to_the_same_person(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    annotation = loop.answer(lease, ["spam"])
    back = revise.undo(annotation, ana)
    assert back.item == lease.item
    assert back.provenance() == lease.provenance()
    assert leasing.lease_next(project, ben) is None
    assert counts(project) == (0, 0)
    again = loop.answer(back, ["ham"])
    assert again.counted
    assert counts(project) == (1, 1)
    assert loop.refreshed(annotation).withdrawn_at is not None
    (revision,) = Revision.objects.all()
    assert (revision.action, revision.labels) == ("withdrawn", loop.ids(project, "spam"))


def test_undo_and_correction_after_a_round_are_learnt_from(
    project: Project, filled: Fill, learnt: Learn, run_round: RunRound, ana: User
) -> None:
    filled(project, 40)
    learnt(project)
    run_round(project)
    first, second = [
        loop.answer(leasing.lease_next(project, ana), [name]) for name in ("spam", "ham")
    ]
    assert run_round(project).model.trained_on == 2
    item = second.item
    lease = revise.undo(second, ana)
    assert loop.refreshed(item).state == Item.State.QUEUED
    # One class alone teaches nothing, so there is no new model.
    assert run_round(project).model is None
    assert leasing.lease_next(project, ana) == lease
    loop.answer(lease, ["spam"])
    revise.correct(first, ana, ["ham"])
    turn = run_round(project)
    assert set(turn.model.seen) == set(map(str, loop.ids(project, "spam", "ham")))
    assert set(turn.model.seen.values()) == {1}
    assert turn.model.snapshot != project.models.last().snapshot
    assert loop.refreshed(item).state == Item.State.LABELLED


def test_withdrawn_answer_makes_room_for_another(
    project: Project, filled: Fill, ana: User, ben: User, lea: User
) -> None:
    filled(project, 1)
    annotation = loop.answer(leasing.lease_next(project, ana))
    assert leasing.lease_next(project, ben) is None
    revise.withdraw(annotation, lea)
    assert loop.refreshed(annotation.item).answers == 0
    assert leasing.lease_next(project, ben).item == annotation.item


def test_answer_is_taken_back_once(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 1)
    annotation = loop.answer(leasing.lease_next(project, ana))
    revise.withdraw(annotation, ana)
    for again in (revise.withdraw, revise.undo):
        with pytest.raises(Conflict):
            again(loop.refreshed(annotation), ana)
    with pytest.raises(Conflict):
        revise.correct(loop.refreshed(annotation), ana, ["spam"])
    assert counts(project) == (0, 0)


def test_seed_can_be_withdrawn_and_is_then_asked(project: Project, olga: User, ana: User) -> None:
    loop.bring_in(project, "a.csv", "text,label\na,spam\n")
    seed = Annotation.objects.get()
    with pytest.raises(Conflict):
        revise.undo(seed, olga)
    revise.withdraw(seed, olga)
    assert counts(project) == (0, 0)
    assert loop.label(project, ana)[0].item == seed.item
    assert counts(project) == (1, 1)


def test_withdrawn_extra_opinion_changes_no_count(
    project: Project, filled: Fill, run_out: Any, ana: User, ben: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    run_out()
    loop.answer(leasing.lease_next(project, ben))
    with pytest.raises(StoredAsExtra) as caught:
        loop.answer(lease)
    revise.withdraw(caught.value.annotation, ana)
    assert loop.refreshed(lease.item).answers == 1
    assert counts(project) == (1, 1)


def test_last_is_the_newest_own_answer_that_stands(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 5)
    assert history.last_action(project, ana) is None
    first, second = loop.label(project, ana, 2)
    loop.label(project, ben, 1)
    assert history.last_action(project, ana) == second
    revise.undo(second, ana)
    assert history.last_action(project, ana) == first


def test_counters_equal_a_recount(
    project: Project,
    filled: Fill,
    learnt: Learn,
    run_round: RunRound,
    run_out: Any,
    ana: User,
    ben: User,
) -> None:
    project.overlap = 2
    project.save()
    filled(project, 30)
    learnt(project)
    run_round(project)
    for person in (ana, ben):
        loop.label(project, person, 12)
        revise.undo(history.last_action(project, person), person)
        answer = history.last_action(project, person)
        releasing.skip(leasing.lease_next(project, person))
        revise.withdraw(answer, person)
    run_round(project)
    loop.label(project, ana, 4)
    standing = Annotation.objects.filter(counted=True, withdrawn_at=None)
    done = Item.objects.filter(state=Item.State.LABELLED).count()
    assert counts(project) == (done, standing.count())
    sums = Tally.objects.values_list("audits", "skips")
    assert sum(a for a, _s in sums) == standing.filter(source=Source.AUDIT).count()
    assert sum(s for _a, s in sums) == 2
    for item in Item.objects.all():
        assert item.answers == standing.filter(item=item).count()
    taken = QueueEntry.objects.filter(state=QueueEntry.State.DONE)
    assert taken.count() == standing.count()


# Who may change what -----------------------------------------------------------------------------


def test_one_finds_ones_own_answers_and_a_lead_finds_all(
    project: Project, filled: Fill, ana: User, ben: User, lea: User
) -> None:
    filled(project, 1)
    (annotation,) = loop.label(project, ana)
    for who, may in ((ana, True), (lea, True), (ben, False)):
        loaded = members.load_project(who, project.pk)
        if may:
            assert revise.find_annotation(loaded, who, annotation.pk) == annotation
        else:
            with pytest.raises(NotFound):
                revise.find_annotation(loaded, who, annotation.pk)
