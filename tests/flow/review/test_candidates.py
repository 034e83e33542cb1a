"""Reviews: which are requested, who gets them, and that they count nowhere."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotator.errors import Conflict
from annotator.flow.annotation import adjudicate, history, revise, submit, sync_decisions
from annotator.flow.annotation.payload import annotation_payload, label_names
from annotator.flow.operations import cleanup
from annotator.flow.operations.verify_counts import recount
from annotator.flow.progress import summary
from annotator.flow.projects import members, settings
from annotator.flow.queue import leasing, orphaned_leases, payload, prefetch, releasing
from annotator.flow.review import assignments, candidates
from annotator.messages import labelling
from annotator.models import (
    Annotation,
    Disagreement,
    Item,
    Lease,
    Project,
    ReviewRequest,
    Source,
    User,
)
from annotator.pool import training_set
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(project: Project) -> Any:
    """A project whose lead wants second looks."""
    settings.change_settings(project, second_share=0.05)
    return project


def doubt(annotation: Any, kind: str = "suspect", score: float = 1.0) -> Any:
    return candidates.ReviewCandidate(annotation.pk, kind, score, "The model says ham.", ["ham"])


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second look come whenever there is one for the person."""
    monkeypatch.setattr(assignments.random, "random", lambda: 0.0)


@pytest.fixture
def labelled(project: Project, filled: Fill, ana: User, turns: Any) -> Any:
    """Ana's answers to six of twelve items."""
    filled(project, 12)
    return loop.label(project, ana, 6)


@pytest.fixture
def doubted(project: Project, labelled: Any) -> Any:
    """Ana's first answer waits for a second look."""
    assert candidates.request_reviews(project, [doubt(labelled[0])]) == 1
    return labelled[0]


def states() -> Any:
    return list(ReviewRequest.objects.order_by("pk").values_list("state", "outcome"))


def other(annotation: Any) -> Any:
    return ["ham" if label_names(annotation) == ["spam"] else "spam"]


def test_somebody_else_looks_blind_and_nothing_counts_by_it(
    project: Project, doubted: Any, ana: User, ben: User
) -> None:
    before, work = summary.progress(project), training_set.label_revision(project)
    assert leasing.lease_next(project, ana).item_id != doubted.item_id
    lease = leasing.lease_next(project, ben)
    assert (lease.item_id, lease.source, lease.blind) == (doubted.item_id, Source.SECOND, True)
    shown = payload.lease_payload(lease)
    assert (shown["suggestion"], shown["why"]) == (None, None)
    answer = loop.answer(lease)
    assert (answer.counted, answer.source) == (False, "second")
    assert states() == [(ReviewRequest.State.DONE, "confirmed")]
    after = summary.progress(project)
    for name in ("labelled", "answers", "audited", "skipped"):
        assert after[name] == before[name]
    assert training_set.label_revision(project) == work
    assert recount(project) == []
    assert not Disagreement.objects.exists()
    assert labelling.saved_words(project, annotation_payload(answer)).endswith(
        "a likely label error."
    )


def test_answer_that_differs_goes_to_the_lead(project: Project, doubted: Any, ben: User) -> None:
    loop.answer(leasing.lease_next(project, ben), other(doubted))
    assert states() == [(ReviewRequest.State.DONE, "changed")]
    assert Disagreement.objects.get().item_id == doubted.item_id
    assert recount(project) == []


def test_without_anybody_else_the_author_looks_and_a_lead_decides(
    project: Project, doubted: Any, ana: User, ben: User
) -> None:
    members.remove_member(project, ben)
    candidates.request_reviews(project, [doubt(doubted)])
    lease = leasing.lease_next(project, ana)
    assert (lease.item_id, lease.source) == (doubted.item_id, Source.SECOND)
    loop.answer(lease, other(doubted))
    assert Disagreement.objects.get().item_id == doubted.item_id
    assert Annotation.objects.filter(item=doubted.item_id, withdrawn_at=None).count() == 2


