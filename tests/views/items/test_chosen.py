"""Items chosen one by one: the list shows them and no others."""

from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from annotator.flow.items.criteria import MOST_IDS
from annotator.flow.projects import settings
from annotator.models import Annotation, Project, User
from tests.given import AddItems, SignedIn
from tests.views.items.test_page import lines, shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def five(project: Project, add_items: AddItems) -> Any:
    return [each.pk for each in add_items("rye one", "rye two", "oats", "rye three", "barley")]


def test_only_the_chosen_items_are_shown(
    signed_in: SignedIn, lea: User, project: Project, five: list[int]
) -> None:
    page = shown(signed_in(lea), project, f"?ids={five[3]}.{five[0]}.{five[3]}.999999")
    assert lines(page) == [five[0], five[3]]
    assert "<b>2 items</b>" in page
    assert "chosen on the map: 3" in page
    assert 'name="ids"' in page


def test_other_filters_hold_of_the_chosen_as_well(
    signed_in: SignedIn, lea: User, project: Project, five: list[int]
) -> None:
    some = f"?ids={five[0]}.{five[2]}.{five[3]}"
    assert lines(shown(signed_in(lea), project, f"{some}&q=rye")) == [five[0], five[3]]
    backwards = [five[3], five[2], five[0]]
    assert lines(shown(signed_in(lea), project, f"{some}&sort=-position")) == backwards


def test_items_of_another_project_stay_hidden(
    signed_in: SignedIn, lea: User, olga: User, project: Project, five: list[int]
) -> None:
    other = settings.create_project(olga, name="Other", labels=["a", "b"])
    client = signed_in(olga)
    assert lines(shown(client, project, f"?ids={five[1]}")) == [five[1]]
    assert lines(shown(client, other, f"?ids={five[1]}")) == []


@pytest.mark.parametrize(
    ("ids", "words"),
    [("4.x", "ids takes the ids"), (".".join(["7"] * (MOST_IDS + 1)), "At most 400 ids")],
)
def test_list_that_cannot_be_read_is_said(
    signed_in: SignedIn, lea: User, project: Project, five: list[int], ids: str, words: str
) -> None:
    page = shown(signed_in(lea), project, f"?ids={ids}")
    assert words in page
    assert lines(page) == []


def test_bulk_edit_of_all_that_match_takes_the_chosen(
    signed_in: SignedIn, lea: User, project: Project, five: list[int]
) -> None:
    address = reverse("bulk_items", args=[project.pk]) + f"?ids={five[1]}.{five[2]}"
    sent = {"bulk-action": "label", "bulk-label": "spam", "bulk-whole": "on"}
    signed_in(lea).post(address, sent)
    given = Annotation.objects.filter(project=project).values_list("item", flat=True)
    assert sorted(given) == five[1:3]


def test_chosen_items_cost_as_many_queries_as_a_page(
    signed_in: SignedIn,
    lea: User,
    project: Project,
    five: list[int],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = signed_in(lea)
    shown(client, project)
    with django_assert_max_num_queries(18):
        shown(client, project, f"?ids={'.'.join(map(str, five))}")
