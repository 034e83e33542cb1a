"""Items that everybody skipped are set aside, counted, and can be requeued."""

from typing import Any

import pytest

from annotator.flow.annotation import seed_labels, sync_decisions
from annotator.flow.progress import audit_counts, stopping, summary
from annotator.flow.projects import members, settings
from annotator.flow.queue import leasing, refill, releasing, skipped_items
from annotator.messages import labelling
from annotator.models import Item, Lease, Project, QueueEntry, Source, Tally, User
from annotator.pool import feature_store
from tests import loop
from tests.given import Fill, Learn

pytestmark = pytest.mark.django_db


def skip(project: Project, person: Any) -> None:
    releasing.skip(leasing.lease_next(project, person))


def state(item: Any) -> Any:
    return Item.objects.get(pk=item.pk).state


@pytest.fixture
def item(project: Project, filled: Fill) -> Any:
    return filled(project, 1)[0]


@pytest.fixture
def set_aside(project: Project, item: Any, ana: User, ben: User) -> Any:
    skip(project, ana)
    skip(project, ben)
    assert state(item) == Item.State.ASIDE
    return item


def test_item_waits_as_long_as_one_annotator_has_not_seen_it(
    project: Project, item: Any, ana: User, ben: User
) -> None:
    skip(project, ana)
    assert state(item) == Item.State.QUEUED
    skip(project, ben)
    assert state(item) == Item.State.ASIDE
    assert not QueueEntry.objects.filter(state=QueueEntry.State.OPEN).exists()


def test_person_is_told_who_will_see_it(project: Project, item: Any, ana: User, ben: User) -> None:
    said = []
    for person in (ana, ben):
        lease = leasing.lease_next(project, person)
        decision = {"kind": "skip", "client_id": "1", "lease": str(lease.pk)}
        said.append(
            labelling.result_words(
                project, sync_decisions.apply_decision(project, person, "tab/1", decision)
            )
        )
    assert "Another annotator will see it" in said[0]
    assert "parked for the project's lead" in said[1]


def test_lead_who_labels_here_is_asked_before_it_is_set_aside(
    project: Project, item: Any, ana: User, ben: User, lea: User
) -> None:
    Tally.objects.create(project=project, user=lea, day="2026-01-01", labels=1)
    skip(project, ana)
    skip(project, ben)
    assert state(item) == Item.State.QUEUED
    skip(project, lea)
    assert state(item) == Item.State.ASIDE


def test_nobody_waits_for_who_has_left(project: Project, item: Any, ana: User, ben: User) -> None:
    User.objects.filter(pk=ben.pk).update(is_active=False)
    skip(project, ana)
    assert state(item) == Item.State.ASIDE


def test_it_is_counted_and_said_to_everybody(project: Project, set_aside: Any, ana: User) -> None:
    assert summary.progress(project)["aside"] == 1
    assert "every annotator skipped" in labelling.why_empty(project, stopping.find_pause(project))
    Tally.objects.filter(user=ana).update(labels=1)
    (reason,) = loop.advice_on(project, 1, None)["reasons"]
    assert "every annotator skipped" in reason


def test_it_is_neither_queued_nor_chosen_nor_put_by(
    project: Project, set_aside: Any, learnt: Learn, ana: User, lea: User
) -> None:
    learnt(project)
    shard = project.spaces.first().shards.first()
    assert not feature_store.candidate_mask(project, shard).any()
    assert refill.top_up(project, lea) == 0
    assert leasing.lease_next(project, lea) is None


def test_what_is_put_back_is_asked_again_of_those_who_skipped_it(
    project: Project, set_aside: Any, ana: User
) -> None:
    assert skipped_items.reopen_skipped(project) == 1
    assert Item.objects.set_aside(project).count() == 0
    assert leasing.lease_next(project, ana).item == set_aside
    # The skip stays in the history.
    assert Item.objects.get().skips == 2
    assert set(Lease.objects.exclude(outcome="").values_list("outcome", flat=True)) == {"again"}


