"""How the project stands."""

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotator.flow.queue import leasing, releasing
from annotator.models import Import, ModelVersion, Project, Round, Tally, User, WorkerBeat
from annotator.views.charts import registry
from tests.given import Fill, Region, SignedIn
from tests.loop import ready_space

pytestmark = pytest.mark.django_db


def at(project: Project) -> str:
    return reverse("dashboard", args=[project.pk])


def page_of(client: Any, project: Project) -> Any:
    answer = client.get(at(project))
    assert answer.status_code == 200
    return answer.content.decode()


def measure(project: Project, number: Any, value: Any, n: Any = 60, **more: Any) -> Any:
    return ModelVersion.objects.create(
        project=project,
        space=ready_space(project),
        number=number,
        labels=["spam", "ham"],
        trained_on=100 * number,
        accuracy={
            "value": value,
            "low": value - 0.03,
            "high": value + 0.02,
            "n": n,
            "confidence": 0.95,
            **more,
        },
    )


@pytest.fixture
def running(project: Project, ana: User) -> Any:
    """A project with items, labels and measured models."""
    Project.objects.filter(pk=project.pk).update(items=2000)
    Tally.objects.create(project=project, user=ana, day="2026-01-01", labels=412, finished=412)
    for number, value in enumerate((0.81, 0.88, 0.93), start=1):
        measure(project, number, value)
    return project


def test_sentence_comes_with_n_and_interval(signed_in: SignedIn, lea: User, running: Any) -> None:
    page = page_of(signed_in(lea), running)
    # The labels that model 3 learnt from, whatever came later.
    assert ("Accuracy 93% (95% CI 90–95%) on 60 audit items after 300 labels (model 3).") in page


