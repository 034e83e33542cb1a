"""The map of the pool."""

from typing import Any

import numpy as np
import pytest

from annotator.flow.evaluation import embedding_map
from annotator.flow.operations import background_reports
from annotator.models import Project, Report, Round, User
from tests import loop

pytestmark = pytest.mark.django_db


@pytest.fixture
def learnt(project: Project, ana: User) -> Any:
    """A project with a round that has a model, and audits that it was measured on."""
    loop.fill(project, 80)
    loop.make_features(project)
    loop.label(project, ana, 40)
    loop.go_round(project)
    return project


def test_every_point_lies_on_the_plane_and_is_an_item_of_the_project(learnt: Any) -> None:
    found = embedding_map.build_embedding_map(learnt)
    points = np.array(found["points"])
    assert len(points) == 80
    assert (points[:, :2] >= 0).all()
    assert (points[:, :2] <= 1).all()
    assert found["labels"] == list(learnt.labels.values_list("pk", flat=True))


def test_kinds_say_what_became_of_an_item(learnt: Any) -> None:
    points = embedding_map.build_embedding_map(learnt)["points"]
    kinds = {embedding_map.KINDS[kind] for _x, _y, _item, kind, _said in points}
    assert {"labelled", "picked"} <= kinds
    audited = sum(
        embedding_map.KINDS[kind] in ("audit", "mistaken") for *_rest, kind, _said in points
    )
    assert audited == learnt.models.first().accuracy["n"]


def test_sample_stays_where_it_is_from_round_to_round(learnt: Any, ana: User) -> None:
    before = {
        item: (x, y)
        for x, y, item, _kind, _said in embedding_map.build_embedding_map(learnt)["points"]
    }
    loop.label(learnt, ana, 10)
    loop.go_round(learnt)
    after = {
        item: (x, y)
        for x, y, item, _kind, _said in embedding_map.build_embedding_map(learnt)["points"]
    }
    assert after == before


def test_likely_neighbours_are_neighbours_on_the_plane() -> None:
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(3, 20))
    rows = np.repeat(centres, 40, axis=0) + 0.05 * rng.normal(size=(120, 20))
    xy = embedding_map._laid_out(rows / np.linalg.norm(rows, axis=1, keepdims=True), seed=1)
    groups = xy.reshape(3, 40, 2)
    within = max(group.std(axis=0).max() for group in groups)
    means = groups.mean(axis=1)
    between = min(np.linalg.norm(means[a] - means[b]) for a in range(3) for b in range(a))
    assert between > 3 * within


def test_there_is_no_plane_before_a_model_or_of_a_handful(project: Project, ana: User) -> None:
    assert embedding_map.build_embedding_map(project) is None
    loop.fill(project, 10)
    loop.make_features(project)
    loop.label(project, ana, 8)
    loop.go_round(project)
    assert embedding_map.build_embedding_map(project) is None


def test_large_report_is_asked_for_by_name(learnt: Any) -> None:
    background_reports.make_all(learnt.pk)
    assert Report.objects.filter(kind="plane", error="").exists()
    assert "plane" not in background_reports.latest_reports(learnt)
    assert background_reports.report(learnt, "plane")["round"] == Round.objects.first().number
