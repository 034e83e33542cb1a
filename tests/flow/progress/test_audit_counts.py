"""Audits answered after one that is still open are counted, and shown with its holder."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from annotator.flow.progress import audit_counts, estimate, summary
from annotator.flow.projects import overview, settings
from annotator.flow.queue import prefetch, releasing
from annotator.flow.queue.assigned import assigning
from annotator.messages import audits
from annotator.models import Item, Project, Source, User
from annotator.views import number_format
from annotator.views.projects import list_text
from tests import loop
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _standing_clock(time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)


@pytest.fixture
def held_up(project: Project, filled: Fill, ana: User, ben: User, time_machine: Any) -> Any:
    """A project where a page of Ana has the first audit in advance, and Ben answered the others."""
    settings.change_settings(project, audit_share=0.5)
    filled(project, 100)
    held = prefetch.sync_window(project, ana, "tab-1/load-1", holding=[], want=4).next
    first = next(lease for lease in held[1:] if lease.source == Source.AUDIT)
    for lease in held:
        if lease != first:
            loop.answer(lease)
    loop.label(project, ben, 55)
    time_machine.shift(timedelta(minutes=6))
    return Project.objects.get(pk=project.pk), first


def answered(project: Project) -> int:
    """Count the settled items that somebody answered as audits, one by one."""
    items = Item.objects.filter(project=project, state=Item.State.LABELLED)
    return items.filter(annotations__source=Source.AUDIT).distinct().count()


def test_audits_behind_one_that_waits_are_counted_as_answered(held_up: Any) -> None:
    project, _first = held_up
    counts = summary.progress(project)
    assert counts["audited"] <= 1
    assert counts["audits_answered"] == answered(project) >= 20


def test_estimate_that_waits_says_for_what_and_for_how_long(held_up: Any) -> None:
    project, _first = held_up
    found = summary.progress_for_leads(project)
    waits = found["audits_waiting"]
    assert waits["held"] == [{"user": "ana", "items": 1, "seconds": 360}]
    assert (waits["items"], waits["queued"]) == (1, 0)
    said = audits.in_words(found["audits_answered"], waits)
    n = answered(project)
    assert said == f"{n} audit items answered; waiting for 1 item leased to ana for 6 minutes."


def test_dashboard_and_list_tell_the_same(held_up: Any, lea: User) -> None:
    project, _first = held_up
    found = summary.progress_for_leads(project)
    sentence = number_format.standing(found, estimate.FIRST_ESTIMATE)
    assert sentence == ("No accuracy estimate yet: earlier audit items must be labelled first.")
    (row,) = (row for row in overview.rows(lea) if row.project == project)
    assert list_text.row_in_words(row)["accuracy"] == sentence
    assert row.counted["audits_answered"] == found["audits_answered"]


def test_nothing_waits_once_the_item_is_answered(held_up: Any) -> None:
    project, first = held_up
    loop.answer(first)
    found = summary.progress_for_leads(project)
    assert found["audits_waiting"] is None
    assert found["audits_answered"] == found["audited"] == answered(project)
    assert audits.in_words(found["audits_answered"], None) == ""


def test_item_that_nobody_holds_waits_in_the_queue(held_up: Any) -> None:
    project, first = held_up
    releasing.release(first)
    waits = audit_counts.waiting(project)
    assert (waits["held"], waits["queued"]) == ([], 1)
    assert audits.in_words(30, waits) == "30 audit items answered; waiting for 1 item in the queue."


def test_item_with_two_holders_is_told_once(
    project: Project, filled: Fill, ana: User, ben: User, lea: User, time_machine: Any
) -> None:
    settings.change_settings(project, audit_share=0.5, overlap=2)
    filled(project, 60)
    project = Project.objects.get(pk=project.pk)
    held = []
    for user in (ana, ben):
        held.append(prefetch.sync_window(project, user, f"{user}/1", holding=[], want=6).next)
        time_machine.shift(5)
    firsts = [next(lease for lease in each if lease.source == Source.AUDIT) for each in held]
    assert firsts[0].item_id == firsts[1].item_id
    for each, first in zip(held, firsts, strict=True):
        for lease in each:
            if lease != first:
                loop.answer(lease)
    time_machine.shift(30)
    waits = audit_counts.waiting(project)
    assert waits["items"] == 1
    assert waits["held"] == [{"user": "ana", "items": 1, "seconds": 40}]
    assert "leased to ana for less than a minute" in audits.in_words(3, waits)


@pytest.mark.parametrize(
    ("waits", "words"),
    [
        (
            {"items": 2, "held": [{"user": "ana", "items": 2, "seconds": 7300}], "queued": 0},
            "waiting for 2 items leased to ana for 2 hours.",
        ),
        (
            {
                "items": 7,
                "held": [{"user": name, "items": 1, "seconds": 60} for name in "abcde"],
                "queued": 2,
            },
            "1 item leased to c for 1 minute, 2 items leased to others, 2 items in the queue.",
        ),
    ],
)
def test_many_holders_are_told_shortly(waits: Any, words: str) -> None:
    assert audits.in_words(54, waits).endswith(words)


def test_only_leads_are_told_who_holds_an_audit(
    held_up: Any, api: Api, lea: User, ana: User
) -> None:
    project, _first = held_up
    address = f"/api/v1/projects/{project.pk}/progress"
    told = api(lea).get(address).json()
    assert told["audits_waiting"]["held"][0]["user"] == "ana"
    hidden = api(ana).get(address).json()
    # It would give away which of one's items are audits.
    assert "audits_waiting" not in hidden
    assert hidden["audits_answered"] == told["audits_answered"]


def test_pages_name_who_holds_what_is_missing(held_up: Any, client: Client, lea: User) -> None:
    project, _first = held_up
    client.force_login(lea)
    page = client.get(f"/projects/{project.pk}/").content.decode()
    n = answered(project)
    assert f"{n} audit items answered; waiting for 1 item leased to ana for 6 minutes." in page
    week = client.get(f"/projects/{project.pk}/summary").content.decode()
    assert "waiting for 1 item leased to ana" in week


def test_estimate_that_waits_for_an_assigned_item_says_for_whom(
    project: Project, filled: Fill, lea: User, ana: User, ben: User
) -> None:
    settings.change_settings(project, audit_share=0.5)
    filled(project, 100)
    made = assigning.begin(project, lea, ["ana"])
    first = Item.objects.filter(project=project).order_by("audit_key")[0]
    first.project = project
    assert assigning.assign(made, first)
    loop.label(project, ben, 55)
    waits = audit_counts.waiting(project)
    assert waits is not None
    assert waits["assigned"] == {"ana": 1}
    assert "1 item assigned to ana" in audits.in_words(20, waits)
    assert "in the queue" not in audits.in_words(20, waits)