def test_without_an_estimate_it_says_what_is_missing(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    assert "No items yet" in page_of(signed_in(lea), project)
    Project.objects.filter(pk=project.pk).update(items=10)
    assert "0 of the first 20 audit items are labelled" in page_of(signed_in(lea), project)


def test_annotators_see_progress_and_their_own_numbers_only(
    signed_in: SignedIn, ana: User, running: Any
) -> None:
    page = page_of(signed_in(ana), running)
    assert "yours today" in page
    for leads_only in ("right,", "Learning curve", "Start a round", "Export", "No worker"):
        assert leads_only not in page


def test_dead_worker_is_named(signed_in: SignedIn, lea: User, running: Any) -> None:
    assert "No worker is running" in page_of(signed_in(lea), running)
    beat = WorkerBeat.objects.create(name="w", seen_at=timezone.now())
    assert "No worker" not in page_of(signed_in(lea), running)
    WorkerBeat.objects.filter(pk=beat.pk).update(
        seen_at=timezone.now() - timezone.timedelta(seconds=50)
    )
    assert "No worker seen for" in page_of(signed_in(lea), running)


def test_what_is_under_way_has_a_bar(signed_in: SignedIn, olga: User, running: Any) -> None:
    Import.objects.create(
        project=running, name="more.csv", path="x", state="running", total=10, done=4
    )
    page = page_of(signed_in(olga), running)
    assert 'max="10" value="4"' in page
    assert 'hx-trigger="every 2s"' in page


def test_quiet_project_is_asked_about_less_often(
    signed_in: SignedIn, lea: User, running: Any
) -> None:
    assert 'hx-trigger="every 10s"' in page_of(signed_in(lea), running)


def test_poll_answers_204_until_something_changed(
    signed_in: SignedIn, lea: User, running: Any, region: Region
) -> None:
    client = signed_in(lea)
    WorkerBeat.objects.create(name="w", seen_at=timezone.now())
    address = re.search(r'hx-get="([^"]+)"', page_of(client, running))[1]
    assert client.get(address, headers=region("live")).status_code == 204
    measure(running, 4, 0.94)
    changed = client.get(address, headers=region("live"))
    assert changed.content.decode().strip().startswith('<div id="live"')


def test_failed_round_tells_its_error(signed_in: SignedIn, lea: User, running: Any) -> None:
    Round.objects.create(
        project=running,
        space=ready_space(running),
        number=1,
        state="failed",
        trigger="labels",
        strategy="auto",
        seq=0,
        error="The features are gone.",
        finished_at=timezone.now(),
    )
    assert "The features are gone." in page_of(signed_in(lea), running)


def test_curve_is_a_picture_with_words_and_a_table(
    signed_in: SignedIn, lea: User, running: Any
) -> None:
    page = page_of(signed_in(lea), running)
    assert "From 81% at 100 labels to 93% at 300 labels." in page
    assert "As a table" in page
    assert "/charts/curve.svg?theme=dark" in page


@pytest.mark.parametrize("name", sorted(registry.CHARTS))
@pytest.mark.parametrize("query", ["", "?theme=dark&size=narrow"])
def test_chart_is_an_svg_without_styles_or_scripts(
    signed_in: SignedIn, lea: User, running: Any, name: Any, query: str
) -> None:
    answer = signed_in(lea).get(reverse("chart", args=[running.pk, name, "svg"]) + query)
    drawing = answer.content.decode()
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert drawing.startswith("<svg")
    for forbidden in ("<style", " style=", "<script"):
        assert forbidden not in drawing


def test_points_from_too_few_audit_items_stay_out(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    measure(project, 1, 0.9, n=4)
    assert "Available after the first accuracy estimate" in page_of(signed_in(lea), project)


def test_stop_advice_is_shown_with_its_reason(signed_in: SignedIn, lea: User, running: Any) -> None:
    Project.objects.filter(pk=running.pk).update(budget=400)
    page = page_of(signed_in(lea), running)
    assert "Budget spent: 412 of 400 labels." in page
    assert "you can stop" not in page
    goal = {"target_metric": "accuracy", "target_value": 0.5}
    Project.objects.filter(pk=running.pk).update(**goal)
    measure(running, 9, 0.58, proven=0.42)
    page = page_of(signed_in(lea), running)
    assert "Budget spent; target not proven: 58% [" in page
    assert "target 50%." in page
    assert "you can stop" not in page
    measure(running, 10, 0.58, proven=0.5)
    page = page_of(signed_in(lea), running)
    assert "Stopping criterion met: you can stop." in page


def test_round_by_hand_without_features_says_why_not(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    answer = signed_in(lea).post(reverse("start_round", args=[project.pk]), follow=True)
    assert "still being computed" in answer.content.decode()


def test_round_by_hand_starts_one(signed_in: SignedIn, lea: User, running: Any) -> None:
    answer = signed_in(lea).post(reverse("start_round", args=[running.pk]), follow=True)
    assert "Round 1 started." in answer.content.decode()
    assert Round.objects.get().trigger == "by hand"


def test_dashboard_costs_the_same_with_many_rounds(
    signed_in: SignedIn,
    lea: User,
    running: Any,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(1, 40):
        Round.objects.create(
            project=running,
            space=ready_space(running),
            number=number,
            state="done",
            trigger="labels",
            strategy="auto",
            seq=0,
        )
    client = signed_in(lea)
    client.get(at(running))
    with django_assert_max_num_queries(30):
        page = client.get(at(running)).content.decode()
    assert '<th scope="row" class="number">39</th>' in page


# Set aside ---------------------------------------------------------------------------------------


def test_what_everybody_skipped_is_said_to_leads_who_can_have_it_asked_again(
    signed_in: SignedIn, project: Project, filled: Fill, ana: User, ben: User, lea: User
) -> None:
    filled(project, 2)
    assert 'id="aside"' not in page_of(signed_in(lea), project)
    for person in (ana, ben):
        releasing.skip(leasing.lease_next(project, person))
    page = page_of(signed_in(lea), project)
    assert "1 item was skipped by every annotator" in page
    assert 'id="aside"' not in page_of(signed_in(ana), project)
    found = signed_in(lea).get(reverse("items", args=[project.pk]), {"state": "aside"})
    assert found.content.decode().count("find-item") == 1
    answer = signed_in(lea).post(reverse("put_back", args=[project.pk]), follow=True)
    assert "1 item requeued." in answer.content.decode()
    assert 'id="aside"' not in page_of(signed_in(lea), project)