def test_what_is_put_back_can_be_skipped_by_all_again(
    project: Project, set_aside: Any, ana: User, ben: User
) -> None:
    skipped_items.reopen_skipped(project)
    skip(project, ana)
    assert state(set_aside) == Item.State.QUEUED
    skip(project, ben)
    assert state(set_aside) == Item.State.ASIDE


def test_somebody_new_is_asked_and_nobody_who_skipped_it(
    project: Project, set_aside: Any, zed: User, ana: User
) -> None:
    members.add_member(project, "zed")
    assert leasing.lease_next(project, ana) is None
    assert leasing.lease_next(project, zed).item == set_aside


def test_lead_can_label_it_at_once(project: Project, set_aside: Any, lea: User) -> None:
    from uuid import uuid4

    seed_labels.seed(project, lea, set_aside, labels=["spam"], client_id=str(uuid4()))
    assert state(set_aside) == Item.State.LABELLED
    assert Item.objects.set_aside(project).count() == 0


def test_late_answer_to_it_counts(
    project: Project, item: Any, ana: User, ben: User, time_machine: Any
) -> None:
    skip(project, ana)
    lease = leasing.lease_next(project, ben)
    releasing.skip(lease)
    assert loop.answer(lease).counted
    assert state(item) == Item.State.LABELLED
    assert loop.refreshed(lease).outcome == Lease.Outcome.SKIPPED


@pytest.mark.parametrize("who_skips_first", [True, False])
def test_opinion_that_nobody_can_give_any_more_sets_it_aside(
    project: Project, filled: Fill, ana: User, ben: User, who_skips_first: bool
) -> None:
    settings.change_settings(project, overlap=2)
    (item,) = filled(project, 1)
    held = [leasing.lease_next(project, person) for person in (ana, ben)]
    acts = [lambda: releasing.skip(held[0]), lambda: loop.answer(held[1])]
    for act in acts if who_skips_first else acts[::-1]:
        act()
    assert state(item) == Item.State.ASIDE
    skipped_items.reopen_skipped(project)
    assert state(item) == Item.State.QUEUED
    loop.label(project, ana)
    assert state(item) == Item.State.LABELLED


def test_fewer_opinions_wanted_finish_what_is_set_aside_with_enough(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    settings.change_settings(project, overlap=2)
    (item,) = filled(project, 1)
    skip(project, ana)
    loop.label(project, ben)
    assert state(item) == Item.State.ASIDE
    settings.change_settings(project, overlap=1)
    assert state(item) == Item.State.LABELLED
    assert summary.progress(project)["labelled"] == 1


def test_audit_that_is_set_aside_is_passed_over_and_counted(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    settings.change_settings(project, audit_share=0.5)
    filled(project, 60)
    lease = leasing.lease_next(project, ana)
    while lease.source != Source.AUDIT:
        loop.answer(lease)
        lease = leasing.lease_next(project, ana)
    releasing.skip(lease)
    other = leasing.lease_next(project, ben)
    assert other.item == lease.item
    releasing.skip(other)
    assert state(lease.item) == Item.State.ASIDE
    loop.label(project, ana, 20)
    counts = audit_counts.count_audits(project)
    assert (counts["audits_skipped"], counts["audited"] > 3) == (1, True)


def test_note_goes_with_the_reason_of_a_skip() -> None:
    for reason, note, told in (
        ("", "", ("", "")),
        ("unclear", "", ("unclear", "")),
        ("unclear", " two topics: a, b ", ("unclear", "two topics: a, b")),
        ("", "two topics", ("other", "two topics")),
        # Typed by another client.
        ("see: below", "", ("", "see: below")),
    ):
        assert skipped_items.split(skipped_items.joined(reason, note)) == told
    long = skipped_items.joined("", "n" * 2000)
    assert (len(long), long[-1]) == (500, "…")
