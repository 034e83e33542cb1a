"""The overview of all projects: open decisions and active people, at a constant cost."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotator.flow.progress import recall_standing
from annotator.flow.projects import members, overview, settings
from annotator.models import Import, Item, ModelVersion, Project, Report, Role, Round, Tally, User
from annotator.views.projects.list_text import row_in_words
from tests.given import Fill
from tests.loop import ready_space

pytestmark = pytest.mark.django_db


def row_of(user: User, project: Project, **query: Any) -> Any:
    return next(row for row in overview.rows(user, **query) if row.project == project)


def decisions_of(user: User, project: Project) -> Any:
    return row_in_words(row_of(user, project))["decisions"]


def tally(project: Project, user: User, days_ago: Any = 0, **amounts: Any) -> Any:
    day = timezone.now().date() - timedelta(days=days_ago)
    return Tally.objects.create(project=project, user=user, day=day, **amounts)


def measure(project: Project, number: Any, **accuracy: Any) -> Any:
    told = {"value": 0.9, "low": 0.85, "high": 0.94, "n": 60, "confidence": 0.95, **accuracy}
    return ModelVersion.objects.create(
        project=project,
        space=ready_space(project),
        number=number,
        labels=[],
        trained_on=100,
        accuracy=told,
    )


def fail_round(project: Project, number: Any = 1, **fields: Any) -> Any:
    given = {"state": "failed", "error": "The features are gone.", "finished_at": timezone.now()}
    return Round.objects.create(
        project=project,
        space=ready_space(project),
        number=number,
        trigger="labels",
        strategy="auto",
        seq=0,
        **{**given, **fields},
    )


def test_annotators_are_told_nothing_of_others(project: Project, ana: User, lea: User) -> None:
    Project.objects.filter(pk=project.pk).update(budget=10)
    tally(project, ana, labels=10, finished=10)
    fail_round(project)
    row = row_of(ana, project)
    assert (row.answers, row.finished, row.role) == (10, 10, Role.ANNOTATOR)
    assert (row.needs_decision, row.people, row.days, row.round) == (False, [], [], None)
    assert len(decisions_of(lea, project)) == 2


def test_who_labelled_today_or_yesterday_is_active(
    project: Project, lea: User, ana: User, ben: User
) -> None:
    tally(project, ana, 1, labels=3)
    tally(project, ben, 2, labels=3)
    tally(project, lea, 0, skips=4)
    assert row_of(lea, project).people == ["ana"]


def test_days_are_the_last_seven_with_gaps(
    project: Project, lea: User, ana: User, ben: User
) -> None:
    tally(project, ana, 0, labels=5)
    tally(project, ben, 0, labels=2)
    tally(project, ana, 6, labels=9)
    tally(project, ana, 7, labels=100)
    assert row_of(lea, project).days == [9, 0, 0, 0, 0, 0, 7]


@pytest.mark.parametrize(
    ("spent", "words"),
    [
        (179, None),
        (180, "20 of 200 labels in the budget are left."),
        (199, "1 of 200 labels in the budget is left."),
        (230, "Budget spent: 230 of 200 labels."),
    ],
)
def test_budget_that_runs_out_is_told(
    project: Project, lea: User, ana: User, spent: int, words: Any
) -> None:
    Project.objects.filter(pk=project.pk).update(budget=200)
    tally(project, ana, labels=spent)
    assert decisions_of(lea, project) == ([words] if words else [])


def test_goal_that_is_proven_is_told(project: Project, lea: User) -> None:
    settings.change_settings(project, target_value=0.85)
    measure(project, 1, proven=0.9)
    measure(project, 2, proven=0.84)
    # A delivery would use the newest model.
    assert decisions_of(lea, project) == []
    measure(project, 3, proven=0.86)
    (said,) = decisions_of(lea, project)
    assert said == "The audit sample proves an accuracy of at least 86%; the target is 85%."


def test_recall_that_is_proven_is_told(project: Project, lea: User) -> None:
    settings.change_settings(project, rare_label="spam", target_metric="recall", target_value=0.8)
    Report.objects.create(
        project=project,
        kind=recall_standing.KIND,
        seq=1,
        made_at=timezone.now(),
        found={"label": project.rare_label_id, "recall": {"low": 0.81}},
    )
    (said,) = decisions_of(lea, project)
    assert "81%" in said
    settings.change_settings(project, rare_label=None)
    assert decisions_of(lea, project) == []


def test_everything_labelled_is_told(project: Project, lea: User, ana: User) -> None:
    Project.objects.filter(pk=project.pk).update(items=5)
    tally(project, ana, labels=5, finished=5)
    assert decisions_of(lea, project) == ["Every item is labelled."]


def test_failures_are_told_until_they_are_made_up_for(project: Project, lea: User) -> None:
    Import.objects.create(
        project=project,
        name="a.csv",
        path="x",
        state="failed",
        error="No column.",
        finished_at=timezone.now(),
    )
    Import.objects.create(
        project=project,
        name="old.csv",
        path="x",
        state="failed",
        finished_at=timezone.now() - timedelta(days=2),
    )
    fail_round(project)
    said = decisions_of(lea, project)
    assert said == [
        "Import of a.csv failed: No column.",
        "Round 1 failed: The features are gone. Labelling continues; the round will be retried.",
    ]
    fail_round(project, 2, state="done", error="")
    assert len(decisions_of(lea, project)) == 1


def test_what_everybody_skipped_is_told(project: Project, filled: Fill, lea: User) -> None:
    filled(project, 3)
    Item.objects.filter(project=project, position__lt=2).update(state=Item.State.ASIDE)
    (said,) = decisions_of(lea, project)
    assert said.startswith("2 items were skipped by every annotator")


def test_what_needs_a_decision_comes_first(project: Project, lea: User, olga: User) -> None:
    newer = settings.create_project(olga, name="Newer", labels=["a", "b"])
    members.add_member(newer, "lea", Role.LEAD)
    assert [row.project for row in overview.rows(lea)] == [newer, project]
    fail_round(project)
    assert [row.project for row in overview.rows(lea)] == [project, newer]


def test_projects_are_found_by_a_part_of_their_name(project: Project, lea: User) -> None:
    assert [row.project for row in overview.rows(lea, " MAI ")] == [project]
    assert overview.rows(lea, "nothing") == []


def test_twelve_projects_cost_what_one_costs(
    project: Project, olga: User, ana: User, filled: Fill
) -> None:
    def cost() -> Any:
        with CaptureQueriesContext(connection) as seen:
            found = overview.rows(olga)
        return len(found), len(seen)

    def fill(each: Any) -> None:
        for days in range(10):
            tally(each, ana, days, labels=9, finished=9)
        measure(each, 1)
        fail_round(each)
        Import.objects.create(project=each, name="a.csv", path="x")
        settings.change_settings(each, rare_label="spam", target_metric="recall", target_value=0.8)

    fill(project)
    assert cost()[0] == 1
    one = cost()[1]
    for number in range(11):
        fill(settings.create_project(olga, name=f"p{number}", labels=["spam", "ham"]))
    assert cost() == (12, one)
    assert one <= 12
