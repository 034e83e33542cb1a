"""Bulk edits do one action on many items, and are undone as a whole."""

from typing import Any

import pytest

from annotator.errors import Conflict, Invalid
from annotator.flow.annotation import send_back
from annotator.flow.items import bulk
from annotator.flow.operations import verify_counts
from annotator.flow.projects import members, settings
from annotator.flow.queue import leasing, releasing
from annotator.models import (
    Annotation,
    BulkEdit,
    Item,
    Lease,
    Project,
    QueueEntry,
    SentBack,
    User,
)
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def labelled(project: Project, filled: Fill, ana: User) -> Any:
    """Six of twelve items labelled by Ana, in turns spam and ham."""
    filled(project, 12)
    for number in range(6):
        loop.answer(leasing.lease_next(project, ana), [("spam", "ham")[number % 2]])
    return project


def done(work: BulkEdit) -> BulkEdit:
    if work.state == BulkEdit.State.QUEUED:
        assert bulk.run(work.pk) is not None
    work.refresh_from_db()
    assert (work.state, work.error) == ("done", "")
    return work


def undone(work: BulkEdit, user: User) -> BulkEdit:
    return done(bulk.request_undo(work, user))


def standing(project: Project) -> list[tuple[int, list[str]]]:
    rows = Annotation.objects.filter(project=project, withdrawn_at=None).order_by("item_id", "pk")
    return [(each.item_id, [one.label.name for one in each.given.all()]) for each in rows]


def state(project: Project) -> Any:
    items = Item.objects.filter(project=project).order_by("pk")
    entries = QueueEntry.objects.filter(project=project).order_by("pk")
    return (
        standing(project),
        list(items.values_list("pk", "state", "answers")),
        list(entries.values_list("item", "state", "user", "asked", "barred")),
    )


def counts_are_right(project: Project) -> None:
    verify_counts.prove(project.pk)
    project.refresh_from_db()
    assert not project.recounted.get("differences"), project.recounted


def test_what_is_redone_goes_to_others_first(
    labelled: Project, lea: User, ana: User, ben: User
) -> None:
    work = done(
        bulk.start(
            labelled, lea, "redo", filter={"annotator": "ana", "label": "spam"}, comment="See 2."
        )
    )
    assert (work.total, work.changed) == (3, 3)
    assert [labels for _item, labels in standing(labelled)] == [["ham"]] * 3
    redone = set(SentBack.objects.values_list("item", flat=True))
    assert {each.comment for each in send_back.to_person(labelled, ana)} == {"See 2."}
    for _ in range(3):
        lease = leasing.lease_next(labelled, ben)
        assert lease is not None
        assert lease.item_id in redone
        loop.answer(lease, ["ham"])
    while (lease := leasing.lease_next(labelled, ana)) is not None:
        assert lease.item_id not in redone
        loop.answer(lease, ["ham"])
    counts_are_right(labelled)


def test_author_labels_again_what_comes_back_to_them(
    labelled: Project, lea: User, ana: User, ben: User
) -> None:
    (first,) = Annotation.objects.order_by("pk")[:1]
    done(bulk.start(labelled, lea, "redo", items=[first.item_id], by="ana"))
    assert SentBack.objects.get().asked == ana
    others = leasing.lease_next(labelled, ben)
    assert others is not None
    assert others.item_id != first.item_id
    lease = leasing.lease_next(labelled, ana)
    assert lease is not None
    assert lease.item_id == first.item_id
    loop.answer(lease, ["ham"])
    counts_are_right(labelled)


def test_who_was_asked_and_skips_leaves_it_to_others(
    labelled: Project, lea: User, ana: User, ben: User
) -> None:
    (first,) = Annotation.objects.order_by("pk")[:1]
    done(bulk.start(labelled, lea, "redo", items=[first.item_id], by="ben"))
    lease = leasing.lease_next(labelled, ben)
    assert lease is not None
    assert lease.item_id == first.item_id
    releasing.skip(lease, "unclear")
    assert QueueEntry.objects.get(item=first.item_id).asked is None


def test_member_who_leaves_is_no_longer_asked(labelled: Project, lea: User, ben: User) -> None:
    (first,) = Annotation.objects.order_by("pk")[:1]
    done(bulk.start(labelled, lea, "redo", items=[first.item_id], by="ben"))
    members.remove_member(labelled, ben)
    assert not QueueEntry.objects.exclude(asked=None).exists()


@pytest.mark.parametrize("overlap", [1, 2])
def test_undone_redo_is_as_if_it_had_never_been(
    project: Project, filled: Fill, lea: User, ana: User, ben: User, overlap: int
) -> None:
    settings.change_settings(project, overlap=overlap)
    filled(project, 6)
    for person in (ana, ben):
        for _ in range(3):
            loop.answer(leasing.lease_next(project, person), ["spam"])
    before = state(project)
    work = done(bulk.start(project, lea, "redo", items=[pk for pk, _s, _a in before[1]]))
    assert standing(project) == []
    work = undone(work, lea)
    assert (work.undone, work.kept) == (6, 0)
    assert state(project)[:2] == before[:2]
    counts_are_right(project)
    with pytest.raises(Conflict):
        bulk.request_undo(work, lea)


