"""What people did is counted by the day on which they did it, and long breaks are no work."""

import importlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps

from annotator.flow.annotation import bulk_confirm, history, payload, revise, seed_labels
from annotator.flow.annotation import bulk_pages as pages
from annotator.flow.evaluation import weekly_summary
from annotator.flow.operations import verify_counts
from annotator.flow.progress import daily_counts, summary
from annotator.flow.projects import settings
from annotator.flow.quality import report
from annotator.flow.queue import leasing, releasing
from annotator.models import Annotation, Item, Project, Tally, User
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db

LATE = datetime(2026, 3, 9, 23, 58, tzinfo=UTC)
AFTER_MIDNIGHT = LATE + timedelta(minutes=5)
COUNTERS = ("labels", "finished", "audits", "skips", "seconds", "changes")
TWO_HOURS = 7200.0


@pytest.fixture
def late(time_machine: Any) -> Any:
    """It is two minutes before midnight on a Monday; calling it goes on to the next day."""
    time_machine.move_to(LATE, tick=False)
    return lambda: time_machine.move_to(AFTER_MIDNIGHT, tick=False)


def days_of(user: User) -> Any:
    """Return by day of the month what the person did, without what is zero."""
    rows = Tally.objects.filter(user=user).order_by("day")
    return {
        row.day.day: {name: getattr(row, name) for name in COUNTERS if getattr(row, name)}
        for row in rows
    }


def nothing_is_wrong(project: Project) -> Any:
    rows = Tally.objects.filter(project=project)
    below = [row for row in rows for name in COUNTERS if getattr(row, name) < 0]
    return below == [] and verify_counts.recount(project, pause=0) == []


# Days --------------------------------------------------------------------------------------------


def test_label_that_is_undone_after_midnight_leaves_the_day_before(
    project: Project, filled: Fill, ana: User, late: Any
) -> None:
    filled(project, 30)
    kept, undone = loop.label(project, ana, 2)
    late()
    lease = revise.undo(undone, ana)
    assert days_of(ana)[9]["labels"] == 1
    assert days_of(ana)[10] == {"changes": 1}
    assert nothing_is_wrong(project)
    loop.answer(lease)
    assert days_of(ana)[10]["labels"] == 1
    assert history.counts(project, ana)["today"]["labels"] == 1
    assert kept.withdrawn_at is None
    assert nothing_is_wrong(project)


def test_lead_who_takes_a_label_back_later_changes_the_day_of_its_author(
    project: Project, filled: Fill, ana: User, lea: User, late: Any
) -> None:
    filled(project, 30)
    (given,) = loop.label(project, ana, 1)
    late()
    revise.withdraw(given, lea)
    assert days_of(ana) == {9: {}}
    assert days_of(lea) == {10: {"changes": 1}}
    assert nothing_is_wrong(project)


def test_correction_moves_no_label_to_another_day(
    project: Project, filled: Fill, ana: User, late: Any
) -> None:
    filled(project, 30)
    (given,) = loop.label(project, ana, 1)
    before = days_of(ana)[9]
    late()
    (other,) = {"spam", "ham"} - set(payload.label_names(given))
    revise.correct(given, ana, [other])
    assert days_of(ana) == {9: before, 10: {"changes": 1}}
    assert nothing_is_wrong(project)


def test_skip_that_is_taken_back_after_midnight_leaves_the_day_before(
    project: Project, filled: Fill, ana: User, late: Any
) -> None:
    filled(project, 30)
    lease = leasing.lease_next(project, ana)
    releasing.skip(lease)
    late()
    releasing.unskip(loop.refreshed(lease))
    assert days_of(ana) == {9: {}}
    assert nothing_is_wrong(project)


def test_item_that_opens_again_was_completed_by_whoever_gave_the_last_opinion(
    project: Project, filled: Fill, ana: User, ben: User, late: Any
) -> None:
    settings.change_settings(project, overlap=2)
    project.refresh_from_db()
    filled(project, 1)
    (first,) = loop.label(project, ana, 1)
    late()
    loop.label(project, ben, 1)
    assert days_of(ben)[10]["finished"] == 1
    revise.withdraw(first, ana)
    assert "finished" not in days_of(ben)[10]
    assert days_of(ana) == {9: {}, 10: {"changes": 1}}
    assert nothing_is_wrong(project)


def test_item_that_stays_labelled_is_completed_by_another_answer(
    project: Project, filled: Fill, ana: User, ben: User, late: Any
) -> None:
    settings.change_settings(project, overlap=2)
    project.refresh_from_db()
    filled(project, 1)
    loop.label(project, ana, 1)
    late()
    (second,) = loop.label(project, ben, 1)
    settings.change_settings(project, overlap=1)
    second.project.refresh_from_db()
    revise.withdraw(second, ben)
    assert days_of(ana)[9]["finished"] == 1
    assert days_of(ben) == {10: {"changes": 1}}
    assert nothing_is_wrong(project)


def test_items_that_need_fewer_opinions_now_were_completed_when_they_were_answered(
    project: Project, filled: Fill, ana: User, late: Any
) -> None:
    settings.change_settings(project, overlap=2)
    project.refresh_from_db()
    filled(project, 3)
    loop.label(project, ana, 3)
    late()
    settings.change_settings(project, overlap=1)
    assert days_of(ana)[9]["finished"] == 3
    assert 10 not in days_of(ana)
    assert nothing_is_wrong(project)


