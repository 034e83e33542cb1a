"""The accuracy: one source, of one model, proven for a pool of known size, told in one sentence."""

import importlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from annotator.flow.annotation import revise
from annotator.flow.evaluation import forecast as evaluation_forecast
from annotator.flow.evaluation import weekly_summary
from annotator.flow.operations import background_reports
from annotator.flow.progress import estimate as estimates
from annotator.flow.progress import model_history, spending, summary
from annotator.flow.projects import overview, settings
from annotator.i18n import numbers
from annotator.messages import estimate as messages_estimate
from annotator.messages import forecast as messages_forecast
from annotator.messages import progress as worded
from annotator.messages.stopping import goal_words
from annotator.models import Annotation, Item, ModelVersion, Project, Report, Source, User
from annotator.pool import audit_set
from annotator.views import number_format
from annotator.views.charts import learning_curve, per_class
from annotator.views.charts.data import ChartData
from selection.core.intervals import population_interval
from tests import loop
from tests.given import Api, PutState

pytestmark = pytest.mark.django_db

TOLD = {"value": 0.93, "low": 0.9, "high": 0.953, "n": 60, "confidence": 0.95}


# In words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, ""),
        ({"model": 5, "labels": 102}, " after 102 labels (model 5)"),
        (
            {"model": 5, "labels": 102, "proven": 0.8779, "proven_at": 50},
            " after 102 labels (model 5); guaranteed: at least 87.7%",
        ),
        ({"proven": 0.0}, ""),
    ],
)
def test_sentence_names_the_model_and_what_is_proven(more: Any, words: str) -> None:
    said = messages_estimate.in_words({**TOLD, **more})
    assert said == f"Accuracy 93% (95% CI 90–95%) on 60 audit items{words}"


def test_interval_and_proof_are_told_apart() -> None:
    said = messages_estimate.why_two({**TOLD, "proven": 0.87, "proven_at": 50})
    assert "a single measurement, the guarantee for all measurements together" in said
    assert said.endswith("It was last updated after 50 audit items.")
    assert (
        messages_estimate.why_two({**TOLD, "proven": 0.0}) == messages_estimate.why_two(None) == ""
    )


@pytest.mark.parametrize("share", [0.8999, 0.89999999])
def test_proof_is_never_rounded_up(share: float) -> None:
    assert numbers.bound(share) == "89.9"
    assert "89.9%" in goal_words(share, 0.85)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            {"needed": 144, "population": 5600, "audits_left": 500},
            "about 144 more audit items would",
        ),
        (
            {"needed": 5540, "population": 5600, "audits_left": 5540},
            "only auditing all 5,600 items would prove the target of 90%.",
        ),
        (
            {"needed": None, "population": 5600, "value": 0.88},
            "The accuracy of 88% is below the target of 90%. Even auditing all 5,600 items would "
            "not prove it; the model must improve first.",
        ),
        (
            {"needed": 3144, "population": 5600, "audits_left": 780},
            "adds only 780 more. Increase its share to reach the target.",
        ),
    ],
)
def test_needed_audits_respect_the_pool_in_words(project: Project, told: Any, words: str) -> None:
    project.target_value = 0.9
    said = messages_estimate.needed_in_words(project, {**TOLD, "target": 0.9, **told})
    assert words in said
    assert ("Increase its share" in said) == (told.get("audits_left") == 780)


# What a round measures ---------------------------------------------------------------------------


@pytest.fixture
def measured_project(put_state: PutState) -> Any:
    """A project with a target, after a round that measured it on many audits."""
    return put_state(_measured_project)


def _measured_project() -> Project:
    project = loop.mail_project()
    ana = loop.person("ana")
    settings.change_settings(project, audit_share=0.5, target_value=0.8, hourly_rate=36)
    loop.fill(project, 120)
    project = Project.objects.get(pk=project.pk)
    loop.make_features(project)
    loop.label(project, ana, 70)
    loop.go_round(project)
    return Project.objects.get(pk=project.pk)


def test_interval_and_proof_are_those_of_a_pool_of_known_size(measured_project: Any) -> None:
    found = measured_project.models.first().accuracy
    behind = Item.objects.filter(
        project=measured_project, audit_key__gt=audit_set.audit_frontier(measured_project)
    ).count()
    assert found["population"] == found["n"] + behind <= 120
    right = round(found["value"] * found["n"])
    low, high = population_interval(right, found["n"], found["population"])
    assert found["low"] == pytest.approx(min(low, found["value"]))
    assert found["high"] == pytest.approx(max(high, found["value"]))
    assert found["proven_at"] == 25
    assert 0 < found["proven"] <= found["value"] + 0.1
    assert found["needed"] is None or found["needed"] <= behind