def test_item_that_was_labelled_since_keeps_its_new_label(
    labelled: Project, lea: User, ben: User
) -> None:
    work = done(bulk.start(labelled, lea, "redo", filter={"label": "spam"}))
    lease = leasing.lease_next(labelled, ben)
    loop.answer(lease, ["ham"])
    work = undone(work, lea)
    assert (work.undone, work.kept) == (2, 1)
    counts_are_right(labelled)


def test_redone_audits_stay_audits_and_blind(
    project: Project, filled: Fill, lea: User, ana: User
) -> None:
    filled(project, 12)
    loop.label(project, ana, 10)
    audits = Annotation.objects.filter(source="audit")
    assert audits.exists()
    done(bulk.start(project, lea, "redo", filter={"source": "audit"}))
    entries = QueueEntry.objects.filter(item__in=audits.values("item"))
    assert set(entries.values_list("source", "blind")) == {("audit", True)}


def test_label_answers_open_items_and_corrects_others(
    labelled: Project, lea: User, ana: User
) -> None:
    before = standing(labelled)
    keys = list(Item.objects.order_by("pk").values_list("pk", flat=True))
    work = done(bulk.start(labelled, lea, "label", items=keys, labels=["ham"]))
    assert (work.total, work.changed) == (12, 9)
    assert [labels for _item, labels in standing(labelled)] == [["ham"]] * 12
    assert Annotation.objects.filter(user=ana, corrected_by=lea).count() == 3
    work = undone(work, lea)
    assert (work.undone, work.kept) == (9, 0)
    assert standing(labelled) == before
    counts_are_right(labelled)


def test_skipped_items_are_asked_again_and_parked_again_by_undo(
    project: Project, filled: Fill, lea: User, ana: User, ben: User
) -> None:
    (item,) = filled(project, 1)
    for person in (ana, ben):
        releasing.skip(leasing.lease_next(project, person), "no idea")
    item.refresh_from_db()
    assert item.state == Item.State.ASIDE
    work = done(bulk.start(project, lea, "requeue", filter={"state": "aside"}))
    item.refresh_from_db()
    assert item.state == Item.State.POOL
    undone(work, lea)
    item.refresh_from_db()
    assert item.state == Item.State.ASIDE
    assert Lease.objects.filter(outcome="skipped").count() == 2


def test_deleted_items_are_gone_for_good(labelled: Project, lea: User) -> None:
    work = done(bulk.start(labelled, lea, "delete", filter={"label": "spam"}))
    assert work.changed == 3
    assert Item.objects.present(labelled).count() == 9
    assert not work.can_undo
    with pytest.raises(Conflict):
        bulk.request_undo(work, lea)


def test_interrupted_edit_goes_on_where_it_ended(
    labelled: Project, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    work = bulk.start(labelled, lea, "redo", filter={"annotator": "ana"})
    whole, calls = bulk._do, []

    def dies(*args: Any) -> bool:
        calls.append(args)
        if len(calls) == 4:
            raise RuntimeError("the worker dies")
        return whole(*args)

    monkeypatch.setattr(bulk, "_do", dies)
    assert bulk.run(work.pk) is None
    work.refresh_from_db()
    assert (work.done, work.changed, len(standing(labelled))) == (2, 2, 4)
    BulkEdit.objects.filter(pk=work.pk).update(retry_at=None)
    assert bulk.run(work.pk) is not None
    work.refresh_from_db()
    assert (work.done, work.changed, len(standing(labelled))) == (6, 6, 0)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"action": "odd", "items": [1]}, "choice"),
        ({"action": "redo"}, "bulk_which"),
        ({"action": "redo", "items": [10**9]}, "bulk_nothing"),
        ({"action": "redo", "filter": {}, "by": "zed"}, "by_unknown"),
        ({"action": "label", "filter": {}, "labels": ["odd"]}, "unknown_label"),
        ({"action": "redo", "filter": {"state": "odd"}}, "unknown_state"),
    ],
)
def test_wrong_edit_is_refused(
    labelled: Project, lea: User, zed: User, given: Any, code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        bulk.start(labelled, lea, **given)
    assert caught.value.code == code
    assert not BulkEdit.objects.exists()


# The author's side -------------------------------------------------------------------------------


def test_author_replies_and_a_lead_reads_it(labelled: Project, lea: User, ana: User) -> None:
    (first,) = Annotation.objects.order_by("pk")[:1]
    done(bulk.start(labelled, lea, "redo", items=[first.item_id], comment="Why?"))
    back = send_back.to_person(labelled, ana).get()
    assert not send_back.replied(labelled).exists()
    send_back.reply(labelled, ana, back.pk, "The guidelines say so.")
    assert [each.reply for each in send_back.replied(labelled)] == ["The guidelines say so."]
    send_back.close(labelled, back.pk)
    assert not send_back.replied(labelled).exists()
