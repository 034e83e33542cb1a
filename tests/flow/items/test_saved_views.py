"""Saved views: named, own or shared, ordered as tabs."""

from typing import Any

import pytest

from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.items import saved_views
from annotator.models import Project, SavedView, User

pytestmark = pytest.mark.django_db


def names(project: Project, user: User) -> list[str]:
    return [each.name for each in saved_views.shown(project, user)]


def test_view_keeps_what_makes_it_up_and_no_page(project: Project, lea: User) -> None:
    query = "after=50&item=3&q=&label=spam&columns=label&columns=at&sort=newest&unsure=1"
    made = saved_views.save(project, lea, "  My  view ", query)
    assert made.name == "My view"
    assert made.query == "label=spam&unsure=1&sort=newest&columns=label&columns=at"


def test_views_are_ones_own_unless_they_are_shared(project: Project, lea: User, olga: User) -> None:
    saved_views.save(project, lea, "Mine", "label=spam")
    shared = saved_views.save(project, lea, "Ours", "unsure=1", is_shared=True)
    assert names(project, olga) == ["Ours"]
    with pytest.raises(NotFound):
        saved_views.find(project, olga, shared.pk)
    saved_views.share(shared, False)
    assert names(project, olga) == []


def test_tabs_are_ordered_by_their_owner(project: Project, lea: User) -> None:
    made = [saved_views.save(project, lea, name, f"q={name}") for name in "abc"]
    saved_views.move(made[2], -1)
    assert names(project, lea) == ["a", "c", "b"]
    saved_views.move(made[0], -1)
    assert names(project, lea) == ["a", "c", "b"]
    saved_views.move(made[0], 1)
    assert names(project, lea) == ["c", "a", "b"]
    saved_views.delete(made[1])
    assert names(project, lea) == ["c", "a"]


@pytest.mark.parametrize(
    ("name", "query", "error"),
    [("", "q=a", Invalid), ("n" * 61, "q=a", Invalid), ("long", "q=" + "a" * 3000, Invalid)],
)
def test_view_that_cannot_be_saved_is_refused(
    project: Project, lea: User, name: str, query: str, error: Any
) -> None:
    with pytest.raises(error):
        saved_views.save(project, lea, name, query)
    assert not SavedView.objects.exists()


def test_name_is_taken_once_per_person(project: Project, lea: User, olga: User) -> None:
    saved_views.save(project, lea, "Same", "q=a")
    saved_views.save(project, olga, "Same", "q=b")
    with pytest.raises(Conflict):
        saved_views.save(project, lea, "Same", "q=c")


def test_number_of_views_is_bounded(
    project: Project, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_views, "MOST", 1)
    saved_views.save(project, lea, "One", "q=a")
    with pytest.raises(Conflict):
        saved_views.save(project, lea, "Two", "q=b")
