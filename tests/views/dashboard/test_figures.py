"""The figures of the dashboard, the next step, and what its address chooses."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from annotator.models import ModelVersion, Project, Report, Tally, User, WorkerBeat
from tests.given import Fill, SignedIn
from tests.loop import ready_space

pytestmark = pytest.mark.django_db


@pytest.fixture
def running(project: Project, ana: User) -> Any:
    """A project with two measured models, a day apart."""
    Project.objects.filter(pk=project.pk).update(items=2000)
    Tally.objects.create(project=project, user=ana, day="2026-01-01", labels=412, finished=400)
    WorkerBeat.objects.create(name="w", seen_at=timezone.now())
    for number, value in enumerate((0.81, 0.93), start=1):
        made = ModelVersion.objects.create(
            project=project,
            space=ready_space(project),
            number=number,
            labels=["spam", "ham"],
            trained_on=100 * number,
            accuracy={"value": value, "low": 0.8, "high": 0.95, "n": 60, "confidence": 0.95},
            measured={"change": {"value": 0.12, "low": 0.1, "high": 0.2, "n": 60}},
        )
        at = timezone.now() - timedelta(days=2 - number)
        ModelVersion.objects.filter(pk=made.pk).update(created_at=at)
    return project


def page_of(client: Any, project: Project, **query: Any) -> str:
    answer = client.get(reverse("dashboard", args=[project.pk]), query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def figure(page: str, name: str) -> str:
    """Return the text of a figure, without what its help says."""
    found = page.split(f'<div class="key-figure" id="{name}">')[1].split("</dl>")[0]
    found = found.split('<div class="key-figure')[0]
    found = re.sub(r'<span class="help-spot".*?</dt>', "</dt>", found, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def test_accuracy_comes_with_its_interval_and_its_trend(
    signed_in: SignedIn, lea: User, running: Any
) -> None:
    shown = figure(page_of(signed_in(lea), running), "accuracy")
    assert shown == "Accuracy 93% +12.0 points 95% CI 80–95% 60 audit items · model 2"


def test_what_is_left_comes_in_time_and_cost(signed_in: SignedIn, lea: User, running: Any) -> None:
    Project.objects.filter(pk=running.pk).update(
        target_metric="accuracy", target_value=0.95, hourly_rate=30
    )
    found = {
        "model": 2,
        "labels": 200,
        "target": 0.95,
        "seconds": 9.0,
        "gain": None,
        "needed": {"value": 600.0, "low": 500.0, "high": None},
    }
    Report.objects.create(
        project=running, kind="forecast", seq=1, made_at=timezone.now(), found=found
    )
    page = page_of(signed_in(lea), running)
    assert figure(page, "to-go") == "To the target 1:00:00 400 more labels about 30.00"
    assert figure(page, "target").startswith("Target 95%")


def test_progress_is_a_bar(signed_in: SignedIn, lea: User, running: Any) -> None:
    page = page_of(signed_in(lea), running)
    assert figure(page, "labelled") == "Labelled 400 of 2,000 items 412 annotations"
    assert 'max="2000" value="400"' in page


@pytest.mark.parametrize(
    ("changed", "title"),
    [
        ({"items": 0}, "Wait for items"),
        ({}, "Stop, and deliver"),
        ({"budget": 400}, "Stop, or raise the budget"),
        ({"paused_at": timezone.now()}, "Resume the project"),
    ],
)
def test_the_next_step_follows_from_the_state(
    signed_in: SignedIn, lea: User, running: Any, changed: Any, title: str
) -> None:
    Project.objects.filter(pk=running.pk).update(**changed)
    page = page_of(signed_in(lea), running)
    step = page.split('id="next-step"')[1]
    assert f'<span class="figure-value is-words">{title}</span>' in step


def test_audits_come_next_until_the_first_estimate(
    signed_in: SignedIn, lea: User, project: Project, filled: Fill
) -> None:
    filled(project, 3)
    WorkerBeat.objects.create(name="w", seen_at=timezone.now())
    step = page_of(signed_in(lea), project).split('id="next-step"')[1].split("</div>")[0]
    assert "Label</span>" in step
    assert "20 more audits to the first estimate" in step


def test_checklist_leads_to_the_first_estimate(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    Project.objects.filter(pk=project.pk).update(items=10)
    page = page_of(signed_in(lea), project)
    steps = page.split('id="first-steps"')[1].split("</ol>")[0]
    assert "0 of 20 audits labelled" in steps
    assert steps.count('class="is-done"') == 1
    assert reverse("label:desk", args=[project.pk]) in steps
    assert "Learning curve" in page


def test_checklist_ends_with_the_first_estimate(
    signed_in: SignedIn, lea: User, running: Any
) -> None:
    assert 'id="first-steps"' not in page_of(signed_in(lea), running)


def test_two_models_are_compared(signed_in: SignedIn, lea: User, running: Any) -> None:
    page = page_of(signed_in(lea), running, one=2, other=1)
    table = page.split('id="comparison" open')[1].split("</details>")[0]
    cells = [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in table.split("<tr>")]
    assert "labels 200 100 −100" in cells
    assert "accuracy 93% 81% −12.0 points" in cells


def test_days_choose_what_charts_show(signed_in: SignedIn, lea: User, running: Any) -> None:
    yesterday = (timezone.now() - timedelta(days=1)).date().isoformat()
    page = page_of(signed_in(lea), running, to=yesterday)
    assert "81% at 100 labels." in page
    assert f"?to={yesterday}&amp;state=" in page
    chart = reverse("chart", args=[running.pk, "curve", "csv"])
    rows = signed_in(lea).get(chart, {"to": yesterday}).content.decode().split()
    assert len(rows) == 2
    assert len(signed_in(lea).get(chart, {"to": "soon"}).content.decode().split()) == 3
