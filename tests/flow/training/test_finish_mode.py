"""Finish mode: rounds leave out items for the model, and ask for those that help it most."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from pytest_django import Settings

from annotator.errors import Invalid
from annotator.flow.datasets.outgoing import predictions
from annotator.flow.delivery import outlook
from annotator.flow.operations import background_reports
from annotator.flow.progress import deliverable
from annotator.flow.projects import settings as project_settings
from annotator.models import Item, Project, Report, User
from tests import loop
from tests.flow.delivery.test_delivery import train
from tests.kept import Kept, keeping

pytestmark = pytest.mark.django_db
ALLOWED = Decimal("0.2")


def _with_reports() -> Project:
    project = train(loop.mail_project())
    background_reports.make_all(project.pk)
    return project


trained_once = keeping(lambda _patch: _with_reports())


@pytest.fixture
def trained(trained_once: Kept, db: None, settings: Settings) -> Project:
    """A project whose model is good, with audits and all reports."""
    return trained_once.put(settings)


def finishing(project: Project) -> Project:
    return project_settings.change_project(project, finish_error=float(ALLOWED))


def test_round_leaves_what_the_model_may_label(trained: Project, ana: User) -> None:
    project = finishing(trained)
    told = outlook.estimate(project, ALLOWED, Decimal("0.95"))
    assert told["machine"] > 0
    # A first attempt has half of the error probability, which does not move the cut.
    assert deliverable.finish_threshold(project) == told["threshold"]
    # As if the model could label half of the items: it is surer of these than of most in a project.
    version = project.models.get()
    threshold = float(np.median(predictions.of_model(project, version).confidence))
    report = project.reports.get(kind=outlook.KIND)
    report.found["all"]["threshold"] = [threshold] * len(report.found["all"]["counts"])
    report.save()
    loop.label(project, ana, 20)
    turn = loop.go_round(project)
    assert turn.phase == "typical_margin"
    sure = predictions.of_model(project, turn.model).confidence
    picked = [pick["position"] for pick in turn.picks]
    assert picked
    assert sure[picked].max() < threshold
    left = np.flatnonzero(sure >= threshold)
    waiting = Item.objects.filter(project=project, state=Item.State.POOL)
    assert waiting.filter(position__in=left.tolist()).exists()
    assert {pick["reason"] for pick in turn.picks} == {"typical-margin"}


def test_without_finish_mode_any_item_may_be_asked(trained: Project, ana: User) -> None:
    assert deliverable.finish_threshold(trained) is None
    loop.label(trained, ana, 20)
    assert loop.go_round(trained).phase != "typical_margin"


def test_mode_waits_until_the_model_may_label_something(trained: Project, ana: User) -> None:
    project = project_settings.change_project(trained, finish_error=float(ALLOWED))
    Report.objects.filter(project=project).delete()
    assert deliverable.finish_threshold(project) is None
    loop.label(project, ana, 20)
    assert loop.go_round(project).phase != "typical_margin"


def test_strategy_that_somebody_chose_stays(trained: Project, ana: User) -> None:
    project = project_settings.change_project(finishing(trained), strategy="margin")
    loop.label(project, ana, 20)
    assert loop.go_round(project).phase == "margin"


@pytest.mark.parametrize("share", [0.0, 0.6, -1.0])
def test_share_that_means_nothing_is_refused(trained: Project, share: float) -> None:
    with pytest.raises(Invalid):
        project_settings.change_project(trained, finish_error=share)


def test_outlook_tells_what_the_newest_labels_brought(trained: Project) -> None:
    report = trained.reports.get(kind=outlook.KIND)
    (now,) = report.found["history"]
    version = trained.models.first()
    assert version is not None
    assert (now["model"], now["labels"]) == (version.number, version.trained_on)
    region = deliverable.region(report.found, report.found["all"], Fraction("0.2"), 0.05)
    assert now["machine"]["0.2"] == region["machine"]
    assert outlook.gain(outlook.Known.of(trained), ALLOWED) is None
    earlier = {**now, "model": -1, "labels": now["labels"] - 50, "machine": {"0.2": 7}}
    report.found["history"] = [{**earlier, "labels": 0}, earlier, now]
    report.save()
    known = outlook.Known.of(trained)
    assert outlook.gain(known, Decimal("0.20000")) == (50, region["machine"] - 7)
    assert outlook.gain(known, Decimal("0.03")) is None
    # The next report goes on with it.
    again = outlook.report(trained)
    assert again is not None
    assert [each["labels"] for each in again["history"]] == [0, now["labels"] - 50, now["labels"]]
