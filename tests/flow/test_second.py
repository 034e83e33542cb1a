"""Second looks: what is proposed, who gets it, and that nothing counts by it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotator import pool
from annotator.flow import (
    adjudicate,
    ahead,
    annotate,
    decide,
    looks,
    monitor,
    own,
    queue,
    second,
    setup,
    strays,
    tidying,
)
from annotator.flow.recount import recount
from annotator.flow.refusals import Conflict
from annotator.models import Annotation, Disagreement, Item, Lease, SecondLook, Source
from tests import loop

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(project):
    """A project whose lead wants second looks."""
    setup.change_settings(project, second_share=0.05)
    return project


def doubt(annotation, kind="suspect", score=1.0):
    return second.Doubt(annotation.pk, kind, score, "The model says ham.", ["ham"])


@pytest.fixture
def turns(monkeypatch):
    """Let a second look come whenever there is one for the person."""
    monkeypatch.setattr(looks.random, "random", lambda: 0.0)


@pytest.fixture
def labelled(project, filled, ana, turns):
    """Ana's answers to six of twelve items."""
    filled(project, 12)
    return loop.label(project, ana, 6)


@pytest.fixture
def doubted(project, labelled):
    """Ana's first answer waits for a second look."""
    assert second.propose(project, [doubt(labelled[0])]) == 1
    return labelled[0]


def states():
    return list(SecondLook.objects.order_by("pk").values_list("state", "outcome"))


def other(annotation):
    return ["ham" if annotate.label_names(annotation) == ["spam"] else "spam"]


def test_somebody_else_looks_blind_and_nothing_counts_by_it(project, doubted, ana, ben):
    before, work = monitor.progress(project), pool.work_done(project)
    assert queue.lease_next(project, ana).item_id != doubted.item_id
    lease = queue.lease_next(project, ben)
    assert (lease.item_id, lease.source, lease.blind) == (doubted.item_id, Source.SECOND, True)
    shown = queue.served(lease)
    assert (shown["suggestion"], shown["why"]) == (None, None)
    answer = loop.answer(lease)
    assert (answer.counted, answer.source) == (False, "second")
    assert states() == [(SecondLook.State.DONE, "confirmed")]
    after = monitor.progress(project)
    for name in ("labelled", "answers", "audited", "skipped"):
        assert after[name] == before[name]
    assert pool.work_done(project) == work
    assert recount(project) == []
    assert not Disagreement.objects.exists()
    assert decide.saved_words(annotate.told(answer)).endswith("a label that was in doubt.")


def test_answer_that_differs_goes_to_the_lead(project, doubted, ben):
    loop.answer(queue.lease_next(project, ben), other(doubted))
    assert states() == [(SecondLook.State.DONE, "changed")]
    assert Disagreement.objects.get().item_id == doubted.item_id
    assert recount(project) == []


def test_without_anybody_else_the_author_looks_and_a_lead_decides(project, doubted, ana, ben):
    setup.remove_member(project, ben)
    second.propose(project, [doubt(doubted)])
    lease = queue.lease_next(project, ana)
    assert (lease.item_id, lease.source) == (doubted.item_id, Source.SECOND)
    loop.answer(lease, other(doubted))
    assert Disagreement.objects.get().item_id == doubted.item_id
    assert Annotation.objects.filter(item=doubted.item_id, withdrawn_at=None).count() == 2


def test_repeat_is_for_the_author_alone(project, labelled, ana, ben):
    second.propose(project, [doubt(labelled[2], "repeat")])
    assert queue.lease_next(project, ben).source not in ("second", "repeat")
    lease = queue.lease_next(project, ana)
    assert (lease.item_id, lease.source) == (labelled[2].item_id, Source.REPEAT)
    loop.answer(lease)
    assert second.drift(project) == [{"user": "ana", "n": 1, "same": 1}]
    second.propose(project, [doubt(labelled[3], "repeat")])
    loop.answer(queue.lease_next(project, ana), other(labelled[3]))
    assert second.drift(project) == [{"user": "ana", "n": 2, "same": 1}]
    assert recount(project) == []


def test_proposal_replaces_what_nobody_took_and_is_idempotent(project, labelled, ben):
    found = [doubt(labelled[0], score=0.1), doubt(labelled[1], score=0.9)]
    assert second.propose(project, found) == second.propose(project, found) == 2
    first = queue.lease_next(project, ben)
    assert first.item_id == labelled[1].item_id
    assert second.propose(project, [doubt(labelled[1]), doubt(labelled[2])]) == 2
    waiting = SecondLook.objects.filter(state=SecondLook.State.OPEN).get()
    assert waiting.about_id == labelled[2].pk
    assert second.propose(project, []) == 1
    loop.answer(first)
    assert second.propose(project, []) == 0
    project.refresh_from_db()
    assert not project.has_looks


