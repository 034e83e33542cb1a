"""Every chart as a file, from a project that has gone through rounds, and from an empty one."""

import csv
import io
import json
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from annotator.flow.operations import background_reports
from annotator.flow.progress import recall_standing
from annotator.flow.projects import settings as project_settings
from annotator.models import ModelVersion, Project, Report, Tally, User
from annotator.views.charts import registry
from annotator.views.charts.data import ChartData
from tests import loop
from tests.given import SignedIn
from tests.kept import Kept, keeping
from tests.loop import ready_space

pytestmark = pytest.mark.django_db

ESTIMATE = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 60, "confidence": 0.95}


def work() -> Project:
    project = loop.mail_project()
    loop.fill(project, 60)
    loop.make_features(project)
    loop.label(project, loop.person("ana"), 24)
    loop.go_round(project)
    background_reports.make_all(project.pk)
    ModelVersion.objects.all().delete()
    for number in (1, 2):
        add_model(project, number)
    project.rounds.update(
        model=ModelVersion.objects.first(),
        distribution={"pool": [10] * 20, "picks": [0] * 10 + [2] * 10, "predicted": [30, 70]},
        timings={"train": 0.2, "score": 0.4, "select": 0.1, "refill": 0.1, "evaluate": 0.5},
    )
    weeks = [{"week": "2026-W11", "value": 0.8, "low": 0.7, "high": 0.9, "n": 40}]
    Report.objects.filter(kind="quality").update(found={"weeks": weeks})
    add_screening(project)
    return project


worked_once = keeping(lambda _patch: work())


@pytest.fixture
def worked(worked_once: Kept, db: None, settings: Settings) -> Project:
    """A project with rounds behind it, of which two models were measured in full."""
    return worked_once.put(settings)


def add_model(project: Project, number: Any) -> None:
    labels = list(project.labels.values_list("pk", flat=True))
    ModelVersion.objects.create(
        project=project,
        space=ready_space(project),
        number=number,
        labels=labels,
        trained_on=100 * number,
        seen={str(labels[0]): 40 * number, str(labels[1]): 60 * number},
        accuracy=ESTIMATE,
        macro_f1=0.88,
        measured={
            "macro_f1": {**ESTIMATE, "value": 0.88},
            "classes": [
                {"label": pk, "precision": ESTIMATE, "recall": {**ESTIMATE, "value": 0.85}}
                for pk in labels
            ],
            "change": {**ESTIMATE, "value": 0.02, "low": -0.01, "high": 0.05},
            "moved": {"share": 0.04, "n": 1000, "kappas": [0.93]},
            "spent": {
                "answers": 100 * number,
                "seconds": 900.0 * number,
                "sources": {"active": 80 * number, "audit": 20 * number},
            },
        },
    )


def add_screening(project: Project) -> None:
    project_settings.change_settings(
        project, rare_label="spam", target_metric="recall", target_value=0.9
    )
    step = {"proven": False, "p_value": 0.4, "reads_needed": 425}
    Report.objects.update_or_create(
        project=project,
        kind=recall_standing.KIND,
        defaults={
            "seq": 1,
            "made_at": project.created_at,
            "found": {
                "label": project.labels.get(name="spam").pk,
                "recall": None,
                "steps": [
                    {"target": 0.8, "proven": True, "p_value": 0.01, "reads_needed": 0},
                    *({**step, "target": target} for target in (0.9, 0.95)),
                ],
            },
        },
    )


def answer_of(client: Any, project: Project, name: Any, form: Any, query: str = "") -> Any:
    answer = client.get(reverse("chart", args=[project.pk, name, form]) + query)
    assert answer.status_code == 200
    return answer.content