def test_repeat_is_for_the_author_alone(
    project: Project, labelled: Any, ana: User, ben: User
) -> None:
    candidates.request_reviews(project, [doubt(labelled[2], "repeat")])
    assert leasing.lease_next(project, ben).source not in ("second", "repeat")
    lease = leasing.lease_next(project, ana)
    assert (lease.item_id, lease.source) == (labelled[2].item_id, Source.REPEAT)
    loop.answer(lease)
    assert candidates.drift(project) == [{"user": "ana", "n": 1, "same": 1}]
    candidates.request_reviews(project, [doubt(labelled[3], "repeat")])
    loop.answer(leasing.lease_next(project, ana), other(labelled[3]))
    assert candidates.drift(project) == [{"user": "ana", "n": 2, "same": 1}]
    assert recount(project) == []


def test_proposal_replaces_what_nobody_took_and_is_idempotent(
    project: Project, labelled: Any, ben: User
) -> None:
    found = [doubt(labelled[0], score=0.1), doubt(labelled[1], score=0.9)]
    assert (
        candidates.request_reviews(project, found)
        == candidates.request_reviews(project, found)
        == 2
    )
    first = leasing.lease_next(project, ben)
    assert first.item_id == labelled[1].item_id
    assert candidates.request_reviews(project, [doubt(labelled[1]), doubt(labelled[2])]) == 2
    waiting = ReviewRequest.objects.filter(state=ReviewRequest.State.OPEN).get()
    assert waiting.about_id == labelled[2].pk
    assert candidates.request_reviews(project, []) == 1
    loop.answer(first)
    assert candidates.request_reviews(project, []) == 0
    project.refresh_from_db()
    assert not project.has_looks


def test_what_was_looked_at_is_proposed_again_only_after_it_changed(
    project: Project, doubted: Any, ana: User, ben: User
) -> None:
    loop.answer(leasing.lease_next(project, ben))
    assert candidates.request_reviews(project, [doubt(doubted)]) == 0
    revise.correct(revise.find_annotation(project, ana, doubted.pk), ana, other(doubted))
    assert candidates.request_reviews(project, [doubt(doubted)]) == 1


def test_kinds_take_turns_within_the_bound(
    project: Project, labelled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "MOST_OPEN", 3)
    found = [doubt(each, score=10 - n) for n, each in enumerate(labelled[:4])]
    assert (
        candidates.request_reviews(project, [*found, doubt(labelled[5], "contradiction", 0.1)]) == 3
    )
    ranked = ReviewRequest.objects.order_by("rank").values_list("about", flat=True)
    assert sorted(ranked) == sorted(labelled[n].pk for n in (0, 1, 5))
    assert ranked[2] == labelled[1].pk


def test_what_is_corrected_or_taken_back_is_not_looked_at(
    project: Project, labelled: Any, ana: User, ben: User
) -> None:
    candidates.request_reviews(project, [doubt(labelled[0]), doubt(labelled[1])])
    revise.correct(revise.find_annotation(project, ana, labelled[0].pk), ana, other(labelled[0]))
    revise.withdraw(revise.find_annotation(project, ana, labelled[1].pk), ana)
    assert leasing.lease_next(project, ben).source != Source.SECOND


def test_skip_drops_it_and_undo_brings_it_back(project: Project, doubted: Any, ben: User) -> None:
    lease = leasing.lease_next(project, ben)
    assert "keeps the label that it already has" in labelling.outcome_words(
        sync_decisions.skip(lease)
    )
    assert states() == [(ReviewRequest.State.DROPPED, "")]
    assert candidates.request_reviews(project, [doubt(doubted)]) == 0
    assert recount(project) == []
    again = sync_decisions.take_back(history.last_action(project, ben), ben)
    assert again.item_id == doubted.item_id
    loop.answer(again)
    assert states() == [(ReviewRequest.State.DONE, "confirmed")]


def test_undo_gives_the_same_look_again(project: Project, doubted: Any, ben: User) -> None:
    loop.answer(leasing.lease_next(project, ben), other(doubted))
    lease = sync_decisions.take_back(history.last_action(project, ben), ben)
    assert (lease.item_id, lease.source, lease.blind) == (doubted.item_id, Source.SECOND, True)
    assert not Disagreement.objects.exists()
    loop.answer(lease)
    assert states() == [(ReviewRequest.State.DONE, "confirmed")]
    assert recount(project) == []


