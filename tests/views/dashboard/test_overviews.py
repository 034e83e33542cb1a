"""The map of the pool, and a week on a sheet of paper."""

from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from annotator.flow.operations import background_reports
from annotator.models import Project, Tally, User
from tests import loop
from tests.given import SignedIn

pytestmark = pytest.mark.django_db


def page_of(client: Any, name: Any, project: Project, query: str = "") -> Any:
    answer = client.get(reverse(name, args=[project.pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def learnt(project: Project, ana: User) -> Any:
    """A project with a round behind it, and its reports."""
    loop.fill(project, 80)
    loop.make_features(project)
    loop.label(project, ana, 40)
    loop.go_round(project)
    background_reports.make_all(project.pk)
    return project


def test_points_of_the_map_open_their_items(signed_in: SignedIn, lea: User, learnt: Any) -> None:
    page = page_of(signed_in(lea), "map", learnt)
    item = background_reports.report(learnt, "plane")["points"][0][2]
    assert f"items?like={item}" in page
    assert "After round 1." in page
    for forbidden in ("<style", " style=", "<script>"):
        assert forbidden not in page


def test_map_says_when_there_will_be_one(signed_in: SignedIn, lea: User, project: Project) -> None:
    assert "after the first round with a model" in page_of(signed_in(lea), "map", project)


def test_map_is_drawn_from_what_was_kept(
    signed_in: SignedIn,
    lea: User,
    learnt: Any,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = signed_in(lea)
    page_of(client, "map", learnt)
    with django_assert_max_num_queries(8):
        page_of(client, "map", learnt)


def test_week_counts_its_own_days_alone(
    signed_in: SignedIn, lea: User, project: Project, ana: User, ben: User
) -> None:
    for day, labels in (("2026-03-08", 7), ("2026-03-09", 20), ("2026-03-15", 3)):
        Tally.objects.create(project=project, user=ana, day=day, labels=labels, seconds=1800)
    Tally.objects.create(project=project, user=ben, day="2026-03-10", labels=100, seconds=1800)
    page = page_of(signed_in(lea), "summary", project, "?week=2026-W11")
    assert "9 Mar 2026 to 15 Mar 2026" in page
    assert "<dd>123</dd>" in page
    assert "<dd>1.5</dd>" in page
    assert "?week=2026-W10" in page
    assert "?week=2026-W12" in page
    assert "Accuracy was not measured this week." in page


def test_week_of_a_new_estimate_tells_it(signed_in: SignedIn, lea: User, learnt: Any) -> None:
    version = learnt.models.first()
    version.accuracy = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 40, "confidence": 0.95}
    version.save(update_fields=["accuracy"])
    page = page_of(signed_in(lea), "summary", learnt)
    assert "First measured this week: Accuracy 90%" in page


@pytest.mark.parametrize("week", ["2026", "2026-W60", "x-Wy"])
def test_week_that_is_none_is_not_found(
    signed_in: SignedIn, lea: User, project: Project, week: str
) -> None:
    answer = signed_in(lea).get(reverse("summary", args=[project.pk]), {"week": week})
    assert answer.status_code == 404


def test_week_costs_few_queries(
    signed_in: SignedIn,
    lea: User,
    learnt: Any,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = signed_in(lea)
    with django_assert_max_num_queries(32):
        page_of(client, "summary", learnt)
