"""Decisions that a window sends late are settled one by one."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotator.flow.annotation import history, sync_decisions
from annotator.flow.projects import members, settings
from annotator.flow.queue import leasing, releasing
from annotator.messages import labelling
from annotator.models import Annotation, Item, Lease, Project, QueueEntry, User
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db

PAGE = "window-1"


def decision(kind: Any, **rest: Any) -> Any:
    return {"kind": kind, "client_id": str(uuid.uuid4()), **rest}


def settle(project: Project, user: User, kind: Any, **rest: Any) -> Any:
    return sync_decisions.apply_decision(project, user, PAGE, decision(kind, **rest))


def test_label_is_saved_with_its_remarks(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 10)
    lease = leasing.lease_next(project, ana)
    settled = settle(
        project, ana, "label", lease=str(lease.pk), labels=["spam"], note=" odd ", unsure=True
    )
    assert (settled.state, settled.annotation["labels"]) == (sync_decisions.SAVED, ["spam"])
    assert labelling.result_words(project, settled).startswith("Saved: spam.")
    saved = Annotation.objects.get()
    assert (saved.note, saved.unsure) == ("odd", True)


def test_label_that_is_sent_twice_is_one(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 10)
    lease = leasing.lease_next(project, ana)
    sent = decision("label", lease=str(lease.pk), labels=["spam"])
    first, second = (sync_decisions.apply_decision(project, ana, PAGE, sent) for _ in range(2))
    assert first == second
    assert Annotation.objects.count() == 1


def test_label_that_came_too_late_is_kept_and_done(
    project: Project, filled: Fill, time_machine: Any, ana: User, ben: User
) -> None:
    filled(project, 10)
    lease = leasing.lease_next(project, ana)
    time_machine.move_to(timezone.now() + timedelta(minutes=20))
    releasing.release_expired(project)
    loop.answer(leasing.lease_next(project, ben))
    settled = settle(project, ana, "label", lease=str(lease.pk), labels=["ham"])
    assert (settled.state, settled.code) == (sync_decisions.DONE, "lease_lost")
    assert settled.annotation["counted"] is False


def test_label_of_an_item_that_one_labelled_in_another_window_is_done(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 10)
    lease = leasing.lease_next(project, ana)
    loop.answer(lease, ["spam"])
    settled = settle(project, ana, "label", lease=str(lease.pk), labels=["ham"])
    assert (settled.state, settled.code) == (sync_decisions.DONE, "already_labelled")
    assert Annotation.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"labels": ["gone"]}, "unknown_label"),
        ({"labels": "spam"}, "label_type"),
        ({"labels": []}, "label_number"),
        ({"labels": ["spam"], "note": "x" * 2001}, "note_too_long"),
        ({"labels": ["spam"], "note": "a\x00b"}, "nul_byte"),
        ({"labels": ["spam"], "lease": str(uuid.uuid4())}, "unknown_lease"),
    ],
)
def test_what_cannot_be_stored_is_refused_in_words(
    project: Project, filled: Fill, ana: User, given: Any, code: str
) -> None:
    filled(project, 10)
    lease = leasing.lease_next(project, ana)
    settled = settle(project, ana, "label", **{"lease": str(lease.pk), **given})
    assert (settled.state, settled.code) == (sync_decisions.REFUSED, code)
    assert labelling.result_words(project, settled)
    assert not Annotation.objects.exists()


def test_skip_twice_counts_once(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 10)
    lease = leasing.lease_next(project, ana)
    sent = decision("skip", lease=str(lease.pk), reason="broken")
    for _ in range(2):
        assert sync_decisions.apply_decision(project, ana, PAGE, sent).state == sync_decisions.DONE
    assert Lease.objects.get(pk=lease.pk).reason == "broken"
    lease.item.refresh_from_db()
    assert lease.item.skips == 1


def test_correction_keeps_its_history_and_counts_once(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 10)
    annotation = loop.answer(leasing.lease_next(project, ana), ["spam"])
    sent = decision("correct", annotation=annotation.pk, labels=["ham"], note="misread")
    for _ in range(2):
        settled = sync_decisions.apply_decision(project, ana, PAGE, sent)
        assert settled.annotation["labels"] == ["ham"]
    (revision,) = annotation.revisions.all()
    assert (revision.labels, revision.note) == (loop.ids(project, "spam"), "")


def test_undone_item_comes_back_to_the_same_window(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 10)
    annotation = loop.answer(leasing.lease_next(project, ana), ["spam"])
    settled = settle(project, ana, "undo", annotation=annotation.pk)
    assert (settled.code, settled.lease.page) == ("undone", PAGE)
    assert settled.lease.item_id == annotation.item_id


def test_undo_without_a_number_takes_the_newest(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 10)
    loop.answer(leasing.lease_next(project, ana), ["spam"])
    newest = loop.answer(leasing.lease_next(project, ana), ["ham"])
    assert settle(project, ana, "undo").lease.item_id == newest.item_id
    assert settle(project, ana, "undo").lease is not None
    assert settle(project, ana, "undo").code == "nothing"


def skipped(project: Project, user: User) -> Any:
    """Skip the next item of the person and return its lease."""
    lease = leasing.lease_next(project, user)
    settle(project, user, "skip", lease=str(lease.pk))
    return lease


def undo_skip(lease: Any) -> Any:
    return settle(lease.project, lease.user, "undo", lease=str(lease.pk))


def test_undone_skip_leaves_nothing_behind_and_brings_the_item_back(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 10)
    lease = skipped(project, ana)
    settled = undo_skip(lease)
    assert (settled.code, settled.lease.item_id) == ("undone", lease.item_id)
    assert settled.lease.page == PAGE
    assert settled.lease.provenance() == lease.provenance()
    lease.refresh_from_db()
    assert (lease.outcome, lease.item.skips) == (Lease.Outcome.RELEASED, 0)
    assert history.counts(project, ana)["today"]["skips"] == 0
    assert loop.answer(settled.lease).counted
    assert loop.refreshed(lease.item).state == Item.State.LABELLED


def test_skip_can_be_undone_once_and_done_again(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 10)
    lease = skipped(project, ana)
    again = undo_skip(lease).lease
    assert (undo_skip(lease).code, undo_skip(lease).lease) == ("not_skipped", None)
    settle(project, ana, "skip", lease=str(again.pk))
    assert loop.refreshed(lease.item).skips == 1
    assert undo_skip(again).lease.item_id == lease.item_id


@pytest.mark.parametrize("is_labelled", [False, True])
def test_undone_skip_whose_item_others_took_says_so(
    project: Project, filled: Fill, ana: User, ben: User, is_labelled: bool
) -> None:
    filled(project, 1)
    lease = skipped(project, ana)
    taken = leasing.lease_next(project, ben)
    if is_labelled:
        loop.answer(taken)
    settled = undo_skip(lease)
    assert (settled.state, settled.lease) == (sync_decisions.DONE, None)
    assert "Other annotators have taken the item" in labelling.result_words(project, settled)
    assert loop.refreshed(lease.item).skips == 0
    releasing.release(taken)
    # They can lease it again like any other item.
    assert (leasing.lease_next(project, ana) is None) is is_labelled


def test_undone_skip_finds_a_second_place_where_two_opinions_are_wanted(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    settings.change_settings(project, overlap=2)
    filled(project, 1)
    lease = skipped(project, ana)
    leasing.lease_next(project, ben)
    assert undo_skip(lease).lease.item_id == lease.item_id
    entries = QueueEntry.objects.filter(item=lease.item_id, state=QueueEntry.State.LEASED)
    assert set(entries.values_list("user", flat=True)) == {ana.pk, ben.pk}


def test_undone_skip_of_what_a_refill_took_out_of_the_queue(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 10)
    lease = skipped(project, ana)
    QueueEntry.objects.filter(item=lease.item_id).delete()
    Item.objects.filter(pk=lease.item_id).update(state=Item.State.POOL)
    assert undo_skip(lease).lease is not None
    assert loop.refreshed(lease.item).state == Item.State.QUEUED
    assert QueueEntry.objects.get(item=lease.item_id).user == ana


def test_undo_without_a_name_takes_what_was_done_last(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 10)
    first = skipped(project, ana)
    answer = loop.answer(leasing.lease_next(project, ana))
    second = skipped(project, ana)
    undone = [settle(project, ana, "undo") for _ in range(4)]
    items = [each.lease.item_id for each in undone[:3]]
    assert items == [second.item_id, answer.item_id, first.item_id]
    assert undone[3].code == "nothing"


def test_nobody_settles_for_another(project: Project, filled: Fill, ana: User, ben: User) -> None:
    filled(project, 10)
    lease = leasing.lease_next(project, ana)
    annotation = loop.answer(leasing.lease_next(project, ana, [str(lease.pk)]), ["spam"])
    his = members.load_project(ben, project.pk)
    for kind, rest in (
        ("label", {"lease": str(lease.pk), "labels": ["ham"]}),
        ("skip", {"lease": str(lease.pk)}),
        ("correct", {"annotation": annotation.pk, "labels": ["ham"]}),
        ("undo", {"annotation": annotation.pk}),
        ("undo", {"lease": str(lease.pk)}),
    ):
        assert settle(his, ben, kind, **rest).state == sync_decisions.REFUSED
    assert not annotation.revisions.exists()


def test_saved_tells_what_the_item_was(project: Project) -> None:
    assert (
        labelling.saved_words(project, {"labels": ["spam"], "source": "active"}) == "Saved: spam."
    )
    assert "audit item" in labelling.saved_words(project, {"labels": ["spam"], "source": "audit"})
    assert "gold item" in labelling.saved_words(project, {"labels": ["a", "b"], "source": "gold"})
    assert labelling.saved_words(project, {"labels": [], "source": "active"}) == "Saved: no label."