def test_what_was_looked_at_is_proposed_again_only_after_it_changed(project, doubted, ana, ben):
    loop.answer(queue.lease_next(project, ben))
    assert second.propose(project, [doubt(doubted)]) == 0
    annotate.correct(annotate.find(project, ana, doubted.pk), ana, other(doubted))
    assert second.propose(project, [doubt(doubted)]) == 1


def test_kinds_take_turns_within_the_bound(project, labelled, monkeypatch):
    monkeypatch.setattr(second, "MOST_OPEN", 3)
    found = [doubt(each, score=10 - n) for n, each in enumerate(labelled[:4])]
    assert second.propose(project, [*found, doubt(labelled[5], "contradiction", 0.1)]) == 3
    ranked = SecondLook.objects.order_by("rank").values_list("about", flat=True)
    assert sorted(ranked) == sorted(labelled[n].pk for n in (0, 1, 5))
    assert ranked[2] == labelled[1].pk


def test_what_is_corrected_or_taken_back_is_not_looked_at(project, labelled, ana, ben):
    second.propose(project, [doubt(labelled[0]), doubt(labelled[1])])
    annotate.correct(annotate.find(project, ana, labelled[0].pk), ana, other(labelled[0]))
    annotate.withdraw(annotate.find(project, ana, labelled[1].pk), ana)
    assert queue.lease_next(project, ben).source != Source.SECOND


def test_skip_drops_it_and_undo_brings_it_back(project, doubted, ben):
    lease = queue.lease_next(project, ben)
    assert "has its label already" in decide.skip_words(lease, queue.skip(lease))
    assert states() == [(SecondLook.State.DROPPED, "")]
    assert second.propose(project, [doubt(doubted)]) == 0
    assert recount(project) == []
    again = decide.take_back(own.last(project, ben), ben)
    assert again.item_id == doubted.item_id
    loop.answer(again)
    assert states() == [(SecondLook.State.DONE, "confirmed")]


def test_undo_gives_the_same_look_again(project, doubted, ben):
    loop.answer(queue.lease_next(project, ben), other(doubted))
    lease = decide.take_back(own.last(project, ben), ben)
    assert (lease.item_id, lease.source, lease.blind) == (doubted.item_id, Source.SECOND, True)
    assert not Disagreement.objects.exists()
    loop.answer(lease)
    assert states() == [(SecondLook.State.DONE, "confirmed")]
    assert recount(project) == []


def test_lease_that_ran_out_gives_it_back_and_a_late_answer_still_counts_as_the_look(
    project, doubted, ben
):
    lease = queue.lease_next(project, ben)
    later = lease.expires_at + timedelta(seconds=1)
    queue.release_expired(now=later)
    assert states() == [(SecondLook.State.OPEN, "")]
    assert loop.refreshed(lease).outcome == Lease.Outcome.EXPIRED
    assert not loop.answer(lease).counted
    assert states() == [(SecondLook.State.DONE, "confirmed")]


def test_late_answer_is_kept_where_somebody_else_looked(project, doubted, ben, lea):
    lease = queue.lease_next(project, ben)
    queue.release_expired(now=lease.expires_at)
    loop.answer(queue.lease_next(project, lea))
    late = loop.answer(lease, other(doubted))
    assert late.source == Source.SECOND
    assert states() == [(SecondLook.State.DONE, "confirmed")]
    assert Disagreement.objects.count() == 1


def test_release_and_extend(project, doubted, ben):
    lease = queue.lease_next(project, ben)
    assert queue.extend(lease).expires_at >= lease.expires_at
    queue.release(lease)
    assert states() == [(SecondLook.State.OPEN, "")]
    with pytest.raises(Conflict):
        queue.extend(loop.refreshed(lease))
    assert queue.lease_next(project, ben).item_id == doubted.item_id


def test_look_is_answered_once(project, doubted, ben):
    lease = queue.lease_next(project, ben)
    loop.answer(lease)
    with pytest.raises(Conflict, match="already"):
        loop.answer(lease)
    assert Annotation.objects.filter(source="second").count() == 1


def test_share_is_kept_and_without_looks_nothing_is_asked(
    project, doubted, ben, monkeypatch, django_assert_num_queries
):
    setup.change_settings(project, second_share=0.0)
    assert queue.lease_next(project, ben).source != Source.SECOND
    setup.change_settings(project, second_share=0.2)
    assert looks.is_turn(project)
    monkeypatch.setattr(looks.random, "random", lambda: 0.2)
    with django_assert_num_queries(0):
        assert not looks.is_turn(project)
    project.has_looks = False
    monkeypatch.setattr(looks.random, "random", lambda: 0.0)
    with django_assert_num_queries(0):
        assert not looks.is_turn(project)


