"""Leases of two annotators, for items that need one or three annotations."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotator.errors import Conflict, NotFound
from annotator.flow.progress import audit_counts, stopping, summary
from annotator.flow.queue import current_leases, leasing, refill, releasing
from annotator.messages import labelling
from annotator.models import Annotation, Item, Lease, Project, QueueEntry, Source, User
from tests import loop
from tests.given import Fill, Learn, RunRound

pytestmark = pytest.mark.django_db


@pytest.fixture
def wanted(project: Project) -> Any:
    """Return a function that sets how many opinions an item needs."""

    def set_to(overlap: Any) -> None:
        project.overlap = overlap
        project.save()

    return set_to


def later(time_machine: Any, seconds: Any) -> None:
    time_machine.shift(timedelta(seconds=seconds))


@pytest.fixture(autouse=True)
def _standing_clock(time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)


# Taking ------------------------------------------------------------------------------------------


def test_two_people_never_hold_the_same_item(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 10)
    held = [
        leasing.lease_next(project, person, holding)
        for person in (ana, ben)
        for holding in _ahead(project, person, 5)
    ]
    assert len({lease.item_id for lease in held}) == 10
    assert leasing.lease_next(project, ben, [str(lease.pk) for lease in held[5:9]]) == held[9]


def _ahead(project: Project, person: Any, number: Any) -> Iterator[Any]:
    """Yield what the page holds already, before each further item it fetches."""
    for _ in range(number):
        live = Lease.objects.filter(project=project, user=person, ended_at=None)
        yield [str(pk) for pk in live.values_list("pk", flat=True)]


def test_reload_shows_the_same_item_again(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 3)
    assert leasing.lease_next(project, ana) == leasing.lease_next(project, ana)
    assert Lease.objects.count() == 1


def test_item_that_was_held_first_is_shown_first(
    project: Project, filled: Fill, time_machine: Any, ana: User
) -> None:
    filled(project, 3)
    first = leasing.lease_next(project, ana)
    later(time_machine, 1)
    second = leasing.lease_next(project, ana, [str(first.pk)])
    assert second.item != first.item
    assert leasing.lease_next(project, ana) == first
    assert leasing.lease_next(project, ana, [str(first.pk)]) == second


def test_nobody_can_hoard_items(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 10)
    held = []
    for _ in range(leasing.MOST_LEASES):
        held.append(str(leasing.lease_next(project, ana, held).pk))
    with pytest.raises(Conflict) as caught:
        leasing.lease_next(project, ana, held)
    assert caught.value.code == "too_many_leases"


@pytest.mark.parametrize("overlap", [1, 3])
def test_item_is_held_by_as_many_people_as_it_needs(
    project: Project,
    filled: Fill,
    wanted: Any,
    overlap: int,
    ana: User,
    ben: User,
    lea: User,
    olga: User,
) -> None:
    wanted(overlap)
    filled(project, 1)
    held = [leasing.lease_next(project, person) for person in (ana, ben, lea, olga)]
    assert [lease is not None for lease in held] == [True] * overlap + [False] * (4 - overlap)


@pytest.mark.parametrize("overlap", [1, 3])
def test_item_is_labelled_by_as_many_people_as_it_needs_and_once_by_each(
    project: Project,
    filled: Fill,
    wanted: Any,
    overlap: int,
    ana: User,
    ben: User,
    lea: User,
    olga: User,
) -> None:
    wanted(overlap)
    (item,) = filled(project, 1)
    for person in (ana, ana, ben, ana, lea, ben, olga):
        lease = leasing.lease_next(project, person)
        if lease is not None:
            loop.answer(lease)
    people = list(Annotation.objects.values_list("user__username", flat=True).order_by("pk"))
    assert people == ["ana", "ben", "lea"][:overlap]
    item.refresh_from_db()
    assert (item.state, item.answers) == (Item.State.LABELLED, overlap)


def test_two_people_get_the_best_items_in_turn(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    project.audit_share = 0
    project.save()
    filled(project, 6)
    leasing.lease_next(project, ana)
    ranked = list(QueueEntry.objects.order_by("rank", "id").values_list("item_id", flat=True))
    assert loop.answer(leasing.lease_next(project, ana)).item_id == ranked[0]
    got = []
    for person in (ana, ben, ben, ana, ben):
        lease = leasing.lease_next(project, person)
        got.append(lease.item_id)
        loop.answer(lease)
    assert got == ranked[1:]


def test_lease_of_somebody_else_or_elsewhere_is_not_there(
    project: Project, image_project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 2)
    lease = leasing.lease_next(project, ana)
    assert current_leases.get_lease(project, ana, str(lease.pk)) == lease
    for where, who, key in (
        (project, ben, lease.pk),
        (image_project, ana, lease.pk),
        (project, ana, uuid.uuid4()),
        (project, ana, "no uuid"),
        (project, ana, "\x00"),
    ):
        with pytest.raises(NotFound):
            current_leases.get_lease(where, who, str(key))


# Time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overlap", [1, 3])
def test_expired_lease_goes_back_to_the_queue(
    project: Project,
    filled: Fill,
    wanted: Any,
    time_machine: Any,
    ana: User,
    ben: User,
    overlap: int,
) -> None:
    wanted(overlap)
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    later(time_machine, project.lease_seconds - 1)
    assert releasing.release_expired() == 0
    later(time_machine, 1)
    assert releasing.release_expired() == 1
    assert loop.refreshed(lease).outcome == Lease.Outcome.EXPIRED
    assert leasing.lease_next(project, ben).item == lease.item


def test_expired_lease_is_given_on_without_waiting_for_a_worker(
    project: Project, filled: Fill, time_machine: Any, ana: User, ben: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    assert leasing.lease_next(project, ben) is None
    later(time_machine, project.lease_seconds)
    assert leasing.lease_next(project, ben).item == lease.item


def test_person_may_get_again_what_ran_out(
    project: Project, filled: Fill, time_machine: Any, ana: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    later(time_machine, project.lease_seconds)
    again = leasing.lease_next(project, ana)
    assert again.item == lease.item
    assert again != lease


def test_extended_lease_runs_anew(
    project: Project, filled: Fill, time_machine: Any, ana: User, ben: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    later(time_machine, project.lease_seconds - 1)
    releasing.extend(lease)
    later(time_machine, project.lease_seconds - 1)
    assert leasing.lease_next(project, ben) is None
    assert leasing.lease_next(project, ana) == lease


def test_lease_that_ran_out_can_be_extended_until_the_item_is_taken(
    project: Project, filled: Fill, time_machine: Any, ana: User, ben: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    later(time_machine, project.lease_seconds + 1)
    assert releasing.extend(lease).expires_at > timezone.now()
    later(time_machine, project.lease_seconds + 1)
    leasing.lease_next(project, ben)
    with pytest.raises(Conflict) as caught:
        releasing.extend(current_leases.get_lease(project, ana, lease.pk))
    assert caught.value.code == "lease_lost"


def test_sweep_asks_again_before_it_takes_an_item_away(
    project: Project, filled: Fill, time_machine: Any, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    later(time_machine, project.lease_seconds)
    atomic = leasing.transaction.atomic

    # The sweep has seen the lease run out; before it acts, the page extends it.
    def extended_first(*args: Any, **options: Any) -> Any:
        releasing.extend.__wrapped__(lease)
        return atomic(*args, **options)

    monkeypatch.setattr(leasing.transaction, "atomic", extended_first)
    assert releasing.release_expired() == 0
    assert loop.refreshed(lease).ended_at is None


# Giving back -------------------------------------------------------------------------------------


@pytest.mark.parametrize("overlap", [1, 3])
def test_skipped_item_goes_to_somebody_else_and_never_back(
    project: Project, filled: Fill, wanted: Any, ana: User, ben: User, overlap: int
) -> None:
    wanted(overlap)
    filled(project, 5)
    lease = leasing.lease_next(project, ana)
    releasing.skip(lease, "too hard")
    assert leasing.lease_next(project, ben).item == lease.item
    assert lease.item not in [given.item for given in loop.label(project, ana, 10)]
    assert loop.refreshed(lease).reason == "too hard"
    assert loop.refreshed(lease.item).skips == 1
    assert summary.progress(project)["skipped"] == 1


def test_item_that_one_skipped_leaves_nothing_for_them(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 1)
    releasing.skip(leasing.lease_next(project, ana))
    assert leasing.lease_next(project, ana) is None
    assert "No items are left for you" in labelling.why_empty(project, stopping.find_pause(project))
    assert leasing.lease_next(project, ben) is not None


def test_second_skip_of_a_lease_changes_nothing(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    releasing.skip(lease)
    taken = leasing.lease_next(project, ben)
    releasing.skip(lease)
    releasing.release(lease)
    assert leasing.lease_next(project, ben) == taken
    assert loop.refreshed(lease.item).skips == 1


def test_released_item_may_come_again(project: Project, filled: Fill, ana: User, ben: User) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    releasing.release(lease)
    assert leasing.lease_next(project, ana).item == lease.item
    releasing.release(leasing.lease_next(project, ana))
    assert leasing.lease_next(project, ben).item == lease.item


# Never dry ---------------------------------------------------------------------------------------


def test_queue_is_topped_up_with_random_items_before_there_is_any_model(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 60)
    given = loop.label(project, ana, 60)
    assert len({annotation.item_id for annotation in given}) == 60
    assert {annotation.source for annotation in given} == {Source.RANDOM, Source.AUDIT}
    assert leasing.lease_next(project, ana) is None
    assert (
        labelling.why_empty(project, stopping.find_pause(project))
        == "Every item is labelled. Thank you!"
    )


def test_former_ranking_is_served_while_a_round_runs(
    project: Project, filled: Fill, learnt: Learn, run_round: RunRound, ana: User
) -> None:
    filled(project, 40)
    learnt(project)
    first = run_round(project)
    turn = loop.start(project)
    loop.go_stage(turn, "train")
    given = loop.label(project, ana, 5)
    ordinary = [a for a in given if a.source != Source.AUDIT]
    assert {annotation.round_id for annotation in ordinary} == {first.pk}


def test_new_items_are_served_though_a_round_is_under_way(
    project: Project, filled: Fill, learnt: Learn, ana: User
) -> None:
    filled(project, 4)
    learnt(project)
    loop.start(project)
    assert len(loop.label(project, ana, 10)) == 4
    filled(project, 4, start=100)
    assert len(loop.label(project, ana, 10)) == 4


def exhaust(project: Project, people: Any, run_round: Any, every: Any) -> Any:
    """Label in turns, with a round now and then, until nobody gets anything more."""
    given, idle = [], 0
    while idle < len(people):
        for person in people:
            more = loop.label(project, person, 1)
            idle = 0 if more else idle + 1
            given += more
            if more and len(given) % every == 0:
                run_round(project)
    return given


@pytest.mark.parametrize(
    ("people", "overlap"), [(["ana"], 1), (["ana", "ben"], 1), (["ana", "ben"], 2)]
)
def test_every_item_gets_its_labels_in_the_end(
    request: pytest.FixtureRequest,
    project: Project,
    filled: Fill,
    learnt: Learn,
    run_round: RunRound,
    wanted: Any,
    people: Any,
    overlap: int,
) -> None:
    wanted(overlap)
    filled(project, 60)
    learnt(project)
    given = exhaust(
        project, [request.getfixturevalue(name) for name in people], run_round, every=15
    )
    assert len(given) == 60 * overlap
    assert len({(a.item_id, a.user_id) for a in given}) == 60 * overlap
    assert set(Item.objects.values_list("state", "answers")) == {(Item.State.LABELLED, overlap)}
    progress = summary.progress(project)
    assert (progress["labelled"], progress["answers"]) == (60, 60 * overlap)
    assert (progress["queued"], progress["leased"]) == (0, 0)


def test_more_opinions_wanted_later_are_asked_for(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    from annotator.flow.projects import settings

    filled(project, 12)
    leasing.lease_next(project, ben)
    loop.label(project, ana, 4)
    settings.change_settings(project, overlap=2)
    for _ in range(2):
        for person in (ana, ben):
            loop.label(project, person, 20)
    states = Item.objects.values_list("answers", "state").order_by("answers")
    assert list(states) == [(1, Item.State.LABELLED)] * 4 + [(2, Item.State.LABELLED)] * 8


def test_audits_queued_before_more_opinions_were_wanted_get_them_with_the_next(
    project: Project, filled: Fill, ana: User, ben: User, run_round: RunRound
) -> None:
    from annotator.flow.projects import settings

    settings.change_settings(project, audit_share=0.25, batch_size=5)
    filled(project, 120)
    loop.make_features(project)
    leasing.lease_next(project, ana)
    settings.change_settings(project, overlap=2)
    for _ in range(3):
        for person in (ana, ben):
            loop.label(project, person, 8)
        run_round(project)
    # The queue never ran empty, which would serve them in the end.
    assert Item.objects.filter(state=Item.State.POOL).exists()
    assert audit_counts.count_audits(project)["audited"] >= 4


def test_fewer_opinions_wanted_later_are_no_longer_asked_for(
    project: Project, filled: Fill, wanted: Any, ana: User, ben: User, lea: User
) -> None:
    from annotator.flow.projects import settings

    wanted(3)
    filled(project, 6)
    loop.label(project, ana, 3)
    settings.change_settings(project, overlap=1)
    given = [*loop.label(project, ben, 10), *loop.label(project, lea, 10)]
    assert len(given) == 3
    assert set(Item.objects.values_list("state", "answers")) == {(Item.State.LABELLED, 1)}
    assert summary.progress(project)["labelled"] == 6
    assert (
        labelling.why_empty(project, stopping.find_pause(project))
        == "Every item is labelled. Thank you!"
    )


def test_opinion_that_is_missing_from_the_queue_is_put_back(
    project: Project, filled: Fill, wanted: Any, ana: User, ben: User
) -> None:
    wanted(2)
    filled(project, 1)
    loop.label(project, ana)
    QueueEntry.objects.filter(state=QueueEntry.State.OPEN).delete()
    assert len(loop.label(project, ben)) == 1


def test_topping_up_twice_at_once_adds_nothing(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 5)
    refill.top_up(project, ana)
    before = list(QueueEntry.objects.values_list("item_id", "slot").order_by("pk"))
    Item.objects.update(state=Item.State.POOL)
    refill.top_up(project, ana)
    assert list(QueueEntry.objects.values_list("item_id", "slot").order_by("pk")) == before
