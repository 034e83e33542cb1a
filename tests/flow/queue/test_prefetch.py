"""The items that a labelling window holds in advance."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotator.flow.queue import leasing, offline_buffer, prefetch, releasing
from annotator.models import Item, Lease, Project, QueueEntry, User
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db

ONE, OTHER = "tab-1/load-1", "tab-2/load-1"


def keys(leases: Any) -> Any:
    return [str(lease.pk) for lease in leases]


def hold(
    project: Project, user: User, page: Any = ONE, holding: Any = (), want: Any = 0, put_by: Any = 0
) -> Any:
    return prefetch.sync_window(project, user, page, holding=holding, want=want, put_by=put_by)


def test_window_gets_as_many_items_as_it_wants(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 30)
    held = hold(project, ana, want=3)
    assert len({lease.item_id for lease in held.next}) == 3
    assert all(lease.page == ONE for lease in held.next)
    assert (held.spares, held.lost) == ([], [])


def test_what_the_window_did_not_name_comes_again(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 30)
    first = hold(project, ana, want=3).next
    again = hold(project, ana, holding=keys(first[:1]), want=2)
    assert keys(again.next) == keys(first[1:])


def test_two_windows_of_one_person_share_no_item(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 60)
    one = hold(project, ana, ONE, want=3, put_by=2)
    other = hold(project, ana, OTHER, want=3, put_by=2)
    held = [each.item_id for each in [*one.next, *one.spares, *other.next, *other.spares]]
    assert len(set(held)) == len(held) == 10
    assert hold(project, ana, ONE, holding=keys(one.next + one.spares)).lost == []


def test_first_item_of_a_page_becomes_its_windows_own(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 30)
    shown = leasing.lease_next(project, ana)
    held = hold(project, ana, ONE, holding=[str(shown.pk)], want=1)
    assert held.lost == []
    assert Lease.objects.get(pk=shown.pk).page == ONE
    # The second window that showed it in the same moment has to show another.
    assert hold(project, ana, OTHER, holding=[str(shown.pk)], want=1).lost == [str(shown.pk)]


def test_what_is_held_runs_anew_before_half_of_its_time_is_over(
    project: Project, filled: Fill, time_machine: Any, ana: User, ben: User
) -> None:
    filled(project, 30)
    start = timezone.now()
    held = hold(project, ana, want=1).next
    for minutes in (6, 12, 18):
        time_machine.move_to(start + timedelta(minutes=minutes))
        assert hold(project, ana, holding=keys(held)).lost == []
    releasing.release_expired(project)
    assert leasing.lease_next(project, ben).item_id != held[0].item_id
    entry = QueueEntry.objects.get(item=held[0].item_id)
    assert entry.leased_until == Lease.objects.get(pk=held[0].pk).expires_at


def test_what_ran_out_is_named_as_lost(
    project: Project, filled: Fill, time_machine: Any, ana: User
) -> None:
    filled(project, 30)
    held = hold(project, ana, want=2).next
    time_machine.move_to(timezone.now() + timedelta(minutes=11))
    releasing.release_expired(project)
    assert hold(project, ana, holding=keys(held)).lost == sorted(keys(held))


def test_window_that_goes_gives_back_in_a_moment(
    project: Project, filled: Fill, time_machine: Any, ana: User, ben: User
) -> None:
    filled(project, 40)
    held = hold(project, ana, want=2, put_by=1)
    prefetch.leave(project, ana, ONE, keys(held.next + held.spares))
    assert Item.objects.get(pk=held.spares[0].item_id).state == Item.State.POOL
    time_machine.move_to(timezone.now() + timedelta(seconds=prefetch.GRACE_SECONDS + 1))
    releasing.release_expired(project)
    assert leasing.lease_next(project, ben).item_id == held.next[0].item_id


def test_window_that_comes_back_at_once_finds_what_it_held(
    project: Project, filled: Fill, time_machine: Any, ana: User
) -> None:
    filled(project, 40)
    held = hold(project, ana, want=2).next
    prefetch.leave(project, ana, ONE, keys(held))
    assert prefetch.resume_tab(project, ana, "tab-1") == held[0]
    again = hold(project, ana, holding=[str(held[0].pk)], want=1)
    time_machine.move_to(timezone.now() + timedelta(minutes=2))
    assert keys(again.next) == [str(held[1].pk)]
    assert hold(project, ana, holding=keys(held)).lost == []


def test_farewell_that_comes_late_takes_nothing_from_the_reloaded_page(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 30)
    held = hold(project, ana, "tab-1/load-1", want=2).next
    shown = prefetch.resume_tab(project, ana, "tab-1")
    assert shown == held[0]
    again = hold(project, ana, "tab-1/load-2", holding=[str(shown.pk)], want=1)
    assert keys(again.next) == [str(held[1].pk)]
    prefetch.leave(project, ana, "tab-1/load-1", keys(held))
    assert set(Lease.objects.values_list("page", flat=True)) == {"tab-1/load-2"}


def test_no_other_window_gets_what_a_tab_holds_that_is_being_reloaded(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 40)
    held = hold(project, ana, want=2).next
    of_tab = {lease.item_id for lease in held}
    # The page is requested before the old one releases its items, and that arrives before the new
    # page calls.
    for step in (
        lambda: prefetch.resume_tab(project, ana, "tab-1"),
        lambda: prefetch.leave(project, ana, ONE, keys(held)),
        lambda: prefetch.resume_tab(project, ana, "tab-1"),
    ):
        step()
        shown = leasing.lease_next(project, ana)
        theirs = hold(project, ana, OTHER, holding=[str(shown.pk)], want=2).next
        assert not {shown.item_id, *[lease.item_id for lease in theirs]} & of_tab
        assert shown.item_id not in of_tab
        loop.answer(shown)
    again = hold(project, ana, "tab-1/load-2", holding=[str(held[0].pk)], want=1)
    assert (keys(again.next), again.lost) == ([str(held[1].pk)], [])


def test_window_takes_no_item_from_a_program_of_the_same_person(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 40)
    of_program = leasing.lease_next(project, ana)
    held = hold(project, ana, want=3).next
    assert of_program not in held
    assert leasing.lease_next(project, ana) == of_program
    assert leasing.lease_next(project, ana, holding=[str(of_program.pk)]) not in held


def test_what_was_taken_without_a_page_comes_before_nothing_is_left(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 2)
    of_program = leasing.lease_next(project, ana)
    (other,) = hold(project, ana, want=3).next
    loop.answer(other)
    assert hold(project, ana, want=3).next == [of_program]
    assert Lease.objects.get(pk=of_program.pk).page == ONE


def test_nobody_gives_back_what_another_holds(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 30)
    held = hold(project, ana, want=1).next
    prefetch.leave(project, ben, ONE, keys(held))
    assert Lease.objects.get(pk=held[0].pk).expires_at == held[0].expires_at


# Spares ------------------------------------------------------------------------------------------


def test_spares_are_random_items_that_say_so(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 100)
    put_by = hold(project, ana, put_by=3).spares
    assert len(put_by) == 3
    answer = loop.answer(put_by[0])
    assert (answer.source, answer.strategy, answer.counted) == ("random", "spare", True)


def test_spares_are_never_audits_or_hidden_checks(
    project: Project, filled: Fill, ana: User
) -> None:
    from annotator.pool import audit_set

    items = filled(project, 300)
    Item.objects.filter(pk__in=[item.pk for item in items[::2]]).update(
        gold=loop.ids(project, "spam")
    )
    put_by = hold(project, ana, put_by=12).spares
    assert len(put_by) == 12
    for lease in put_by:
        assert lease.item.gold is None
        assert lease.item.audit_key >= audit_set.audit_threshold(project)


def test_small_project_is_not_emptied_by_what_is_put_by(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 50)
    assert len(hold(project, ana, put_by=40).spares) == 50 // offline_buffer.SHARE
    assert hold(project, ana, OTHER, put_by=40).spares != []


def test_what_others_put_by_is_asked_before_nothing_is_left(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 26)
    (spare,) = hold(project, ana, put_by=1).spares
    seen = set()
    while (lease := leasing.lease_next(project, ben)) is not None:
        seen.add(loop.answer(lease).item_id)
    assert spare.item_id in seen
    assert len(seen) == 26


def test_decision_on_a_spare_that_was_taken_back_is_kept(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 40)
    (spare,) = hold(project, ana, put_by=1).spares
    assert offline_buffer.reclaim_buffered(project, ben) == 1
    assert loop.answer(spare).counted
    assert Item.objects.get(pk=spare.item_id).state == Item.State.LABELLED


def test_spares_of_a_window_that_vanished_come_last(
    project: Project, filled: Fill, time_machine: Any, ana: User, ben: User
) -> None:
    filled(project, 60)
    (spare, *_more) = hold(project, ana, put_by=2).spares
    leasing.lease_next(project, ben)
    time_machine.move_to(timezone.now() + timedelta(minutes=11))
    releasing.release_expired(project)
    entry = QueueEntry.objects.get(item=spare.item_id)
    assert (entry.state, entry.rank) == (QueueEntry.State.OPEN, offline_buffer.LAST)
    assert QueueEntry.objects.filter(project=project, rank__lt=offline_buffer.LAST).exists()


def test_item_that_needs_two_opinions_leaves_a_place_beside_the_spare(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    project.overlap = 2
    project.save()
    filled(project, 30)
    (spare,) = hold(project, ana, put_by=1).spares
    assert QueueEntry.objects.filter(item=spare.item_id).count() == 2
    offline_buffer.return_to_pool([spare])
    assert not QueueEntry.objects.filter(item=spare.item_id).exists()


def test_paused_project_gives_nothing_more(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 30)
    project.auto_stop, project.budget = True, 1
    project.save()
    loop.label(project, ana, 1)
    assert hold(project, ana, want=2).next == []