def test_lease_that_ran_out_gives_it_back_and_a_late_answer_still_counts_as_the_look(
    project: Project, doubted: Any, ben: User
) -> None:
    lease = leasing.lease_next(project, ben)
    later = lease.expires_at + timedelta(seconds=1)
    releasing.release_expired(now=later)
    assert states() == [(ReviewRequest.State.OPEN, "")]
    assert loop.refreshed(lease).outcome == Lease.Outcome.EXPIRED
    assert not loop.answer(lease).counted
    assert states() == [(ReviewRequest.State.DONE, "confirmed")]


def test_late_answer_is_kept_where_somebody_else_looked(
    project: Project, doubted: Any, ben: User, lea: User
) -> None:
    lease = leasing.lease_next(project, ben)
    releasing.release_expired(now=lease.expires_at)
    loop.answer(leasing.lease_next(project, lea))
    late = loop.answer(lease, other(doubted))
    assert late.source == Source.SECOND
    assert states() == [(ReviewRequest.State.DONE, "confirmed")]
    assert Disagreement.objects.count() == 1


def test_release_and_extend(project: Project, doubted: Any, ben: User) -> None:
    lease = leasing.lease_next(project, ben)
    assert releasing.extend(lease).expires_at >= lease.expires_at
    releasing.release(lease)
    assert states() == [(ReviewRequest.State.OPEN, "")]
    with pytest.raises(Conflict):
        releasing.extend(loop.refreshed(lease))
    assert leasing.lease_next(project, ben).item_id == doubted.item_id


def test_look_is_answered_once(project: Project, doubted: Any, ben: User) -> None:
    lease = leasing.lease_next(project, ben)
    loop.answer(lease)
    with pytest.raises(Conflict, match="already"):
        loop.answer(lease)
    assert Annotation.objects.filter(source="second").count() == 1


