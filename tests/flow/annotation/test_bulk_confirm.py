"""A page of the bulk desk is saved or taken back, and what becomes of its labels."""

import uuid
from typing import Any

import pytest

from annotator.errors import Conflict, NotFound
from annotator.flow.annotation import bulk_confirm, bulk_pages, history, revise
from annotator.flow.annotation.payload import label_names
from annotator.flow.evaluation import audit_accuracy
from annotator.flow.features import encode
from annotator.flow.progress import audit_counts, summary
from annotator.flow.projects import label_set, settings
from annotator.flow.queue import leasing, payload, releasing, withdraw
from annotator.i18n import stored_texts
from annotator.models import (
    Annotation,
    AnnotationLabel,
    Item,
    Lease,
    Project,
    QueueEntry,
    Source,
    Tally,
    User,
)
from annotator.pool import audit_set, training_set
from tests import loop
from tests.flow.bulk_pages import confirm, keys, standing
from tests.given import RunRound

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("easily_sure")]


# Confirming --------------------------------------------------------------------------------------


def test_marked_are_saved_with_how_they_came_about(sure: Project, ben: User) -> None:
    page = bulk_pages.take(sure, ben, "spam")
    assert confirm(page, out=page[:1]) == bulk_confirm.Confirmed(saved=19, given_back=1, settled=0)
    saved = list(standing(ben))
    assert {each.item_id for each in saved} == {lease.item_id for lease in page[1:]}
    assert {tuple(label_names(each)) for each in saved} == {("spam",)}
    one = saved[0]
    assert (one.strategy, one.seconds, one.blind, one.counted) == ("bulk", 3.0, False, True)
    assert one.suggestion["labels"] == loop.ids(sure, "spam")
    assert one.score == one.suggestion["confidence"]
    assert Item.objects.filter(pk=one.item_id, state=Item.State.LABELLED, answers=1).exists()
    assert set(Lease.objects.filter(pk__in=keys(page)[1:]).values_list("outcome", flat=True)) == {
        "labelled"
    }


def test_the_same_page_again_changes_nothing(sure: Project, ben: User) -> None:
    page = bulk_pages.take(sure, ben, "spam")
    first = confirm(page, out=page[:2])
    rows = (Annotation, QueueEntry, Tally)
    before = [list(each.objects.order_by("pk").values()) for each in rows]
    assert confirm(page, out=page[:2]) == first
    assert [list(each.objects.order_by("pk").values()) for each in rows] == before


def test_page_that_is_sent_again_with_fewer_marks_has_fewer_labels(
    sure: Project, ben: User
) -> None:
    page = bulk_pages.take(sure, ben, "spam")
    confirm(page)
    assert confirm(page, out=page[:2]) == bulk_confirm.Confirmed(saved=18, given_back=2, settled=0)
    assert {each.item_id for each in standing(ben)} == {lease.item_id for lease in page[2:]}


def test_what_was_taken_out_is_asked_first_and_by_itself(
    sure: Project, ana: User, ben: User, run_round: RunRound
) -> None:
    page = bulk_pages.take(sure, ben, "spam")
    out = page[3]
    confirm(page, out=[out])
    run_round(sure)
    # The unmarked item survives the refill, and is on no page again.
    for label in ("spam", "ham"):
        assert out.item_id not in {lease.item_id for lease in bulk_pages.take(sure, ana, label)}
    lease = leasing.lease_next(sure, ana)
    assert (lease.item_id, lease.why) == (out.item_id, stored_texts.TAKEN_OUT_OF_PAGE)
    assert (lease.source, lease.strategy) == (Source.ACTIVE, "bulk")
    assert payload.lease_payload(lease)["suggestion"] is None
    releasing.release(lease)
    # A single annotator is asked, too.
    assert leasing.lease_next(sure, ben).item_id == out.item_id