def test_when_nothing_new_is_left_what_is_doubtful_is_still_asked(
    project, filled, ana, ben, monkeypatch
):
    monkeypatch.setattr(looks.random, "random", lambda: 0.99)
    filled(project, 3)
    answers = loop.label(project, ana, 3)
    assert queue.lease_next(project, ben) is None
    second.propose(project, [doubt(answers[0])])
    assert queue.lease_next(project, ben).item_id == answers[0].item_id


def test_person_with_a_second_look_may_still_be_asked_when_the_item_needs_a_label(
    project, filled, ana, ben, turns
):
    filled(project, 1)
    (answer,) = loop.label(project, ana, 1)
    second.propose(project, [doubt(answer)])
    loop.answer(queue.lease_next(project, ben))
    annotate.withdraw(annotate.find(project, ana, answer.pk), ana)
    lease = queue.lease_next(project, ben)
    assert loop.answer(lease).counted
    assert Item.objects.get().state == Item.State.LABELLED
    assert recount(project) == []


def test_repeats_are_old_answers_of_those_at_work_and_the_same_until_answered(
    project, labelled, ana
):
    assert second.repeats(project) == []
    long_ago = timezone.now() - timedelta(days=2)
    Annotation.objects.update(created_at=long_ago, updated_at=long_ago)
    drawn = second.repeats(project)
    assert drawn == second.repeats(project)
    assert 1 <= len(drawn) <= second.REPEATS_EACH
    assert {each.annotation for each in drawn} <= {each.pk for each in labelled}
    assert second.propose(project, drawn) == len(drawn)
    loop.answer(queue.lease_next(project, ana))
    assert second.repeats(project) != drawn
    assert second.propose(project, drawn) == len(drawn) - 1


def test_page_of_the_desk_keeps_a_look_as_it_keeps_all_else(project, doubted, ben, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    held = ahead.hold(project, ben, "tab/1", holding=[], want=2)
    sources = [lease.source for lease in held.next]
    assert sources.count(Source.SECOND) == 1
    keys = [str(lease.pk) for lease in held.next]
    time_machine.shift(project.lease_seconds * 0.7)
    assert ahead.hold(project, ben, "tab/1", holding=keys).lost == []
    time_machine.shift(project.lease_seconds * 0.7)
    queue.release_expired(project)
    assert states() == [(SecondLook.State.LEASED, "")]
    ahead.leave(project, ben, "tab/1", keys)
    time_machine.shift(ahead.GRACE_SECONDS + 1)
    queue.release_expired(project)
    assert states() == [(SecondLook.State.OPEN, "")]


def test_no_look_is_held_longer_than_a_lease_may_run(project, doubted, ben):
    lease = queue.lease_next(project, ben)
    far = lease.expires_at + timedelta(days=1)
    Lease.objects.filter(pk=lease.pk).update(expires_at=far)
    strays.release_strays()
    assert loop.refreshed(lease).expires_at < far - timedelta(hours=23)


def test_who_leaves_the_project_gives_the_look_back(project, doubted, ben):
    queue.lease_next(project, ben)
    setup.remove_member(project, ben)
    assert states() == [(SecondLook.State.OPEN, "")]


def test_correction_of_a_second_look_changes_what_it_says(project, doubted, ben):
    answer = loop.answer(queue.lease_next(project, ben))
    annotate.correct(annotate.find(project, ben, answer.pk), ben, other(doubted))
    assert states() == [(SecondLook.State.DONE, "changed")]
    assert Disagreement.objects.count() == 1
    assert recount(project) == []


def test_project_is_removed_with_its_looks_and_decisions(project, doubted, ben, lea):
    loop.answer(queue.lease_next(project, ben), other(doubted))
    adjudicate.decide(project, lea, doubted.item_id, ["ham"])
    tidying.remove_project(project)
    assert not SecondLook.objects.exists()
    assert not Disagreement.objects.exists()


def test_project_without_looks_asks_nothing_about_them(project, filled, ana, turns):
    filled(project, 12)
    loop.label(project, ana, 2)
    with CaptureQueriesContext(connection) as asked:
        lease = queue.lease_next(project, ana)
        loop.answer(lease)
        annotate.submit_with_next(
            project,
            ana,
            lease=str(queue.lease_next(project, ana).pk),
            labels=["spam"],
            client_id="11111111-1111-4111-8111-111111111111",
        )
        queue.skip(queue.lease_next(project, ana))
    told = " ".join(each["sql"] for each in asked.captured_queries)
    assert "annotation" in told
    assert "secondlook" not in told
    assert "disagreement" not in told


def test_who_skipped_the_item_is_not_asked_to_look_at_it(project, filled, ana, ben, monkeypatch):
    filled(project, 1)
    lease = queue.lease_next(project, ben)
    queue.skip(lease)
    (answer,) = loop.label(project, ana, 1)
    second.propose(project, [second.Doubt(answer.pk, "suspect", 1.0, "")])
    monkeypatch.setattr(looks.random, "random", lambda: 0.0)
    assert queue.lease_next(project, ben) is None