@pytest.mark.parametrize("name", sorted(registry.CHARTS))
def test_every_chart_has_rows_words_and_files(
    signed_in: SignedIn, lea: User, worked: Any, name: Any
) -> None:
    client = signed_in(lea)
    figure = registry.figure(ChartData(worked), name)
    assert figure["is_there"]
    assert figure["words"]
    assert all(len(row) == len(figure["columns"]) for row in figure["table"])
    assert answer_of(client, worked, name, "png").startswith(b"\x89PNG")
    drawing = answer_of(client, worked, name, "svg", "?theme=dark&size=narrow").decode()
    # Marks, not axes alone.
    assert 'aria-roledescription="mark' in drawing or "mark-" in drawing
    spec = json.loads(answer_of(client, worked, name, "json"))
    assert spec["$schema"].endswith("vega-lite/v5.json")
    assert spec["description"]
    table = list(csv.DictReader(io.StringIO(answer_of(client, worked, name, "csv").decode())))
    assert len(table) == len(registry.CHARTS[name].rows(ChartData(worked)))


@pytest.mark.parametrize("name", sorted(registry.CHARTS))
def test_every_chart_says_when_there_will_be_something(
    signed_in: SignedIn, lea: User, project: Project, name: Any
) -> None:
    figure = registry.figure(ChartData(project), name)
    assert not figure["is_there"]
    assert figure["empty"]
    assert answer_of(signed_in(lea), project, name, "svg").startswith(b"<svg")
    assert answer_of(signed_in(lea), project, name, "csv").strip()


def test_label_that_looks_like_a_formula_is_none_in_the_csv(
    signed_in: SignedIn, lea: User, worked: Any
) -> None:
    worked.labels.filter(name="spam").update(name="=1+1")
    text = answer_of(signed_in(lea), worked, "classes", "csv").decode()
    assert "'=1+1" in text


def test_label_that_is_no_more_is_said_to_be_none(worked: Any) -> None:
    version = ModelVersion.objects.filter(project=worked).first()
    version.measured["classes"][0]["label"] = 10**6
    version.save(update_fields=["measured"])
    rows = registry.CHARTS["classes"].rows(ChartData(worked))
    assert "(deleted label)" in {row["label"] for row in rows}


def test_sources_of_two_models_with_as_many_labels_are_told_once(worked: Any) -> None:
    ModelVersion.objects.filter(project=worked).update(trained_on=100)
    chart = registry.CHARTS["sources"]
    assert chart.words(chart.rows(ChartData(worked))).count("audit sample") == 1


def test_cost_is_in_money_where_a_rate_is_set(worked: Any) -> None:
    without = registry.CHARTS["cost"].rows(ChartData(worked))
    assert [row["hours"] for row in without] == [0.25, 0.5]
    assert without[1]["per_label"] == pytest.approx(0.0025)
    Project.objects.filter(pk=worked.pk).update(hourly_rate=30)
    rows = registry.CHARTS["cost"].rows(ChartData(Project.objects.get(pk=worked.pk)))
    assert [row["cost"] for row in rows] == [7.5, 15.0]
    # Accuracy did not rise, so a point has no price.
    assert rows[1]["per_point"] is None
    assert rows[1]["per_label"] == pytest.approx(0.075)
    project_settings.change_settings(Project.objects.get(pk=worked.pk), currency="EUR")
    cost, facts = registry.CHARTS["cost"], ChartData(Project.objects.get(pk=worked.pk))
    row = cost.rows(facts)[1]
    said = {column.field: column.cell(row)["words"] for column in cost.columns}
    assert (said["cost"], said["per_label"], said["per_point"]) == ("€15.00", "€0.0750", "–")
    assert "at a cost of €15.00" in cost.words([row])


def test_unknown_forms_are_not_found(signed_in: SignedIn, lea: User, project: Project) -> None:
    for name, form in (("curve", "exe"), ("curves", "svg")):
        answer = signed_in(lea).get(reverse("chart", args=[project.pk, name, form]))
        assert answer.status_code == 404


def test_figures_of_a_page_cost_few_queries(
    worked: Any, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    Tally.objects.create(project=worked, user=worked.created_by, day="2026-01-01", labels=5)
    with django_assert_max_num_queries(len(registry.CHARTS)):
        facts = ChartData(worked)
        for name in registry.CHARTS:
            registry.figure(facts, name)
