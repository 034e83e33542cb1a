"""The forecast of what more labels would bring."""

from datetime import timedelta
from typing import Any

import pytest

from annotator.flow.evaluation import forecast
from annotator.flow.operations import background_reports
from annotator.flow.projects import settings
from annotator.messages.forecast import in_words
from annotator.models import ModelVersion, Project, Report, Tally
from tests.loop import ready_space

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_other_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the forecast alone, without the other reports."""
    monkeypatch.setattr(background_reports, "MAKERS", {"forecast": forecast.report})


@pytest.fixture
def curve(project: Project) -> Any:
    """Return a function that stores a measured model for each accuracy, 50 labels apart."""

    def store(*values: Any, kappas: Any = (0.9, 0.9, 0.9), n: Any = 200) -> None:
        for number, value in enumerate(values, start=1):
            ModelVersion.objects.create(
                project=project,
                space=ready_space(project),
                number=number,
                labels=[],
                trained_on=50 * number,
                accuracy={"value": value, "low": value - 0.04, "high": value + 0.04, "n": n},
                measured={
                    "moved": {"share": 0.02, "n": 1000, "kappas": list(kappas)},
                    "spent": {"answers": 50 * number, "seconds": 360.0 * number, "sources": {}},
                },
            )

    return store


RISING = [0.9 - (50 * n) ** -0.5 for n in range(1, 11)]


def told(project: Project) -> Any:
    background_reports.make_all(project.pk)
    project = Project.objects.get(pk=project.pk)
    return in_words(project, None, background_reports.latest_reports(project))


def test_what_labels_will_bring_comes_with_its_interval(project: Project, curve: Any) -> None:
    curve(*RISING)
    (gain,) = told(project)
    assert gain.startswith(
        "100 more labels would add about 0.4 percentage points of accuracy (95% CI 0.4 to 0.4"
    )


def test_with_a_rate_it_has_a_price(project: Project, curve: Any) -> None:
    curve(*RISING)
    settings.change_settings(project, hourly_rate=36)
    (gain,) = told(project)
    # 7.2 s a label are 0.072 each, so 7.20 for 0.39 points.
    assert gain.endswith("(95% CI 0.4 to 0.4); each extra percentage point costs about 18.43.")


def test_way_to_the_target_is_foretold(project: Project, curve: Any) -> None:
    curve(*RISING)
    settings.change_settings(project, target_value=0.87, hourly_rate=36)
    way, _gain = told(project)
    # 0.03 below the top is reached at 0.03^-2 = 1,111 labels; the grid of exponents is a bit off.
    assert "About 606 more labels are needed to reach 87% (95% CI 605–618; about 43.63" in way


def test_target_above_the_curve_is_out_of_sight(project: Project, curve: Any) -> None:
    curve(*RISING)
    settings.change_settings(project, target_value=0.95)
    assert "can't reach the target of 95%" in told(project)[0]


def test_forecast_for_another_target_is_not_told(project: Project, curve: Any) -> None:
    curve(*RISING)
    settings.change_settings(project, target_value=0.87)
    told(project)
    project = settings.change_settings(project, target_value=0.88)
    found = background_reports.latest_reports(project)
    assert not any("needed to reach" in each for each in in_words(project, None, found))


def test_model_that_stopped_changing_is_said_to(project: Project, curve: Any) -> None:
    curve(0.89, 0.9, 0.9, 0.9, kappas=(0.995, 0.99, 0.992))
    assert any("has stabilised" in sentence for sentence in told(project))


@pytest.mark.parametrize(
    ("values", "kappas"),
    [
        ((0.89, 0.9, 0.9, 0.9), (0.995, 0.9, 0.992)),
        ((0.8, 0.9, 0.9, 0.9), (0.995, 0.99, 0.992)),
        ((0.9, 0.9, 0.9), (0.995, 0.99, 0.992)),
        ((0.9, 0.9, 0.9, 0.9), (0.995,)),
    ],
)
def test_moving_or_rising_model_has_not_stopped(
    project: Project, curve: Any, values: Any, kappas: Any
) -> None:
    curve(*values, kappas=kappas)
    assert not any("has stabilised" in sentence for sentence in told(project))


def test_nothing_is_foretold_from_few_audits(project: Project, curve: Any) -> None:
    curve(*RISING, n=19)
    assert told(project) == []
    assert not Report.objects.exists()


def test_report_that_fails_says_so_and_is_made_again(
    project: Project, curve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    curve(*RISING)

    def fail(_project: Any) -> None:
        raise OSError(28, "No space left on device", "shard.npy")

    monkeypatch.setitem(background_reports.MAKERS, "forecast", fail)
    background_reports.make_all(project.pk)
    report = Report.objects.get()
    assert "storage is full" in report.error
    assert report.found == {}
    monkeypatch.setitem(background_reports.MAKERS, "forecast", forecast.report)
    background_reports.make_all(project.pk)
    report.refresh_from_db()
    assert report.error == ""
    assert report.found["gain"]["value"] == pytest.approx(0.004, abs=0.001)


def test_report_is_not_made_twice_for_the_same_labels(
    project: Project, curve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    curve(*RISING)
    background_reports.make_all(project.pk)
    monkeypatch.setitem(background_reports.MAKERS, "forecast", pytest.fail)
    background_reports.make_all(project.pk)


def test_report_of_a_deleted_project_is_not_made(project: Project, curve: Any) -> None:
    curve(*RISING)
    settings.delete_project(project)
    background_reports.make_all(project.pk)
    assert not Report.objects.exists()


def test_report_that_takes_long_is_put_off_and_made_in_the_end(
    project: Project, curve: Any
) -> None:
    curve(*RISING)
    background_reports.make_all(project.pk)
    Report.objects.filter(kind="forecast").update(seconds=30.0, seq=0)
    Tally.objects.create(project=project, user=project.created_by, day="2026-01-01", labels=5)  # type: ignore[misc]
    before = Report.objects.get(kind="forecast").made_at
    background_reports.make_all(project.pk)
    put_off = Report.objects.get(kind="forecast")
    assert put_off.made_at == before
    assert put_off.due_at == put_off.rests_until
    assert background_reports.overdue() == []
    Report.objects.filter(pk=put_off.pk).update(made_at=before - timedelta(hours=1), due_at=before)
    assert background_reports.overdue() == [project.pk]
    background_reports.make_all(project.pk)
    made = Report.objects.get(kind="forecast")
    assert (made.due_at, made.seq) == (None, 5)
    assert background_reports.overdue() == []


def test_returns_that_diminish_are_said_to_before_all_else(project: Project, curve: Any) -> None:
    level = [0.9] * 20
    curve(*level, kappas=(0.995, 0.99, 0.992))
    ModelVersion.objects.update(accuracy={"value": 0.9, "low": 0.895, "high": 0.905, "n": 3000})
    said = " ".join(told(project))
    assert "Diminishing returns" in said
    assert "has stabilised" not in said


def test_labels_that_were_taken_back_do_not_hinder_it(project: Project, curve: Any) -> None:
    curve(*[0.9] * 21, kappas=(0.995, 0.99, 0.992))
    ModelVersion.objects.update(accuracy={"value": 0.9, "low": 0.895, "high": 0.905, "n": 3000})
    ModelVersion.objects.filter(number=21).update(trained_on=930)
    assert any("Diminishing returns" in sentence for sentence in told(project))