def test_share_is_kept_and_without_looks_nothing_is_asked(
    project: Project,
    doubted: Any,
    ben: User,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    settings.change_settings(project, second_share=0.0)
    assert leasing.lease_next(project, ben).source != Source.SECOND
    settings.change_settings(project, second_share=0.2)
    assert assignments.is_due(project)
    monkeypatch.setattr(assignments.random, "random", lambda: 0.2)
    with django_assert_num_queries(0):
        assert not assignments.is_due(project)
    project.has_looks = False
    monkeypatch.setattr(assignments.random, "random", lambda: 0.0)
    with django_assert_num_queries(0):
        assert not assignments.is_due(project)


def test_when_nothing_new_is_left_what_is_doubtful_is_still_asked(
    project: Project, filled: Fill, ana: User, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignments.random, "random", lambda: 0.99)
    filled(project, 3)
    answers = loop.label(project, ana, 3)
    assert leasing.lease_next(project, ben) is None
    candidates.request_reviews(project, [doubt(answers[0])])
    assert leasing.lease_next(project, ben).item_id == answers[0].item_id


def test_person_with_a_second_look_may_still_be_asked_when_the_item_needs_a_label(
    project: Project, filled: Fill, ana: User, ben: User, turns: Any
) -> None:
    filled(project, 1)
    (answer,) = loop.label(project, ana, 1)
    candidates.request_reviews(project, [doubt(answer)])
    loop.answer(leasing.lease_next(project, ben))
    revise.withdraw(revise.find_annotation(project, ana, answer.pk), ana)
    lease = leasing.lease_next(project, ben)
    assert loop.answer(lease).counted
    assert Item.objects.get().state == Item.State.LABELLED
    assert recount(project) == []


def test_repeats_are_old_answers_of_those_at_work_and_the_same_until_answered(
    project: Project, labelled: Any, ana: User
) -> None:
    assert candidates.consistency_samples(project) == []
    long_ago = timezone.now() - timedelta(days=2)
    Annotation.objects.update(created_at=long_ago, updated_at=long_ago)
    drawn = candidates.consistency_samples(project)
    assert drawn == candidates.consistency_samples(project)
    assert 1 <= len(drawn) <= candidates.REPEATS_EACH
    assert {each.annotation for each in drawn} <= {each.pk for each in labelled}
    assert candidates.request_reviews(project, drawn) == len(drawn)
    loop.answer(leasing.lease_next(project, ana))
    assert candidates.consistency_samples(project) != drawn
    assert candidates.request_reviews(project, drawn) == len(drawn) - 1


def test_page_of_the_desk_keeps_a_look_as_it_keeps_all_else(
    project: Project, doubted: Any, ben: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    held = prefetch.sync_window(project, ben, "tab/1", holding=[], want=2)
    sources = [lease.source for lease in held.next]
    assert sources.count(Source.SECOND) == 1
    keys = [str(lease.pk) for lease in held.next]
    time_machine.shift(project.lease_seconds * 0.7)
    assert prefetch.sync_window(project, ben, "tab/1", holding=keys).lost == []
    time_machine.shift(project.lease_seconds * 0.7)
    releasing.release_expired(project)
    assert states() == [(ReviewRequest.State.LEASED, "")]
    prefetch.leave(project, ben, "tab/1", keys)
    time_machine.shift(prefetch.GRACE_SECONDS + 1)
    releasing.release_expired(project)
    assert states() == [(ReviewRequest.State.OPEN, "")]


def test_no_look_is_held_longer_than_a_lease_may_run(
    project: Project, doubted: Any, ben: User
) -> None:
    lease = leasing.lease_next(project, ben)
    far = lease.expires_at + timedelta(days=1)
    Lease.objects.filter(pk=lease.pk).update(expires_at=far)
    orphaned_leases.release_orphaned()
    assert loop.refreshed(lease).expires_at < far - timedelta(hours=23)


def test_who_leaves_the_project_gives_the_look_back(
    project: Project, doubted: Any, ben: User
) -> None:
    leasing.lease_next(project, ben)
    members.remove_member(project, ben)
    assert states() == [(ReviewRequest.State.OPEN, "")]


def test_correction_of_a_second_look_changes_what_it_says(
    project: Project, doubted: Any, ben: User
) -> None:
    answer = loop.answer(leasing.lease_next(project, ben))
    revise.correct(revise.find_annotation(project, ben, answer.pk), ben, other(doubted))
    assert states() == [(ReviewRequest.State.DONE, "changed")]
    assert Disagreement.objects.count() == 1
    assert recount(project) == []


def test_project_is_removed_with_its_looks_and_decisions(
    project: Project, doubted: Any, ben: User, lea: User
) -> None:
    loop.answer(leasing.lease_next(project, ben), other(doubted))
    adjudicate.decide(project, lea, doubted.item_id, ["ham"])
    cleanup.remove_project(project)
    assert not ReviewRequest.objects.exists()
    assert not Disagreement.objects.exists()


def test_project_without_looks_asks_nothing_about_them(
    project: Project, filled: Fill, ana: User, turns: Any
) -> None:
    filled(project, 12)
    loop.label(project, ana, 2)
    with CaptureQueriesContext(connection) as asked:
        lease = leasing.lease_next(project, ana)
        loop.answer(lease)
        submit.submit_with_next(
            project,
            ana,
            lease=str(leasing.lease_next(project, ana).pk),
            labels=["spam"],
            client_id="11111111-1111-4111-8111-111111111111",
        )
        releasing.skip(leasing.lease_next(project, ana))
    told = " ".join(each["sql"] for each in asked.captured_queries)
    assert "annotation" in told
    assert "secondlook" not in told
    assert "disagreement" not in told


def test_who_skipped_the_item_is_not_asked_to_look_at_it(
    project: Project, filled: Fill, ana: User, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ben)
    releasing.skip(lease)
    (answer,) = loop.label(project, ana, 1)
    candidates.request_reviews(project, [candidates.ReviewCandidate(answer.pk, "suspect", 1.0, "")])
    monkeypatch.setattr(assignments.random, "random", lambda: 0.0)
    assert leasing.lease_next(project, ben) is None