def test_every_page_has_the_same_estimate(measured_project: Any, lea: User) -> None:
    version, now = measured_project.models.first(), timezone.now()
    expected = estimates.told(version.number, version.trained_on, version.accuracy)
    monday = (now - timedelta(days=now.weekday())).date()
    (row,) = (each for each in overview.rows(lea) if each.project == measured_project)
    shown = worded.progress(measured_project)["accuracy"]
    assert shown.pop("words") == number_format.accuracy(expected)
    told = (
        estimates.newest(measured_project),
        estimates.of_all([measured_project.pk])[measured_project.pk],
        estimates.newest(measured_project),
        shown,
        row.estimate,
        weekly_summary.done_in(measured_project, monday)["accuracy_after"],
    )
    assert all(each == expected for each in told)
    assert (
        number_format.standing(summary.progress(measured_project), 20)
        == f"{number_format.accuracy(expected)}."
    )


def test_costs_are_booked_at_the_labels_that_the_model_read(
    measured_project: Any, ana: User
) -> None:
    turn = loop.start(measured_project)
    loop.go_stage(turn, "train")
    read = measured_project.models.first().trained_on
    # While it scores, people go on.
    loop.label(measured_project, ana, 15)
    for stage in ("score", "select", "refill", "evaluate"):
        loop.go_stage(turn, stage)
    point = model_history.curve(measured_project)[-1]
    assert point["labels"] == point["spent"]["answers"] == read == 70
    assert sum(point["spent"]["sources"].values()) == 70
    assert Annotation.objects.filter(project=measured_project).count() == 85
    rows = learning_curve.cost_rows(ChartData(measured_project))
    assert [row["answers"] for row in rows] == [row["labels"] for row in rows]


@pytest.mark.django_db(transaction=True)
def test_label_that_comes_while_they_are_read_is_in_both_or_in_none(
    measured_project: Any, ana: User
) -> None:
    def give_one() -> None:
        try:
            loop.label(measured_project, ana, 1)
        finally:
            connection.close()

    def read() -> Any:
        found = Annotation.objects.filter(project=measured_project).count()
        with ThreadPoolExecutor(1) as others:
            others.submit(give_one).result(30)
        return found

    found, cost = spending.read_with(measured_project, read)
    assert found == cost["answers"] == 70
    assert Annotation.objects.filter(project=measured_project).count() == 71


def test_predicted_and_labelled_add_up_to_all_items(measured_project: Any, ben: User) -> None:
    # In the audit reserve, leased, and parked: all of these are the rest.
    skipped = loop.label(measured_project, ben, 1)[0].item
    Item.objects.filter(pk=skipped.pk).update(state=Item.State.ASIDE)
    loop.go_round(measured_project)
    rows = per_class.balance_rows(ChartData(measured_project))
    labelled = Item.objects.filter(project=measured_project, state=Item.State.LABELLED).count()
    assert sum(row["predicted"] for row in rows) == 120 - labelled
    uncertain = model_history.uncertainty(model_history.newest_scored_round(measured_project))
    assert sum(uncertain["pool"]) == 120 - labelled


# Forecasts ---------------------------------------------------------------------------------------


