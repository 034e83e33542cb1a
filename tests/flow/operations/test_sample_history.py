"""The sample project with history: every chart has something to show."""

import pytest

from annotator import demo
from annotator.flow.datasets import importing
from annotator.flow.operations import sample_history
from annotator.flow.progress import estimate
from annotator.models import Annotation, Project, Round, User
from annotator.views.charts import registry
from annotator.views.charts.base import Page
from annotator.views.charts.data import ChartData

pytestmark = pytest.mark.django_db


@pytest.fixture
def sample(olga: User) -> Project:
    project, work = demo.load_with_history(olga)
    project.features = "text-quick"
    project.save()
    assert work is not None
    importing.run(work.pk)
    assert sample_history.make(project.pk) == []
    return Project.objects.get(pk=project.pk)


def test_sample_has_an_estimate_rounds_and_every_chart(sample: Project) -> None:
    assert sample.rounds.filter(state=Round.State.DONE).count() == sample_history.ROUNDS
    found = estimate.newest(sample)
    assert found is not None
    assert found["value"] > 0.6
    figures = registry.figures_on(Page.DASHBOARD, ChartData(sample))
    assert len(figures) >= 3
    assert [each["name"] for each in figures if not each["is_there"]] == []


def test_history_is_made_once(sample: Project, olga: User) -> None:
    answers = Annotation.objects.filter(project=sample).count()
    assert answers >= sample_history.ROUNDS * sample_history.PER_ROUND * 0.9
    again, work = demo.load_with_history(olga)
    assert (again.pk, work) == (sample.pk, None)
    assert sample_history.make(sample.pk) == []
    assert Annotation.objects.filter(project=sample).count() == answers


def test_nobody_can_sign_in_as_a_sample_annotator(sample: Project) -> None:
    people = User.objects.filter(username__in=sample_history.ANNOTATORS)
    assert len(people) == 2
    assert not any(each.is_active or each.has_usable_password() for each in people)


def test_nothing_happens_without_the_project(db: None) -> None:
    assert sample_history.make(1000) == []
