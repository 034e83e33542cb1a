"""The bulk desk: what is on a page, who gets it, and what becomes of what was said of it."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from annotator import artefacts, pool
from annotator.flow import (
    ahead,
    annotate,
    bulk,
    confirming,
    evaluation,
    export,
    featurise,
    monitor,
    own,
    queue,
    refill,
    setup,
    surest,
    tidying,
)
from annotator.flow.refusals import Conflict, NotThere
from annotator.models import Annotation, Item, Label, Lease, QueueEntry, Source, Tally, User
from tests import loop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _easily_sure(easily_sure):
    pass


def keys(page):
    return [str(lease.pk) for lease in page]


def confirm(page, out=()):
    """Confirm a page, but for what is `out`, and return what became of it."""
    marked = [key for key in keys(page) if key not in keys(out)]
    return confirming.confirm(page[0].project, page[0].user, keys(page), marked, 60.0)


def standing(user):
    return Annotation.objects.filter(user=user, source=Source.BULK, withdrawn_at=None)


# What is on a page -------------------------------------------------------------------------------


def test_page_has_the_surest_of_its_label_first(sure, ben):
    page = bulk.take(sure, ben, "spam")
    assert len(page) == 20
    scores = [lease.score for lease in page]
    assert scores == sorted(scores, reverse=True)
    assert {tuple(lease.suggestion["labels"]) for lease in page} == {("spam",)}
    lease = page[0]
    model = sure.models.first()
    assert (lease.source, lease.strategy, lease.blind) == (Source.BULK, "bulk", False)
    assert (lease.model, lease.round) == (model, sure.rounds.first())
    rest = Item.objects.filter(state=Item.State.POOL, audit_key__gte=pool.reserve(sure))
    position = rest.first().position
    assert position not in {each.item.position for each in page}


def test_audits_checks_and_decoys_are_never_on_a_page(sure, ben):
    setup.change_settings(sure, audit_share=0.5)
    checked = Item.objects.filter(state=Item.State.POOL, audit_key__gte=pool.reserve(sure)).first()
    Item.objects.filter(pk=checked.pk).update(gold=["spam"])
    hidden = set(QueueEntry.objects.filter(blind=True).values_list("item", flat=True))
    assert hidden
    seen = set()
    for label in ("spam", "ham"):
        while page := bulk.take(sure, ben, label):
            assert all(lease.item.audit_key >= pool.reserve(sure) for lease in page)
            seen |= {lease.item_id for lease in page}
            confirm(page)
    assert seen
    assert not seen & (hidden | {checked.pk})


def test_labelled_held_and_skipped_items_are_left_out(sure, ana, ben):
    first = {lease.item_id for lease in bulk.take(sure, ben, "spam")}
    queue.release_pages(sure, ben)
    labelled, held, skipped = sorted(first)[:3]
    wanted = Item.objects.filter(pk__in=[labelled, held, skipped])
    refill.append(sure, [(item, dict(refill.RANDOM)) for item in wanted.order_by("pk")])
    ranks = QueueEntry.objects.filter(item__in=wanted)
    ranks.update(rank=-5)
    loop.answer(queue.lease_next(sure, ana))
    assert queue.lease_next(sure, ana).item_id == held
    lease = queue.lease_next(sure, ben)
    assert lease.item_id == skipped
    queue.skip(lease)
    ranks.update(rank=0)
    page = {lease.item_id for lease in bulk.take(sure, ben, "spam")}
    assert len(page) == 20
    assert not page & {labelled, held, skipped}


def test_items_of_a_page_are_nobody_elses(sure, ana, ben):
    page = {lease.item_id for lease in bulk.take(sure, ben, "spam")}
    assert not page & {lease.item_id for lease in bulk.take(sure, ana, "spam")}
    asked = {annotation.item_id for annotation in loop.label(sure, ana, 200)}
    assert asked
    assert not asked & page


def test_picture_pages_are_larger(sure, ben):
    type(sure).objects.filter(pk=sure.pk).update(task="image")
    assert len(bulk.take(loop.refreshed(sure), ben, "spam")) == 24


def test_without_a_model_there_is_nothing(ready, run_round, ana):
    assert (bulk.choices(ready, ana), bulk.take(ready, ana, "spam")) == ([], [])
    assert run_round(ready).model is None
    assert (bulk.choices(ready, ana), bulk.take(ready, ana, "spam")) == ([], [])


def test_nobody_is_sure_of_what_lies_below_the_bar(sure, run_round, ben, ana, monkeypatch):
    monkeypatch.setattr(surest, "LEAST", 0.999)
    run_round(sure)
    assert (bulk.choices(sure, ben), bulk.take(sure, ben, "spam")) == ([], [])


def test_unknown_label_is_not_there(sure, ben):
    with pytest.raises(NotThere):
        bulk.take(sure, ben, "nonsense")


def test_with_several_labels_an_item_is_on_the_page_of_each(olga, filled, learnt, run_round):
    made = setup.create_project(
        olga, name="Tags", labels=["spam", "ham", "odd"], multi_label=True, features="text-quick"
    )
    filled(made, 60)
    learnt(made)
    for _ in range(12):
        lease = queue.lease_next(made, olga)
        loop.answer(lease, ["spam", "odd"] if loop.truth(lease.item) == ["spam"] else ["ham"])
    run_round(made)
    page = bulk.take(made, olga, "odd")
    assert {tuple(lease.suggestion["labels"]) for lease in page} >= {("spam", "odd")}
    both = [lease for lease in page if lease.suggestion["labels"] == ["spam", "odd"]]
    confirm(page)
    annotation = standing(olga).get(item=both[0].item)
    assert annotate.label_names(annotation) == ["spam", "odd"]


def test_surest_do_not_depend_on_the_shards(sure, monkeypatch, learnt, run_round):
    whole = surest.of_round(sure.rounds.first())
    monkeypatch.setattr(pool, "SHARD_ITEMS", 17)
    type(sure.spaces.first()).objects.update(state="failed")
    learnt(sure)
    assert featurise.current_space(sure).shards.count() > 5
    turn = loop.start(sure)
    for stage in ("train", "score", "select"):
        loop.go_stage(turn, stage, slice(None, None, -1))
    cut = surest.of_round(turn)
    assert {pk: each.count for pk, each in cut.items()} == {
        pk: each.count for pk, each in whole.items()
    }
    for pk, each in whole.items():
        assert {item.position for item in each.items} == {item.position for item in cut[pk].items}


# How many there are ------------------------------------------------------------------------------


def left(project, user):
    return {choice.label: choice.left for choice in bulk.choices(project, user)}


def test_what_is_left_falls_with_every_page(sure, ana, ben):
    before = left(sure, ben)
    assert set(before) == {"spam", "ham"}
    page = bulk.take(sure, ben, "spam")
    assert left(sure, ben) == before
    assert left(sure, ana)["spam"] == before["spam"] - 20
    confirm(page, out=page[:2])
    assert left(sure, ben) == {**before, "spam": before["spam"] - 20}


def test_what_is_left_is_what_pages_will_show(sure, ben):
    taken = dict.fromkeys(left(sure, ben), 0)
    expected = left(sure, ben)
    for label in taken:
        while page := bulk.take(sure, ben, label):
            taken[label] += len(page)
            confirm(page)
    assert taken == expected
    assert left(sure, ben) == {}


def test_label_that_is_gone_or_new_since_the_round_has_nothing(sure, ben):
    ham = Label.objects.get(name="ham")
    specs = [{"id": label.pk, "name": label.name} for label in sure.labels.all()]
    setup.change_labels(sure, [*specs, "new"])
    assert bulk.take(sure, ben, "new") == []
    assert "new" not in left(sure, ben)
    setup.change_labels(sure, [specs[0], {"id": ham.pk, "name": "junk"}])
    assert {tuple(lease.suggestion["labels"]) for lease in bulk.take(sure, ben, "junk")} == {
        ("junk",)
    }


def test_files_go_with_those_of_the_round(sure, run_round):
    first = artefacts.round_folder(sure.pk, sure.rounds.first().number)
    assert (first / "surest.json").exists()
    for _ in range(tidying.ROUNDS_KEPT):
        run_round(sure)
    tidying.tidy()
    assert not first.exists()
    assert surest.of_round(sure.rounds.last()) == {}


def test_77_labels_cost_the_web_four_queries(
    olga, run_round, django_assert_num_queries, filled, monkeypatch
):
    monkeypatch.setattr(surest, "LEAST", 0.0)
    names = [f"label {number}" for number in range(77)]
    made = setup.create_project(olga, name="Many", labels=names, features="text-quick")
    filled(made, 154)
    loop.make_features(made)
    for index in range(77):
        lease = queue.lease_next(made, olga)
        loop.answer(lease, [names[index]])
    run_round(made)
    with django_assert_num_queries(4):
        there = bulk.choices(made, olga)
    assert len(there) > 20


# Holding a page ----------------------------------------------------------------------------------


def test_page_that_is_held_comes_again(sure, ben):
    page = bulk.take(sure, ben, "spam")
    assert keys(bulk.take(sure, ben, "spam")) == keys(page)
    assert Lease.objects.filter(user=ben).count() == 20


def test_another_label_gives_the_page_back_and_leaves_nothing_queued(sure, ben):
    waiting = list(QueueEntry.objects.values_list("pk", "state").order_by("pk"))
    items = [lease.item_id for lease in bulk.take(sure, ben, "spam")]
    assert bulk.take(sure, ben, "ham")
    assert not Lease.objects.filter(item__in=items, user=ben, ended_at=None).exists()
    bulk.take(sure, ben, "spam")
    queue.release_pages(sure, ben)
    assert list(QueueEntry.objects.values_list("pk", "state").order_by("pk")) == waiting
    queued = QueueEntry.objects.filter(state=QueueEntry.State.OPEN).values("item")
    assert set(Item.objects.filter(pk__in=queued).values_list("state", flat=True)) == {
        Item.State.QUEUED
    }
    assert not Item.objects.filter(state=Item.State.QUEUED).exclude(pk__in=queued).exists()


def test_desk_goes_on_beside_a_page_and_gets_what_was_left_on_it_last(sure, ana):
    page = {lease.item_id for lease in bulk.take(sure, ana, "spam")}
    answers = loop.label(sure, ana, 200)
    assert len(answers) + 12 == 120
    places = [index for index, each in enumerate(answers) if each.item_id in page]
    assert len(places) == 20
    assert Source.BULK not in {answer.source for answer in answers}


def test_page_that_ran_out_is_asked_one_by_one(sure, ana, ben, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    page = {lease.item_id for lease in bulk.take(sure, ben, "spam")}
    time_machine.shift(timedelta(seconds=sure.lease_seconds + 1))
    assert queue.release_expired() == 20
    asked = {each.item_id: each.source for each in loop.label(sure, ana, 200)}
    assert page <= set(asked)
    assert Source.BULK not in asked.values()


def test_page_on_the_screen_stays_its_persons(sure, ana, ben, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    page = bulk.take(sure, ben, "spam")
    for _ in range(3):
        time_machine.shift(timedelta(seconds=0.6 * sure.lease_seconds))
        bulk.keep(sure, ben, page[0].page, keys(page))
        assert queue.release_expired() == 0
    bulk.keep(sure, ana, page[0].page, keys(page))
    assert set(Lease.objects.filter(pk__in=keys(page)).values_list("user", flat=True)) == {ben.pk}
    entries = QueueEntry.objects.filter(lease_id__in=keys(page), leased_until__gt=timezone.now())
    assert entries.count() == 20


def test_page_that_goes_is_given_back_in_a_moment(sure, ana, ben, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    page = bulk.take(sure, ben, "spam")
    ahead.leave(sure, ana, page[0].page, keys(page))
    ahead.leave(sure, ben, page[0].page, keys(page))
    time_machine.shift(timedelta(seconds=ahead.GRACE_SECONDS - 1))
    assert queue.release_expired() == 0
    time_machine.shift(timedelta(seconds=2))
    assert queue.release_expired() == 20


def test_farewell_that_comes_late_takes_nothing_from_the_page_shown_anew(sure, ben, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    page = bulk.take(sure, ben, "spam")
    again = bulk.take(sure, ben, "spam")
    assert keys(again) == keys(page)
    ahead.leave(sure, ben, page[0].page, keys(page))
    time_machine.shift(timedelta(seconds=ahead.GRACE_SECONDS + 1))
    assert queue.release_expired() == 0


def test_late_page_is_still_saved_where_the_labels_are_needed(sure, ben, run_round, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    page = bulk.take(sure, ben, "spam")
    time_machine.shift(timedelta(seconds=sure.lease_seconds + 1))
    queue.release_expired()
    # The refill takes the entries of the page out of the queue.
    run_round(sure)
    assert confirm(page).saved == 20
    lease = annotate.undo(standing(ben).last(), ben)
    assert lease.source == Source.ACTIVE
    queue.release(lease)
    assert not QueueEntry.objects.filter(source=Source.BULK).exists()


def test_what_others_labelled_meanwhile_is_kept_as_an_extra_opinion(sure, ana, ben, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    page = bulk.take(sure, ben, "spam")
    time_machine.shift(timedelta(seconds=sure.lease_seconds + 1))
    queue.release_expired()
    loop.label(sure, ana, 200)
    assert confirm(page) == confirming.Confirmed(saved=0, given_back=0, settled=20)
    assert set(standing(ben).values_list("counted", flat=True)) == {False}
    assert confirm(page) == confirming.Confirmed(saved=0, given_back=0, settled=20)


# Confirming --------------------------------------------------------------------------------------


def test_marked_are_saved_with_how_they_came_about(sure, ben):
    page = bulk.take(sure, ben, "spam")
    assert confirm(page, out=page[:1]) == confirming.Confirmed(saved=19, given_back=1, settled=0)
    saved = list(standing(ben))
    assert {each.item_id for each in saved} == {lease.item_id for lease in page[1:]}
    assert {tuple(annotate.label_names(each)) for each in saved} == {("spam",)}
    one = saved[0]
    assert (one.strategy, one.seconds, one.blind, one.counted) == ("bulk", 3.0, False, True)
    assert one.suggestion["labels"] == ["spam"]
    assert one.score == one.suggestion["confidence"]
    assert Item.objects.filter(pk=one.item_id, state=Item.State.LABELLED, answers=1).exists()
    assert set(Lease.objects.filter(pk__in=keys(page)[1:]).values_list("outcome", flat=True)) == {
        "labelled"
    }


def test_the_same_page_again_changes_nothing(sure, ben):
    page = bulk.take(sure, ben, "spam")
    first = confirm(page, out=page[:2])
    before = list(Annotation.objects.values()), list(QueueEntry.objects.values())
    done = list(Tally.objects.values())
    assert confirm(page, out=page[:2]) == first
    assert (list(Annotation.objects.values()), list(QueueEntry.objects.values())) == before
    assert list(Tally.objects.values()) == done


def test_page_that_is_sent_again_with_fewer_marks_has_fewer_labels(sure, ben):
    page = bulk.take(sure, ben, "spam")
    confirm(page)
    assert confirm(page, out=page[:2]) == confirming.Confirmed(saved=18, given_back=2, settled=0)
    assert {each.item_id for each in standing(ben)} == {lease.item_id for lease in page[2:]}


def test_what_was_taken_out_is_asked_first_and_by_itself(sure, ana, ben, run_round):
    page = bulk.take(sure, ben, "spam")
    out = page[3]
    confirm(page, out=[out])
    run_round(sure)
    # It outlasts the refill, and is on no page again.
    for label in ("spam", "ham"):
        assert out.item_id not in {lease.item_id for lease in bulk.take(sure, ana, label)}
    lease = queue.lease_next(sure, ana)
    assert (lease.item_id, lease.why) == (out.item_id, confirming.TAKEN_OUT)
    assert (lease.source, lease.strategy) == (Source.ACTIVE, "bulk")
    assert queue.served(lease)["suggestion"] is None
    queue.release(lease)
    # Who works alone is asked, too.
    assert queue.lease_next(sure, ben).item_id == out.item_id


def test_page_is_saved_whole_or_not_at_all(sure, ben, monkeypatch):
    page = bulk.take(sure, ben, "spam")

    def crash(lease, reason=""):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(queue, "release", crash)
    with pytest.raises(RuntimeError):
        confirm(page, out=page[:1])
    assert not standing(ben).exists()
    monkeypatch.undo()
    assert confirm(page, out=page[:1]).saved == 19


def test_pages_are_their_holders(sure, ana, ben, zed):
    page = bulk.take(sure, ben, "spam")
    for person in (ana, zed):
        with pytest.raises(NotThere):
            confirming.confirm(sure, person, keys(page), keys(page))
    with pytest.raises(NotThere):
        confirming.confirm(sure, ben, [*keys(page), str(uuid.uuid4())], keys(page))
    with pytest.raises(NotThere):
        confirming.confirm(sure, ben, [], [])
    assert not standing(ben).exists()


def test_lease_of_the_desk_is_no_page(sure, ben):
    lease = queue.lease_next(sure, ben)
    with pytest.raises(NotThere):
        confirming.confirm(sure, ben, [str(lease.pk)], [str(lease.pk)])


def test_label_that_was_renamed_meanwhile_saves_nothing(sure, ben):
    page = bulk.take(sure, ben, "spam")
    Label.objects.filter(project=sure, name="spam").update(name="junk")
    with pytest.raises(Conflict) as refused:
        confirm(page)
    assert refused.value.code == "labels_changed"
    assert not standing(ben).exists()
    assert len(bulk.take(sure, ben, "junk")) == 20


def test_with_overlap_every_item_still_gets_its_opinions(sure, ana, ben, lea, run_round):
    setup.change_settings(sure, overlap=2)
    run_round(sure)
    page = bulk.take(sure, ben, "spam")
    items = {lease.item_id for lease in page}
    confirm(page)
    assert set(Item.objects.filter(pk__in=items).values_list("state", "answers")) == {
        (Item.State.QUEUED, 1)
    }
    # The same person is not asked for a second opinion, another one is, and nobody for a third.
    assert not items & {lease.item_id for lease in bulk.take(sure, ben, "spam")}
    other = bulk.take(sure, lea, "spam")
    assert {lease.item_id for lease in other} == items
    confirm(other)
    assert set(Item.objects.filter(pk__in=items).values_list("state", "answers")) == {
        (Item.State.LABELLED, 2)
    }
    assert not items & {lease.item_id for lease in bulk.take(sure, ana, "spam")}


def test_second_opinion_comes_from_the_queue_after_the_refill(sure, ana, ben, run_round):
    setup.change_settings(sure, overlap=2)
    run_round(sure)
    page = bulk.take(sure, ben, "spam")
    confirm(page)
    run_round(sure)
    answers = loop.label(sure, ana, 20)
    assert {each.item_id for each in answers} == {lease.item_id for lease in page}
    assert {each.source for each in answers} == {Source.ACTIVE}


# Undoing -----------------------------------------------------------------------------------------


def test_undo_takes_the_whole_page_back_and_shows_it_again(sure, ben):
    before = monitor.progress(sure)
    page = bulk.take(sure, ben, "spam")
    confirm(page, out=page[:1])
    confirm(bulk.take(sure, ben, "ham"))
    assert {each.item_id for each in confirming.undo(sure, ben)}
    again = confirming.undo(sure, ben)
    assert {lease.item_id for lease in again} == {lease.item_id for lease in page[1:]}
    assert confirming.label_of(again) == "spam"
    assert not standing(ben).exists()
    assert keys(bulk.take(sure, ben, "spam")) == keys(again)
    after = monitor.progress(sure)
    assert (after["labelled"], after["answers"]) == (before["labelled"], before["answers"])
    assert confirming.undo(sure, ben) == []
    # A save that was on its way all along does not undo the undoing.
    assert confirm(page, out=page[:1]).saved == 19
    assert not standing(ben).exists()


def test_undone_page_can_be_confirmed_and_undone_again(sure, ben):
    confirm(bulk.take(sure, ben, "spam"))
    assert confirm(confirming.undo(sure, ben)).saved == 20
    assert len(confirming.undo(sure, ben)) == 20


def test_undo_at_the_desk_asks_one_item_by_itself(sure, ben):
    confirm(bulk.take(sure, ben, "spam"))
    lease = annotate.undo(own.last(sure, ben), ben)
    assert (lease.source, lease.strategy) == (Source.ACTIVE, "bulk")
    assert queue.lease_next(sure, ben) == lease
    assert loop.answer(lease, ["ham"]).source == Source.ACTIVE
    assert standing(ben).count() == 19


# What the labels are for -------------------------------------------------------------------------


def test_labels_teach_the_model(sure, ben, run_round):
    confirm(bulk.take(sure, ben, "spam"))
    assert run_round(sure).model.trained_on == 32


def test_labels_are_no_audits_and_leave_the_accuracy_alone(sure, ana, ben, run_round):
    loop.label(sure, ana, 40)
    frontier, audits = pool.audit_frontier(sure), monitor.audits(sure)
    before = run_round(sure).model.accuracy["n"]
    for label in ("spam", "ham"):
        confirm(bulk.take(sure, ben, label))
    assert standing(ben).count() > 30
    assert (pool.audit_frontier(sure), monitor.audits(sure)) == (frontier, audits)
    assert run_round(sure).model.accuracy["n"] == before == audits["audited"]


def test_share_that_is_raised_later_does_not_make_audits_of_them(sure, ana, ben, run_round):
    for label in ("spam", "ham"):
        while page := bulk.take(sure, ben, label):
            confirm(page)
    setup.change_settings(sure, audit_share=0.5)
    refill.withdraw_open(sure)
    loop.label(sure, ana, 200)
    reached = standing(ben).filter(item__audit_key__lte=pool.audit_frontier(sure))
    assert reached.exists()
    space, ids = featurise.current_space(sure), [label.pk for label in sure.labels.all()]
    known = pool.labelled(sure, space, ids)
    in_bulk = set(standing(ben).values_list("item__position", flat=True))
    assert not in_bulk & set(known.positions[known.audited].tolist())
    assert monitor.audits(sure)["audited"] == int(known.audited.sum())
    turn = run_round(sure)
    assert turn.model.accuracy["n"] == int(known.audited.sum()) >= evaluation.FOLDS


def test_export_says_bulk(sure, ben):
    confirm(bulk.take(sure, ben, "spam"))
    records = [each for each in export.records(sure) if each["source"] == "bulk"]
    assert len(records) == 20
    one = records[0]
    assert (one["labels"], one["audit"], one["strategy"]) == (["spam"], False, "bulk")
    assert (one["model"], one["why"]) == (1, bulk.WHY)
    assert one["suggestion"]["labels"] == ["spam"]


# Where it is closed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bulk_desk": False}, "bulk desk off"),
        ({"show_suggestions": False}, "suggestions off"),
        ({"auto_stop": True, "budget": 1}, "paused"),
    ],
)
def test_closed_desk_says_why_and_gives_nothing(sure, ben, changes, words):
    page = bulk.take(sure, ben, "spam")
    setup.change_settings(sure, **changes)
    assert words in bulk.why_closed(sure)
    assert bulk.take(sure, ben, "spam") == []
    # What was seen before is saved with what was seen.
    assert confirm(page).saved == 20
    assert standing(ben).exclude(suggestion=None).count() == 20


def test_who_leaves_the_project_leaves_the_page(sure, ben):
    bulk.take(sure, ben, "spam")
    setup.remove_member(sure, User.objects.get(pk=ben.pk))
    assert not Lease.objects.filter(user=ben, ended_at=None).exists()
