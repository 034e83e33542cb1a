"""Only their annotators get assigned items, and get them first, until the assignment ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotator.errors import Invalid
from annotator.flow.annotation import revise
from annotator.flow.items import bulk
from annotator.flow.people import deactivation
from annotator.flow.progress import summary
from annotator.flow.projects import members
from annotator.flow.projects import settings as project_settings
from annotator.flow.queue import leasing, refill, releasing
from annotator.flow.queue.assigned import assigning, ending
from annotator.models import (
    Assignment,
    BulkEdit,
    Item,
    Lease,
    Project,
    QueueEntry,
    Source,
    User,
)
from annotator.pool import audit_set
from tests import loop

pytestmark = pytest.mark.django_db


def assign(project: Project, lead: User, items: list[Item], *people: User, **more: Any) -> BulkEdit:
    work = bulk.start(
        project,
        lead,
        BulkEdit.Action.ASSIGN,
        items=[item.pk for item in items],
        people=[each.username for each in people],
        **more,
    )
    bulk.finish_quickly(work)
    work.refresh_from_db()
    return work


def taken(project: Project, user: User, number: int) -> list[int]:
    """Label what comes next, and return the positions."""
    found = []
    for _ in range(number):
        lease = leasing.lease_next(project, user)
        if lease is None:
            break
        found.append(lease.item.position)
        loop.answer(lease)
    return found


def the_only(project: Project) -> Assignment:
    found = Assignment.objects.get(project=project)
    found.project = project
    return found


def test_assigned_items_come_first_and_to_nobody_else(
    project: Project, lea: User, ana: User, ben: User, filled: Any
) -> None:
    items = filled(project, 30)
    loop.label(project, ben, 2)
    waiting = [each for each in items if not each.entries.filter(state=2).exists()]
    work = assign(project, lea, waiting[-5:], ana)
    assert work.changed == 5
    mine = {each.position for each in waiting[-5:]}
    assert not mine & set(taken(project, ben, 23))
    assert set(taken(project, ana, 5)) == mine


def test_others_are_told_that_the_rest_is_assigned(
    project: Project, lea: User, ana: User, ben: User, filled: Any
) -> None:
    items = filled(project, 4)
    assign(project, lea, items, ana)
    assert leasing.lease_next(project, ben) is None
    assert summary.why_empty(project) == "assigned"
    assert leasing.lease_next(project, ana) is not None


def test_refill_leaves_assigned_items_where_they_are(
    project: Project, lea: User, ana: User, ben: User, filled: Any
) -> None:
    items = filled(project, 40)
    loop.make_features(project)
    loop.label(project, ben, 4)
    free = list(Item.objects.filter(project=project, state=Item.State.POOL)[:6])
    assign(project, lea, free, ana)
    loop.go_round(project)
    assert the_only(project).entries.filter(state=QueueEntry.State.OPEN).count() == 6
    assert len(items) == 40
    assert set(taken(project, ana, 6)) == {each.position for each in free}


def test_items_of_the_audit_reserve_come_blind_and_others_do_too(
    project: Project, lea: User, ana: User, filled: Any
) -> None:
    project_settings.change_settings(project, audit_share=0.3)
    items = filled(project, 100)
    for start in (0, 50):
        assign(project, lea, items[start : start + 50], ana)
    bound = audit_set.audit_threshold(project)
    entries = QueueEntry.objects.filter(project=project, assignment__isnull=False)
    assert not entries.filter(item__audit_key__lt=bound, blind=False).exists()
    decoys = entries.filter(item__audit_key__gte=bound, blind=True).count()
    reserved = entries.filter(item__audit_key__lt=bound).count()
    assert 0.5 * reserved < decoys < 2 * reserved
    assert set(entries.values_list("source", flat=True)) == {Source.ASSIGNED}


def test_revoked_items_go_back_to_everybody(
    project: Project, lea: User, ana: User, ben: User, filled: Any
) -> None:
    items = filled(project, 4)
    assign(project, lea, items, ana)
    held = leasing.lease_next(project, ana)
    assert held is not None
    assert ending.end(the_only(project))
    assert not project.has_assignments
    assert len(taken(project, ben, 9)) == 3
    # Ana keeps the items that she holds.
    loop.answer(held)
    assert Item.objects.filter(project=project, state=Item.State.LABELLED).count() == 4


def test_assignment_ends_at_its_time_or_when_done(
    project: Project, lea: User, ana: User, ben: User, filled: Any, monkeypatch: Any
) -> None:
    items = filled(project, 6)
    assign(project, lea, items[:3], ana)
    assign(project, lea, items[3:], ana, until=timezone.now() + timedelta(hours=1))
    assert ending.end_due() == 0
    taken(project, ana, 3)
    assert ending.end_due() == 1
    Assignment.objects.filter(ended_at=None).update(until=timezone.now() - timedelta(seconds=1))
    assert len(taken(project, ben, 9)) == 3
    assert not Project.objects.get(pk=project.pk).has_assignments


def test_skipped_item_goes_to_others_unless_one_of_the_group_is_left(
    project: Project, lea: User, ana: User, ben: User, zed: User, filled: Any
) -> None:
    (item,) = filled(project, 1)
    members.add_member(project, "zed")
    assign(project, lea, [item], ana, ben)
    first = leasing.lease_next(project, ana)
    assert first is not None
    releasing.skip(first)
    assert leasing.lease_next(project, zed) is None
    second = leasing.lease_next(project, ben)
    assert second is not None
    releasing.skip(second)
    assert leasing.lease_next(project, zed) is not None


def test_missing_annotations_go_to_others_after_the_assigned_person(
    project: Project, lea: User, ana: User, ben: User, filled: Any
) -> None:
    project_settings.change_settings(project, overlap=2)
    items = filled(project, 3)
    assign(project, lea, items, ana)
    assert leasing.lease_next(project, ben) is None
    first = taken(project, ana, 1)
    assert taken(project, ben, 5) == first


def test_share_divides_the_queue(
    project: Project, lea: User, ana: User, ben: User, filled: Any
) -> None:
    filled(project, 200)
    assigning.begin(project, lea, ["ana"], share=0.4)
    refill.top_up(project, ben)
    own = QueueEntry.objects.filter(project=project, assignment__isnull=False)
    whole = QueueEntry.objects.filter(project=project).count()
    assert 0.15 * whole < own.count() < 0.65 * whole
    items = set(own.values_list("item", flat=True))
    lease = leasing.lease_next(project, ana)
    assert lease is not None
    assert lease.item_id in items
    positions = set(taken(project, ben, whole))
    theirs = Item.objects.filter(pk__in=items).values_list("position", flat=True)
    assert not positions & set(theirs)


def test_share_of_the_whole_queue_leaves_the_pool_alone(
    project: Project, lea: User, ana: User, ben: User, filled: Any
) -> None:
    filled(project, 60)
    assigning.begin(project, lea, ["ana"], share=1.0)
    for _ in range(3):
        assert leasing.lease_next(project, ben) is None
    assert not QueueEntry.objects.filter(project=project).exists()
    assert leasing.lease_next(project, ana) is not None


def test_missing_annotations_do_not_fall_to_a_share(
    project: Project, lea: User, ana: User, ben: User, filled: Any
) -> None:
    project_settings.change_settings(project, overlap=2)
    filled(project, 4)
    loop.label(project, ana, 4)
    QueueEntry.objects.filter(project=project, state=QueueEntry.State.OPEN).delete()
    assigning.begin(project, lea, ["ana"], share=1.0 - 1e-6)
    assert len(taken(project, ben, 9)) == 4


def test_undone_label_of_an_ended_assignment_goes_to_everybody(
    project: Project, lea: User, ana: User, ben: User, filled: Any
) -> None:
    items = filled(project, 1)
    assign(project, lea, items, ana)
    (given,) = loop.label(project, ana, 1)
    ending.end(the_only(project))
    revise.withdraw(given, lea)
    assert leasing.lease_next(project, ben) is not None


def test_share_takes_its_part_of_what_is_queued_already(
    project: Project, lea: User, ana: User, ben: User, filled: Any
) -> None:
    filled(project, 60)
    refill.top_up(project, ben)
    assigning.begin(project, lea, ["ana"], share=1.0)
    waiting = QueueEntry.objects.filter(project=project, state=QueueEntry.State.OPEN)
    assert waiting.exists()
    assert not waiting.filter(assignment=None).exists()
    ending.end(the_only(project))
    assert not waiting.exclude(assignment=None).exists()


@pytest.mark.parametrize(
    ("people", "more", "field"),
    [
        (["zed"], {}, "people"),
        ([], {}, "people"),
        (["ana"], {"share": 1.5}, "share"),
        (["ana"], {"share": 0.0}, "share"),
        (["ana"], {"until": timezone.now() - timedelta(days=1)}, "until"),
    ],
)
def test_what_makes_no_sense_is_refused(
    project: Project, lea: User, zed: User, people: list[str], more: Any, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        assigning.begin(project, lea, people, **more)
    assert refused.value.errors[0]["field"] == field


def test_shares_are_the_whole_at_most(project: Project, lea: User, ana: User, ben: User) -> None:
    assigning.begin(project, lea, ["ana"], share=0.7)
    with pytest.raises(Invalid):
        assigning.begin(project, lea, ["ben"], share=0.4)
    assigning.begin(project, lea, ["ben"], share=0.3)


def test_undo_takes_the_items_out_again(
    project: Project, lea: User, ana: User, ben: User, filled: Any
) -> None:
    items = filled(project, 5)
    work = assign(project, lea, items, ana)
    taken(project, ana, 1)
    work = bulk.request_undo(work, lea)
    bulk.finish_quickly(work)
    work.refresh_from_db()
    assert (work.undone, work.kept) == (4, 1)
    assert len(taken(project, ben, 9)) == 4


@pytest.mark.parametrize("way", [members.remove_member, None])
def test_person_who_leaves_leaves_the_assignment(
    project: Project, lea: User, ana: User, ben: User, filled: Any, way: Any
) -> None:
    items = filled(project, 3)
    assign(project, lea, items, ana)
    if way is None:
        deactivation.deactivate(ana)
    else:
        members.remove_member(project, ana)
    project.refresh_from_db()
    assert len(taken(project, ben, 9)) == 3


def test_idle_items_of_an_assignment_are_not_reassigned(
    project: Project, lea: User, ana: User, ben: User, filled: Any
) -> None:
    items = filled(project, 2)
    assign(project, lea, items, ana)
    lease = leasing.lease_next(project, ana)
    assert lease is not None
    long_ago = timezone.now() - timedelta(hours=1)
    Lease.objects.filter(pk=lease.pk).update(page="tab/1", created_at=long_ago)
    assert leasing.lease_next(project, ben) is None
    assert Lease.objects.get(pk=lease.pk).ended_at is None


def queries_of_next(project: Project, user: User) -> int:
    with CaptureQueriesContext(connection) as seen:
        lease = leasing.lease_next(project, user)
    assert lease is not None
    loop.answer(lease)
    return len(seen)


def test_claim_costs_nothing_without_and_one_statement_with_assignments(
    project: Project, lea: User, ana: User, ben: User, filled: Any
) -> None:
    items = filled(project, 60)
    refill.top_up(project, ben)
    queries_of_next(project, ben)
    plain = queries_of_next(project, ben)
    assign(project, lea, items[-5:], ana)
    assert [queries_of_next(project, each) for each in (ben, ana)] == [plain + 1, plain + 1]
    ending.end(the_only(project))
    assert queries_of_next(project, ben) == plain