def test_seed_that_is_taken_back_after_midnight_leaves_the_day_before(
    project: Project, filled: Fill, lea: User, late: Any
) -> None:
    (item,) = filled(project, 1)
    seed_labels.seed(project, lea, item, labels=["spam"], client_id="0" * 32)
    assert days_of(lea)[9]["finished"] == 1
    late()
    seed_labels.take_back(project, lea, item)
    assert days_of(lea) == {9: {"changes": 1}, 10: {"changes": 1}}
    assert nothing_is_wrong(project)


def test_counts_of_older_versions_are_mended(
    project: Project, filled: Fill, ana: User, late: Any
) -> None:
    """A day below zero and a lunch that was counted in full, as they once were stored."""
    filled(project, 30)
    loop.label(project, ana, 3)
    late()
    Tally.objects.filter(user=ana).update(labels=5, seconds=7206.0)
    day = AFTER_MIDNIGHT.date()
    Tally.objects.create(project=project, user=ana, day=day, labels=-2, finished=-1, seconds=-4.0)
    found = {
        (each.counter, each.day) for each in verify_counts.recount(project, mend=True, pause=0)
    }
    assert ("tally.labels", "2026-03-10") in found
    assert ("tally.seconds", "2026-03-09") in found
    assert days_of(ana)[9]["labels"] == 3
    assert days_of(ana)[10] == {}
    assert nothing_is_wrong(project)


# Time --------------------------------------------------------------------------------------------


def test_lunch_counts_as_ten_minutes_everywhere(project: Project, filled: Fill, ana: User) -> None:
    settings.change_settings(project, hourly_rate=60)
    filled(project, 30)
    loop.answer(leasing.lease_next(project, ana), seconds=60.0)
    loop.answer(leasing.lease_next(project, ana), seconds=TWO_HOURS)
    assert summary.progress(project)["cost"] == 11.0
    assert history.counts(project, ana)["today"]["seconds"] == 660.0
    today = daily_counts.today()
    assert (
        weekly_summary.done_in(project, today - timedelta(days=today.weekday()))["seconds"] == 660.0
    )
    (pace,) = report.build_report(project)["people"]
    assert pace["median"] == 330.0
    raw = sorted(Annotation.objects.values_list("seconds", flat=True))
    assert raw == [60.0, TWO_HOURS]


def test_lunch_that_is_undone_takes_away_what_it_had_added(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 30)
    lunch = loop.answer(leasing.lease_next(project, ana), seconds=TWO_HOURS)
    revise.withdraw(lunch, ana)
    assert history.counts(project, ana)["today"]["seconds"] == 0.0
    assert nothing_is_wrong(project)


def test_page_that_was_left_open_counts_as_one_item_would(sure: Project, ben: User) -> None:
    page = [str(lease.pk) for lease in pages.take(sure, ben, "spam")]
    bulk_confirm.confirm(sure, ben, page, page, TWO_HOURS)
    spent = history.counts(sure, ben)["today"]["seconds"]
    assert spent == pytest.approx(daily_counts.MOST_SECONDS)


@pytest.mark.parametrize(
    ("raw", "counted"), [(None, None), (0.0, 0.0), (600.0, 600.0), (600.1, 600.0), (7200.0, 600.0)]
)
def test_database_counts_time_as_python_does(
    project: Project, filled: Fill, ana: User, raw: Any, counted: Any
) -> None:
    filled(project, 1)
    given = loop.answer(leasing.lease_next(project, ana), seconds=raw)
    rows = Annotation.objects.filter(pk=given.pk)
    assert daily_counts.counted_seconds(raw) == counted
    assert rows.values_list(daily_counts.COUNTED_SECONDS, flat=True).get() == counted


def test_people_at_work_are_those_who_labelled_or_skipped(
    project: Project, olga: User, ana: User
) -> None:
    loop.bring_in(project, "seeds.csv", "text,label\nx,spam\ny,ham\n", user=olga)
    monday = daily_counts.today() - timedelta(days=daily_counts.today().weekday())
    assert weekly_summary.done_in(project, monday)["people"] == 0
    loop.fill(project, 30)
    loop.label(project, ana, 1)
    assert weekly_summary.done_in(project, monday)["people"] == 1
    assert Item.objects.filter(state=Item.State.LABELLED).count() == 3


# Counts that older versions stored ---------------------------------------------------------------


def test_migration_counts_anew_what_older_versions_stored(
    project: Project, filled: Fill, ana: User, ben: User, lea: User, late: Any
) -> None:
    settings.change_settings(project, overlap=2)
    project.refresh_from_db()
    loop.bring_in(project, "seeds.csv", "text,label\nx,spam\ny,ham\n")
    filled(project, 30)
    loop.answer(leasing.lease_next(project, ana), seconds=TWO_HOURS)
    mine, _theirs = loop.label(project, ana, 8), loop.label(project, ben, 6)
    releasing.skip(leasing.lease_next(project, ben), "hard")
    late()
    revise.withdraw(mine[0], lea)
    revise.undo(mine[1], ana)
    right = list(Tally.objects.order_by("pk").values())
    Annotation.objects.update(completes=False)
    Tally.objects.filter(user=ana, day=LATE.date()).update(labels=9, seconds=7216.0, finished=6)
    Tally.objects.filter(user=ana, day=AFTER_MIDNIGHT.date()).update(labels=-1, finished=-1)
    Tally.objects.filter(user=ben).delete()
    older = importlib.import_module("annotator.migrations.0014_tallies_by_day")
    older.find_completing(apps, None)
    older.count_by_day(apps, None)
    of_day = ("user_id", "day", *COUNTERS)
    counted = {tuple(row[name] for name in of_day) for row in Tally.objects.values()}  # type: ignore[literal-required]
    assert counted == {tuple(row[name] for name in of_day) for row in right}  # type: ignore[literal-required]
    assert nothing_is_wrong(project)
