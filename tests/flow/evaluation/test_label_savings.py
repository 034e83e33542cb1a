"""The labels that active learning saved, estimated from the audits."""

from typing import Any

import pytest

from annotator.flow.evaluation import label_savings
from annotator.flow.operations import background_reports
from annotator.flow.projects import settings
from annotator.messages.label_savings import in_words
from annotator.models import Project, User
from tests import loop

pytestmark = pytest.mark.django_db

SAVED = {"value": 310.4, "low": 180.2, "high": 450.1, "audits": 90, "verdict": "helps"}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, ""),
        ({"missing": 34}, "34 more audit items needed"),
        (SAVED, "has saved about 310 labels (95% CI 180–450)."),
        ({**SAVED, "high": None}, "has saved at least 180 labels (95% confidence)."),
        (
            {**SAVED, "value": None, "low": None, "high": None, "most": 900.0},
            "has saved at least 900 labels (95% confidence).",
        ),
        ({**SAVED, "verdict": "does_not_help"}, "isn't saving labels here"),
        ({**SAVED, "low": -120.0, "verdict": "unknown"}, "from 120 labels lost to 450 saved."),
        (
            {**SAVED, "low": -120.0, "high": None, "verdict": "unknown"},
            "from 120 labels lost to many saved.",
        ),
    ],
)
def test_words_never_say_more_than_the_interval(found: Any, words: str) -> None:
    said = in_words(found)
    assert words in said
    assert bool(said) == bool(words)


def test_few_audits_are_said_to_be_too_few(project: Project, ana: User) -> None:
    loop.fill(project, 120)
    loop.make_features(project)
    loop.label(project, ana, 40)
    loop.go_round(project)
    found = label_savings.build_label_savings(project)
    assert found["missing"] == 30 - project.models.first().accuracy["n"]


def test_worth_comes_with_the_curve_of_random_labels(project: Project, ana: User) -> None:
    settings.change_settings(project, audit_share=0.5)
    project = Project.objects.get(pk=project.pk)
    loop.fill(project, 160)
    loop.make_features(project)
    loop.label(project, ana, 100)
    loop.go_round(project)
    background_reports.make_all(project.pk)
    found = background_reports.latest_reports(project)["worth"]
    assert found["audits"] == project.models.first().accuracy["n"]
    labels = [mark["labels"] for mark in found["curve"]]
    assert labels == sorted(labels)
    assert all(mark["low"] <= mark["value"] <= mark["high"] for mark in found["curve"])
    assert found["measured"]
    assert in_words(found)


def test_nothing_is_reckoned_before_a_model(project: Project) -> None:
    assert label_savings.build_label_savings(project) is None