@pytest.fixture
def forecast_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the forecast alone, without the other reports."""
    monkeypatch.setattr(background_reports, "MAKERS", {"forecast": evaluation_forecast.report})


def version(project: Project, number: Any, value: Any, labels: Any = None) -> Any:
    return ModelVersion.objects.create(
        project=project,
        space=loop.ready_space(project),
        number=number,
        labels=[],
        trained_on=labels or 50 * number,
        accuracy={**TOLD, "value": value, "low": value - 0.04, "high": value + 0.04},
        measured={"moved": None, "spent": None},
    )


def test_forecast_follows_a_model_that_was_measured_without_a_label_more(
    project: Project, forecast_alone: Any
) -> None:
    version(project, 1, 0.8)
    background_reports.make_all(project.pk)
    assert background_reports.latest_reports(project)["forecast"]["model"] == 1
    version(project, 2, 0.85)
    # Its message may be lost; the sweep finds it.
    assert background_reports.overdue() == [project.pk]
    background_reports.make_all(project.pk)
    found = background_reports.latest_reports(project)["forecast"]
    assert (found["model"], found["labels"]) == (2, 100)
    assert background_reports.overdue() == []


def test_forecast_follows_a_target_that_was_changed(project: Project, forecast_alone: Any) -> None:
    version(project, 1, 0.8)
    background_reports.make_all(project.pk)
    assert background_reports.overdue() == []
    settings.change_settings(project, target_value=0.9)
    assert background_reports.overdue() == [project.pk]
    background_reports.make_all(project.pk)
    assert background_reports.latest_reports(project)["forecast"]["target"] == 0.9
    assert background_reports.overdue() == []


def test_older_report_replaces_no_newer_one(project: Project, forecast_alone: Any) -> None:
    version(project, 1, 0.8)
    background_reports.make_all(project.pk)
    Report.objects.update(model=7)
    background_reports._store(project, "forecast", 0, model=1, found={"model": 1})
    assert Report.objects.get().model == 7


def test_forecast_is_never_put_off_for_long(project: Project, forecast_alone: Any) -> None:
    version(project, 1, 0.8)
    background_reports.make_all(project.pk)
    report = Report.objects.get()
    # It took long because the worker was busy.
    report.seconds = 72.0
    assert report.rests_until - report.made_at <= timedelta(seconds=60)
    report.kind = "plane"
    assert report.rests_until - report.made_at == timedelta(seconds=1440)


GAIN = {"value": 0.01, "low": 0.005, "high": 0.02}


def told_of(project: Project, model: Any, forecast: Any, value: float = 0.93) -> Any:
    estimate = {**TOLD, "value": value, "model": model, "labels": 50 * model}
    return messages_forecast.in_words(project, estimate, {"forecast": forecast})


def test_forecast_names_its_model_and_that_it_is_behind(project: Project) -> None:
    forecast = {"model": 4, "labels": 200, "target": None, "gain": GAIN}
    now = told_of(project, 4, forecast)
    assert now[-1] == "Forecast by model 4, after 200 labels."
    behind = told_of(project, 5, forecast)
    assert (
        behind[-1]
        == f"{now[-1]} A newer model has been measured. Its forecast follows in a moment."
    )


@pytest.mark.parametrize(
    ("value", "needed", "words"),
    [
        (0.93, None, "has reached the target of 90%"),
        (0.9, None, "has reached the target of 90%"),
        (0.85, None, "can't reach the target"),
    ],
)
def test_target_is_out_of_sight_for_a_model_below_it_alone(
    project: Project, value: float, needed: Any, words: str
) -> None:
    project.target_value = 0.9
    forecast = {
        "model": 4,
        "labels": 200,
        "target": 0.9,
        "needed": {"value": needed, "low": None, "high": None},
    }
    said = " ".join(told_of(project, 4, forecast, value))
    assert words in said
    assert ("can't reach the target" in said) == (value < 0.9)


def test_curve_that_is_flat_above_the_target_says_so_in_the_report(
    project: Project, forecast_alone: Any
) -> None:
    settings.change_settings(project, target_value=0.9)
    for number in range(1, 7):
        version(project, number, 0.94)
    background_reports.make_all(project.pk)
    assert background_reports.latest_reports(project)["forecast"]["needed"]["state"] == "reached"


# The random baseline -----------------------------------------------------------------------------


def test_curve_carries_the_random_labels_that_the_dashboard_draws(
    measured_project: Any, api: Api, lea: User
) -> None:
    address = f"/api/v1/projects/{measured_project.pk}/curve"
    assert api(lea).get(address).json()["baseline"] is None
    background_reports.make_all(measured_project.pk)
    told = api(lea).get(address).json()["baseline"]
    found = background_reports.latest_reports(measured_project)["worth"]
    assert told["curve"] == found["curve"]
    assert told["measured"] == found["measured"]
    assert (told["model"], told["labels"]) == (1, 70)
    assert found["n"] == 70
    drawn = learning_curve._baseline(ChartData(measured_project), {"ink": "#000000"}, {})
    values = drawn[0]["data"]["values"]
    assert [{name: each[name] for name in told["curve"][0]} for each in values] == told["curve"]
    assert all(each["told"].startswith("random sampling: ") for each in values)


def test_labels_saved_are_counted_from_what_the_model_read(
    measured_project: Any, ana: User
) -> None:
    loop.label(measured_project, ana, 15)
    background_reports.make_all(measured_project.pk)
    assert background_reports.latest_reports(measured_project)["worth"]["n"] == 70


def test_value_is_the_share_that_is_right(measured_project: Any) -> None:
    found = measured_project.models.first().accuracy
    right = found["value"] * found["n"]
    assert np.isclose(right, round(right))


# What there was before ----------------------------------------------------------------------------


def test_costs_that_were_booked_too_late_are_booked_again(
    measured_project: Any, ana: User, time_machine: Any
) -> None:
    version = measured_project.models.first()
    exact = version.measured["spent"]
    time_machine.move_to(timezone.now() + timedelta(minutes=1))
    loop.label(measured_project, ana, 15)
    # An annotation that was undone later still counted then.
    revise.undo(Annotation.objects.filter(source=Source.ACTIVE).first(), ana)
    late = spending.spent(measured_project)
    assert late["answers"] == 84
    measured_late = {**version.measured, "spent": late}
    ModelVersion.objects.filter(pk=version.pk).update(measured=measured_late)
    migration = importlib.import_module("annotator.migrations.0012_rebook_spending")
    migration.rebook(apps, None)
    version.refresh_from_db()
    assert version.measured["spent"] == {name: exact[name] for name in late}
    assert version.measured["classes"] == measured_late["classes"]
