"""An annotation can be corrected, withdrawn and undone, and its history keeps what it said."""

from typing import Any

import pytest

from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.annotation import history, revise
from annotator.flow.annotation.submit import StoredAsExtra
from annotator.flow.projects import members
from annotator.flow.queue import leasing, releasing
from annotator.flow.review import corrections
from annotator.models import (
    Annotation,
    Item,
    Project,
    QueueEntry,
    Revision,
    Source,
    Tally,
    User,
)
from tests import loop
from tests.flow.annotation.stored import counts, given_labels
from tests.given import Fill, Learn, RunRound

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


# Correct, withdraw, undo --------------------------------------------------------------------------


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


# Corrected by somebody else -----------------------------------------------------------------------


def test_lead_corrects_and_the_author_stays_the_author(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    filled(project, 1)
    annotation = loop.answer(leasing.lease_next(project, ana), ["spam"])
    revise.correct(annotation, lea, ["ham"])
    stored = Annotation.objects.get()
    assert (stored.user, stored.corrected_by) == (ana, lea)
    assert given_labels(stored) == ["ham"]
    assert corrections.of_keys([stored.pk]) == {stored.pk: set(loop.ids(project, "spam"))}


def test_note_of_a_lead_gives_no_other_answer(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    filled(project, 1)
    annotation = loop.answer(leasing.lease_next(project, ana), ["spam"])
    revise.correct(annotation, lea, ["spam"], note="See the guidelines.")
    assert Annotation.objects.get().corrected_by is None


def test_undone_correction_says_what_the_author_said(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    filled(project, 1)
    annotation = loop.answer(leasing.lease_next(project, ana), ["spam"])
    revise.correct(annotation, lea, ["ham"])
    revise.revert(annotation, lea)
    stored = Annotation.objects.get()
    assert (stored.corrected_by, given_labels(stored)) == (None, ["spam"])
    assert corrections.of_keys([stored.pk]) == {}
    with pytest.raises(Conflict):
        revise.revert(stored, lea)


def test_author_does_not_overrule_a_lead_without_being_told(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    filled(project, 1)
    annotation = loop.answer(leasing.lease_next(project, ana), ["spam"])
    revise.correct(annotation, lea, ["ham"])
    with pytest.raises(Conflict, match="lea corrected this annotation to “ham”"):
        revise.correct(annotation, ana, ["spam"])
    with pytest.raises(Conflict):
        revise.undo(annotation, ana)
    assert given_labels(annotation) == ["ham"]


def test_only_who_corrected_undoes_it(project: Project, filled: Fill, ana: User, lea: User) -> None:
    filled(project, 1)
    annotation = loop.answer(leasing.lease_next(project, ana), ["spam"])
    revise.correct(annotation, lea, ["ham"])
    with pytest.raises(Conflict):
        revise.revert(annotation, ana)


def test_own_correction_before_a_leads_is_what_the_author_said(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    filled(project, 1)
    annotation = loop.answer(leasing.lease_next(project, ana), ["spam"])
    revise.correct(annotation, ana, ["ham"])
    assert Annotation.objects.get().corrected_by is None
    revise.correct(annotation, lea, ["spam"])
    assert corrections.of_keys([annotation.pk]) == {annotation.pk: set(loop.ids(project, "ham"))}