def test_page_is_saved_whole_or_not_at_all(
    sure: Project, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = bulk_pages.take(sure, ben, "spam")

    def crash(lease: Any, reason: str = "") -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(releasing, "release", crash)
    with pytest.raises(RuntimeError):
        confirm(page, out=page[:1])
    assert not standing(ben).exists()
    monkeypatch.undo()
    assert confirm(page, out=page[:1]).saved == 19


def test_pages_are_their_holders(sure: Project, ana: User, ben: User, zed: User) -> None:
    page = bulk_pages.take(sure, ben, "spam")
    for person in (ana, zed):
        with pytest.raises(NotFound):
            bulk_confirm.confirm(sure, person, keys(page), keys(page))
    with pytest.raises(NotFound):
        bulk_confirm.confirm(sure, ben, [*keys(page), str(uuid.uuid4())], keys(page))
    with pytest.raises(NotFound):
        bulk_confirm.confirm(sure, ben, [], [])
    assert not standing(ben).exists()


def test_lease_of_the_desk_is_no_page(sure: Project, ben: User) -> None:
    lease = leasing.lease_next(sure, ben)
    with pytest.raises(NotFound):
        bulk_confirm.confirm(sure, ben, [str(lease.pk)], [str(lease.pk)])


def test_page_is_saved_under_the_label_that_was_renamed_meanwhile(sure: Project, ben: User) -> None:
    page = bulk_pages.take(sure, ben, "spam")
    spam, ham = sure.labels.all()
    # Another label has the name that the page shows.
    renamed = [{"id": spam.pk, "name": "junk"}, {"id": ham.pk, "name": "ham"}, "spam"]
    label_set.change_labels(sure, renamed)
    assert confirm(page).saved == 20
    assert {tuple(label_names(each)) for each in standing(ben)} == {("junk",)}


def test_label_that_was_removed_meanwhile_saves_nothing(sure: Project, ben: User) -> None:
    page = bulk_pages.take(sure, ben, "spam")
    (spam,) = loop.ids(sure, "spam")
    AnnotationLabel.objects.filter(label=spam).delete()
    label_set.change_labels(sure, [{"id": loop.ids(sure, "ham")[0], "name": "ham"}, "new"])
    with pytest.raises(Conflict) as refused:
        confirm(page)
    assert refused.value.code == "labels_changed"
    assert not standing(ben).exists()


def test_with_overlap_every_item_still_gets_its_opinions(
    sure: Project, ana: User, ben: User, lea: User, run_round: RunRound
) -> None:
    settings.change_settings(sure, overlap=2)
    run_round(sure)
    page = bulk_pages.take(sure, ben, "spam")
    items = {lease.item_id for lease in page}
    confirm(page)
    assert set(Item.objects.filter(pk__in=items).values_list("state", "answers")) == {
        (Item.State.QUEUED, 1)
    }
    # The same person is not asked for a second opinion, another one is, and nobody for a third.
    assert not items & {lease.item_id for lease in bulk_pages.take(sure, ben, "spam")}
    other = bulk_pages.take(sure, lea, "spam")
    assert {lease.item_id for lease in other} == items
    confirm(other)
    assert set(Item.objects.filter(pk__in=items).values_list("state", "answers")) == {
        (Item.State.LABELLED, 2)
    }
    assert not items & {lease.item_id for lease in bulk_pages.take(sure, ana, "spam")}


def test_second_opinion_comes_from_the_queue_after_the_refill(
    sure: Project, ana: User, ben: User, run_round: RunRound
) -> None:
    settings.change_settings(sure, overlap=2)
    run_round(sure)
    page = bulk_pages.take(sure, ben, "spam")
    confirm(page)
    run_round(sure)
    answers = loop.label(sure, ana, 20)
    assert {each.item_id for each in answers} == {lease.item_id for lease in page}
    assert {each.source for each in answers} == {Source.ACTIVE}


# Undoing -----------------------------------------------------------------------------------------


def test_undo_takes_the_whole_page_back_and_shows_it_again(sure: Project, ben: User) -> None:
    before = summary.progress(sure)
    page = bulk_pages.take(sure, ben, "spam")
    confirm(page, out=page[:1])
    confirm(bulk_pages.take(sure, ben, "ham"))
    assert {each.item_id for each in bulk_confirm.undo(sure, ben)}
    again = bulk_confirm.undo(sure, ben)
    assert {lease.item_id for lease in again} == {lease.item_id for lease in page[1:]}
    assert [bulk_confirm.label_of(again)] == loop.ids(sure, "spam")
    assert not standing(ben).exists()
    assert keys(bulk_pages.take(sure, ben, "spam")) == keys(again)
    after = summary.progress(sure)
    assert (after["labelled"], after["answers"]) == (before["labelled"], before["answers"])
    assert bulk_confirm.undo(sure, ben) == []
    # A save that arrives late does not reverse the undo.
    assert confirm(page, out=page[:1]).saved == 19
    assert not standing(ben).exists()


def test_undone_page_can_be_confirmed_and_undone_again(sure: Project, ben: User) -> None:
    confirm(bulk_pages.take(sure, ben, "spam"))
    assert confirm(bulk_confirm.undo(sure, ben)).saved == 20
    assert len(bulk_confirm.undo(sure, ben)) == 20


def test_undo_at_the_desk_asks_one_item_by_itself(sure: Project, ben: User) -> None:
    confirm(bulk_pages.take(sure, ben, "spam"))
    lease = revise.undo(history.last_action(sure, ben), ben)
    assert (lease.source, lease.strategy) == (Source.ACTIVE, "bulk")
    assert leasing.lease_next(sure, ben) == lease
    assert loop.answer(lease, ["ham"]).source == Source.ACTIVE
    assert standing(ben).count() == 19


# What the labels are for -------------------------------------------------------------------------


def test_labels_teach_the_model(sure: Project, ben: User, run_round: RunRound) -> None:
    confirm(bulk_pages.take(sure, ben, "spam"))
    assert run_round(sure).model.trained_on == 32


def test_labels_are_no_audits_and_leave_the_accuracy_alone(
    sure: Project, ana: User, ben: User, run_round: RunRound
) -> None:
    loop.label(sure, ana, 40)
    frontier, audits = audit_set.audit_frontier(sure), audit_counts.count_audits(sure)
    before = run_round(sure).model.accuracy["n"]
    for label in ("spam", "ham"):
        confirm(bulk_pages.take(sure, ben, label))
    assert standing(ben).count() > 30
    assert (audit_set.audit_frontier(sure), audit_counts.count_audits(sure)) == (frontier, audits)
    assert run_round(sure).model.accuracy["n"] == before == audits["audited"]


def test_share_that_is_raised_later_does_not_make_audits_of_them(
    sure: Project, ana: User, ben: User, run_round: RunRound
) -> None:
    for label in ("spam", "ham"):
        while page := bulk_pages.take(sure, ben, label):
            confirm(page)
    settings.change_settings(sure, audit_share=0.5)
    withdraw.withdraw_open(sure)
    loop.label(sure, ana, 200)
    reached = standing(ben).filter(item__audit_key__lte=audit_set.audit_frontier(sure))
    assert reached.exists()
    space, ids = encode.current_space(sure), [label.pk for label in sure.labels.all()]
    known = training_set.load_training_set(sure, space, ids)
    in_bulk = set(standing(ben).values_list("item__position", flat=True))
    assert not in_bulk & set(known.positions[known.audited].tolist())
    assert audit_counts.count_audits(sure)["audited"] == int(known.audited.sum())
    turn = run_round(sure)
    assert turn.model.accuracy["n"] == int(known.audited.sum()) >= audit_accuracy.FOLDS


def test_export_says_bulk(sure: Project, ben: User) -> None:
    confirm(bulk_pages.take(sure, ben, "spam"))
    records = [each for each in loop.exported(sure) if each["source"] == "bulk"]
    assert len(records) == 20
    one = records[0]
    assert (one["labels"], one["audit"], one["strategy"]) == (["spam"], False, "bulk")
    assert (one["model"], one["why"]) == (1, stored_texts.WHY_CONFIDENT)
    assert one["suggestion"]["labels"] == ["spam"]
