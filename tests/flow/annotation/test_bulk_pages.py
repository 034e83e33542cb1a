"""The bulk desk: what is on a page, who gets it, and how long it is theirs."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotator.errors import NotFound
from annotator.flow.annotation import bulk_confirm, bulk_pages, payload, revise
from annotator.flow.features import encode
from annotator.flow.operations import cleanup
from annotator.flow.projects import label_set, members, settings
from annotator.flow.queue import audit_stream, leasing, prefetch, refill, releasing
from annotator.flow.training import confident_items
from annotator.messages.bulk import empty_words
from annotator.models import Item, Label, Lease, Project, QueueEntry, Source, User
from annotator.pool import audit_set, feature_store, model_files
from tests import loop
from tests.flow.bulk_pages import confirm, keys, standing
from tests.given import Fill, Learn, RunRound

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("easily_sure")]


# What is on a page -------------------------------------------------------------------------------


def test_page_has_the_surest_of_its_label_first(sure: Project, ben: User) -> None:
    page = bulk_pages.take(sure, ben, "spam")
    assert len(page) == 20
    scores = [lease.score for lease in page]
    assert scores == sorted(scores, reverse=True)
    assert {tuple(lease.suggestion["labels"]) for lease in page} == {tuple(loop.ids(sure, "spam"))}
    lease = page[0]
    model = sure.models.first()
    assert (lease.source, lease.strategy, lease.blind) == (Source.BULK, "bulk", False)
    assert (lease.model, lease.round) == (model, sure.rounds.first())
    rest = Item.objects.filter(
        state=Item.State.POOL, audit_key__gte=audit_set.audit_threshold(sure)
    )
    position = rest.first().position
    assert position not in {each.item.position for each in page}


def test_audits_checks_and_decoys_are_never_on_a_page(sure: Project, ben: User) -> None:
    settings.change_settings(sure, audit_share=0.5)
    checked = Item.objects.filter(
        state=Item.State.POOL, audit_key__gte=audit_set.audit_threshold(sure)
    ).first()
    Item.objects.filter(pk=checked.pk).update(gold=loop.ids(sure, "spam"))
    hidden = set(QueueEntry.objects.filter(blind=True).values_list("item", flat=True))
    assert hidden
    seen = set()
    for label in ("spam", "ham"):
        while page := bulk_pages.take(sure, ben, label):
            assert all(lease.item.audit_key >= audit_set.audit_threshold(sure) for lease in page)
            seen |= {lease.item_id for lease in page}
            confirm(page)
    assert seen
    assert not seen & (hidden | {checked.pk})


def test_labelled_held_and_skipped_items_are_left_out(sure: Project, ana: User, ben: User) -> None:
    first = {lease.item_id for lease in bulk_pages.take(sure, ben, "spam")}
    releasing.release_pages(sure, ben)
    labelled, held, skipped = sorted(first)[:3]
    wanted = Item.objects.filter(pk__in=[labelled, held, skipped])
    refill.append(sure, [(item, dict(audit_stream.RANDOM)) for item in wanted.order_by("pk")])
    ranks = QueueEntry.objects.filter(item__in=wanted)
    ranks.update(rank=-5)
    loop.answer(leasing.lease_next(sure, ana))
    assert leasing.lease_next(sure, ana).item_id == held
    lease = leasing.lease_next(sure, ben)
    assert lease.item_id == skipped
    releasing.skip(lease)
    ranks.update(rank=0)
    page = {lease.item_id for lease in bulk_pages.take(sure, ben, "spam")}
    assert len(page) == 20
    assert not page & {labelled, held, skipped}


def test_items_of_a_page_are_nobody_elses(sure: Project, ana: User, ben: User) -> None:
    page = {lease.item_id for lease in bulk_pages.take(sure, ben, "spam")}
    assert not page & {lease.item_id for lease in bulk_pages.take(sure, ana, "spam")}
    asked = {annotation.item_id for annotation in loop.label(sure, ana, 200)}
    assert asked
    assert not asked & page


def test_picture_pages_are_larger(sure: Project, ben: User) -> None:
    type(sure).objects.filter(pk=sure.pk).update(task="image")
    assert len(bulk_pages.take(loop.refreshed(sure), ben, "spam")) == 24


def test_without_a_model_there_is_nothing(ready: Any, run_round: RunRound, ana: User) -> None:
    assert (bulk_pages.choices(ready, ana), bulk_pages.take(ready, ana, "spam")) == ([], [])
    assert run_round(ready).model is None
    assert (bulk_pages.choices(ready, ana), bulk_pages.take(ready, ana, "spam")) == ([], [])


def test_nobody_is_sure_of_what_lies_below_the_bar(
    sure: Project, run_round: RunRound, ben: User, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confident_items, "LEAST", 0.999)
    run_round(sure)
    assert (bulk_pages.choices(sure, ben), bulk_pages.take(sure, ben, "spam")) == ([], [])


def test_unknown_label_is_not_there(sure: Project, ben: User) -> None:
    with pytest.raises(NotFound):
        bulk_pages.take(sure, ben, "nonsense")


def test_with_several_labels_an_item_is_on_the_page_of_each(
    olga: User, filled: Fill, learnt: Learn, run_round: RunRound
) -> None:
    made = settings.create_project(
        olga, name="Tags", labels=["spam", "ham", "odd"], multi_label=True, features="text-quick"
    )
    filled(made, 60)
    learnt(made)
    for _ in range(12):
        lease = leasing.lease_next(made, olga)
        loop.answer(lease, ["spam", "odd"] if loop.truth(lease.item) == ["spam"] else ["ham"])
    run_round(made)
    page = bulk_pages.take(made, olga, "odd")
    wanted = loop.ids(made, "spam", "odd")
    both = [lease for lease in page if lease.suggestion["labels"] == wanted]
    assert both
    confirm(page)
    annotation = standing(olga).get(item=both[0].item)
    assert payload.label_names(annotation) == ["spam", "odd"]


def test_surest_do_not_depend_on_the_shards(
    sure: Project, monkeypatch: pytest.MonkeyPatch, learnt: Learn, run_round: RunRound
) -> None:
    whole = confident_items.of_round(sure.rounds.first())
    monkeypatch.setattr(feature_store, "SHARD_ITEMS", 17)
    type(sure.spaces.first()).objects.update(state="failed")
    learnt(sure)
    assert encode.current_space(sure).shards.count() > 5
    turn = loop.start(sure)
    for stage in ("train", "score", "select"):
        loop.go_stage(turn, stage, slice(None, None, -1))
    cut = confident_items.of_round(turn)
    assert {pk: each.count for pk, each in cut.items()} == {
        pk: each.count for pk, each in whole.items()
    }
    for pk, each in whole.items():
        assert {item.position for item in each.items} == {item.position for item in cut[pk].items}


# How many there are ------------------------------------------------------------------------------


def left(project: Project, user: User) -> Any:
    return {choice.label.name: choice.left for choice in bulk_pages.choices(project, user)}


def test_what_is_left_falls_with_every_page(sure: Project, ana: User, ben: User) -> None:
    before = left(sure, ben)
    assert set(before) == {"spam", "ham"}
    page = bulk_pages.take(sure, ben, "spam")
    assert left(sure, ben) == before
    assert left(sure, ana)["spam"] == before["spam"] - 20
    confirm(page, out=page[:2])
    assert left(sure, ben) == {**before, "spam": before["spam"] - 20}


def test_what_is_left_is_what_pages_will_show(sure: Project, ben: User) -> None:
    taken = dict.fromkeys(left(sure, ben), 0)
    expected = left(sure, ben)
    for label in taken:
        while page := bulk_pages.take(sure, ben, label):
            taken[label] += len(page)
            confirm(page)
    assert taken == expected
    assert left(sure, ben) == {}


def test_label_that_is_gone_or_new_since_the_round_has_nothing(sure: Project, ben: User) -> None:
    ham = Label.objects.get(name="ham")
    specs = [{"id": label.pk, "name": label.name} for label in sure.labels.all()]
    label_set.change_labels(sure, [*specs, "new"])
    assert bulk_pages.take(sure, ben, "new") == []
    assert "new" not in left(sure, ben)
    label_set.change_labels(sure, [specs[0], {"id": ham.pk, "name": "junk"}])
    page = bulk_pages.take(sure, ben, "junk")
    assert {tuple(lease.suggestion["labels"]) for lease in page} == {(ham.pk,)}


def test_files_go_with_those_of_the_round(sure: Project, run_round: RunRound) -> None:
    first = model_files.round_folder(sure.pk, sure.rounds.first().number)
    assert (first / "surest.json").exists()
    for _ in range(cleanup.ROUNDS_KEPT):
        run_round(sure)
    cleanup.tidy()
    assert not first.exists()
    assert confident_items.of_round(sure.rounds.last()) == {}


def test_77_labels_cost_the_web_four_queries(
    olga: User,
    run_round: RunRound,
    django_assert_num_queries: DjangoAssertNumQueries,
    filled: Fill,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(confident_items, "LEAST", 0.0)
    names = [f"label {number}" for number in range(77)]
    made = settings.create_project(olga, name="Many", labels=names, features="text-quick")
    filled(made, 154)
    loop.make_features(made)
    for index in range(77):
        lease = leasing.lease_next(made, olga)
        loop.answer(lease, [names[index]])
    run_round(made)
    with django_assert_num_queries(4):
        there = bulk_pages.choices(made, olga)
    assert len(there) > 20


# Holding a page ----------------------------------------------------------------------------------


def test_page_that_is_held_comes_again(sure: Project, ben: User) -> None:
    page = bulk_pages.take(sure, ben, "spam")
    assert keys(bulk_pages.take(sure, ben, "spam")) == keys(page)
    assert Lease.objects.filter(user=ben).count() == 20


def test_another_label_gives_the_page_back_and_leaves_nothing_queued(
    sure: Project, ben: User
) -> None:
    waiting = list(QueueEntry.objects.values_list("pk", "state").order_by("pk"))
    items = [lease.item_id for lease in bulk_pages.take(sure, ben, "spam")]
    assert bulk_pages.take(sure, ben, "ham")
    assert not Lease.objects.filter(item__in=items, user=ben, ended_at=None).exists()
    bulk_pages.take(sure, ben, "spam")
    releasing.release_pages(sure, ben)
    assert list(QueueEntry.objects.values_list("pk", "state").order_by("pk")) == waiting
    queued = QueueEntry.objects.filter(state=QueueEntry.State.OPEN).values("item")
    assert set(Item.objects.filter(pk__in=queued).values_list("state", flat=True)) == {
        Item.State.QUEUED
    }
    assert not Item.objects.filter(state=Item.State.QUEUED).exclude(pk__in=queued).exists()


def test_desk_goes_on_beside_a_page_and_gets_what_was_left_on_it_last(
    sure: Project, ana: User
) -> None:
    page = {lease.item_id for lease in bulk_pages.take(sure, ana, "spam")}
    answers = loop.label(sure, ana, 200)
    assert len(answers) + 12 == 120
    places = [index for index, each in enumerate(answers) if each.item_id in page]
    assert len(places) == 20
    assert Source.BULK not in {answer.source for answer in answers}


def test_page_that_ran_out_is_asked_one_by_one(
    sure: Project, ana: User, ben: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    page = {lease.item_id for lease in bulk_pages.take(sure, ben, "spam")}
    time_machine.shift(timedelta(seconds=sure.lease_seconds + 1))
    assert releasing.release_expired() == 20
    asked = {each.item_id: each.source for each in loop.label(sure, ana, 200)}
    assert page <= set(asked)
    assert Source.BULK not in asked.values()


def test_page_on_the_screen_stays_its_persons(
    sure: Project, ana: User, ben: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    page = bulk_pages.take(sure, ben, "spam")
    for _ in range(3):
        time_machine.shift(timedelta(seconds=0.6 * sure.lease_seconds))
        bulk_pages.keep(sure, ben, page[0].page, keys(page))
        assert releasing.release_expired() == 0
    bulk_pages.keep(sure, ana, page[0].page, keys(page))
    assert set(Lease.objects.filter(pk__in=keys(page)).values_list("user", flat=True)) == {ben.pk}
    entries = QueueEntry.objects.filter(lease_id__in=keys(page), leased_until__gt=timezone.now())
    assert entries.count() == 20


def test_page_that_goes_is_given_back_in_a_moment(
    sure: Project, ana: User, ben: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    page = bulk_pages.take(sure, ben, "spam")
    prefetch.leave(sure, ana, page[0].page, keys(page))
    prefetch.leave(sure, ben, page[0].page, keys(page))
    time_machine.shift(timedelta(seconds=prefetch.GRACE_SECONDS - 1))
    assert releasing.release_expired() == 0
    time_machine.shift(timedelta(seconds=2))
    assert releasing.release_expired() == 20


def test_farewell_that_comes_late_takes_nothing_from_the_page_shown_anew(
    sure: Project, ben: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    page = bulk_pages.take(sure, ben, "spam")
    again = bulk_pages.take(sure, ben, "spam")
    assert keys(again) == keys(page)
    prefetch.leave(sure, ben, page[0].page, keys(page))
    time_machine.shift(timedelta(seconds=prefetch.GRACE_SECONDS + 1))
    assert releasing.release_expired() == 0


def test_late_page_is_still_saved_where_the_labels_are_needed(
    sure: Project, ben: User, run_round: RunRound, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    page = bulk_pages.take(sure, ben, "spam")
    time_machine.shift(timedelta(seconds=sure.lease_seconds + 1))
    releasing.release_expired()
    # The refill takes the entries of the page out of the queue.
    run_round(sure)
    assert confirm(page).saved == 20
    lease = revise.undo(standing(ben).last(), ben)
    assert lease.source == Source.ACTIVE
    releasing.release(lease)
    assert not QueueEntry.objects.filter(source=Source.BULK).exists()


def test_what_others_labelled_meanwhile_is_kept_as_an_extra_opinion(
    sure: Project, ana: User, ben: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    page = bulk_pages.take(sure, ben, "spam")
    time_machine.shift(timedelta(seconds=sure.lease_seconds + 1))
    releasing.release_expired()
    loop.label(sure, ana, 200)
    assert confirm(page) == bulk_confirm.Confirmed(saved=0, given_back=0, settled=20)
    assert set(standing(ben).values_list("counted", flat=True)) == {False}
    assert confirm(page) == bulk_confirm.Confirmed(saved=0, given_back=0, settled=20)


# Where it is closed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bulk_desk": False}, "Bulk labelling is turned off"),
        ({"show_suggestions": False}, "Suggestions are turned off"),
        ({"auto_stop": True, "budget": 1}, "paused"),
    ],
)
def test_closed_desk_says_why_and_gives_nothing(
    sure: Project, ben: User, changes: Any, words: str
) -> None:
    page = bulk_pages.take(sure, ben, "spam")
    settings.change_settings(sure, **changes)
    assert words in empty_words(sure, bulk_pages.why_closed(sure))
    assert bulk_pages.take(sure, ben, "spam") == []
    # The page from before is saved, with the suggestions that it showed.
    assert confirm(page).saved == 20
    assert standing(ben).exclude(suggestion=None).count() == 20


def test_who_leaves_the_project_leaves_the_page(sure: Project, ben: User) -> None:
    bulk_pages.take(sure, ben, "spam")
    members.remove_member(sure, User.objects.get(pk=ben.pk))
    assert not Lease.objects.filter(user=ben, ended_at=None).exists()
