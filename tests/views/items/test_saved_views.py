"""Tabs of the item list, its columns, and assignments beside it."""

from typing import Any

import pytest
from django.urls import reverse

from annotator.flow.items import saved_views
from annotator.models import Assignment, Project, QueueEntry, User
from tests.given import Fill, SignedIn

pytestmark = pytest.mark.django_db


def at(project: Project, name: str = "items", *more: Any) -> str:
    return reverse(name, args=[project.pk, *more])


def test_list_is_saved_as_a_tab(
    signed_in: SignedIn, lea: User, project: Project, filled: Fill
) -> None:
    filled(project, 4)
    client = signed_in(lea)
    assert "Save this view" not in client.get(at(project)).content.decode()
    page = client.get(f"{at(project)}?label=spam&sort=newest").content.decode()
    assert "Save this view" in page
    answer = client.post(
        f"{at(project, 'save_view')}?label=spam&sort=newest&after=3", {"name": "Spam"}
    )
    assert answer.headers["Location"] == f"{at(project)}?label=spam&sort=newest"
    page = client.get(answer.headers["Location"]).content.decode()
    assert '?label=spam&amp;sort=newest" aria-current="page" dir="auto">Spam</a>' in page
    assert "Save this view" not in page


def test_tab_of_another_lead_cannot_be_changed(
    signed_in: SignedIn, lea: User, olga: User, ana: User, project: Project
) -> None:
    made = saved_views.save(project, lea, "Ours", "unsure=1", is_shared=True)
    change = at(project, "change_view", made.pk)
    assert signed_in(olga).post(change, {"delete": "1"}).status_code == 404
    assert signed_in(ana).post(change, {"delete": "1"}).status_code == 403
    page = signed_in(olga).get(f"{at(project)}?unsure=1").content.decode()
    assert "Shared by lea" in page
    assert "Delete the view" not in page
    assert signed_in(lea).post(change, {"delete": "1"}).status_code == 302
    assert saved_views.shown(project, lea) == []


def test_chosen_columns_are_remembered(
    signed_in: SignedIn, lea: User, project: Project, filled: Fill
) -> None:
    filled(project, 2)
    client = signed_in(lea)
    client.get(f"{at(project)}?columns=key&columns=at")
    page = client.get(at(project))
    assert page.context["columns"] == ["key", "at"]
    assert page.context["form"]["columns"].value() == ["key", "at"]


def test_tabs_cost_one_query(
    signed_in: SignedIn, lea: User, project: Project, filled: Fill, django_assert_num_queries: Any
) -> None:
    filled(project, 3)
    client = signed_in(lea)
    client.get(at(project))
    saved_views.save(project, lea, "One", "unsure=1")
    with django_assert_num_queries(1):
        saved_views.shown(project, lea)
    for number in range(5):
        saved_views.save(project, lea, f"View {number}", f"q={number}")
    with django_assert_num_queries(1):
        assert len(saved_views.shown(project, lea)) == 6


def test_selected_items_are_assigned_and_revoked(
    signed_in: SignedIn, lea: User, ana: User, project: Project, filled: Fill
) -> None:
    items = filled(project, 6)
    client = signed_in(lea)
    sent = {
        "bulk-action": "assign",
        "bulk-people": ["ana", "ben"],
        "items": [str(each.pk) for each in items[:4]],
    }
    client.post(at(project, "bulk_items"), sent)
    assert QueueEntry.objects.filter(assignment__isnull=False).count() == 4
    page = client.get(at(project, "assignments")).content.decode()
    assert "ana, ben" in page
    assert "0 of 4" in page
    found = Assignment.objects.get()
    client.post(at(project, "revoke_assignment", found.pk))
    assert "Nothing is assigned" in client.get(at(project, "assignments")).content.decode()
    assert signed_in(ana).get(at(project, "assignments")).status_code == 403


def test_share_of_the_queue_is_assigned(
    signed_in: SignedIn, lea: User, project: Project, filled: Fill
) -> None:
    filled(project, 6)
    client = signed_in(lea)
    answer = client.post(at(project, "assignments"), {"people": "ana", "share": "120"})
    assert answer.status_code == 422
    client.post(at(project, "assignments"), {"people": "ana", "share": "30"})
    assert Assignment.objects.get().share == 0.3
    assert "30%" in client.get(at(project, "assignments")).content.decode()
