"""Features follow the content of items, once all that they are made of is there."""

import numpy as np
import pytest

from annotator.flow.datasets import removal
from annotator.flow.features import changed_items, encode
from annotator.flow.features import vectors as encoding
from annotator.flow.projects import settings
from annotator.models import FeatureShard, FeatureSpace, Item, Job, Project
from annotator.pool import feature_store
from tests import hashing_encoder, loop, vectors

pytestmark = pytest.mark.django_db


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> hashing_encoder.Hashing:
    return vectors.install(monkeypatch)


def change(project: Project, *positions: int) -> None:
    rows = Item.objects.filter(project=project, position__in=positions)
    rows.update(text="prize money winner claim urgent")
    changed_items.compute_again(project, positions)


def transform_what_waits(space: FeatureSpace) -> int:
    """Do what a worker does for shards that wait; return their number."""
    waiting = FeatureShard.objects.filter(space=space, state=Job.State.QUEUED)
    keys = list(waiting.values_list("pk", flat=True))
    for pk in keys:
        assert encode.transform(pk) is not None
    return len(keys)


def test_features_wait_for_every_slice_that_they_are_made_of(
    project: Project, hashing: hashing_encoder.Hashing
) -> None:
    space = vectors.give(project, 100)
    assert project.vector_shards.count() == 2
    before = feature_store.gather(space, np.array([3, 90])).dense.copy()
    change(project, 3, 90)
    assert encoding.encode_next() is not None
    # The other slice waits still, and the only shard has items of both.
    assert transform_what_waits(space) == 0
    assert loop.refreshed(space).state == Job.State.DONE
    assert encoding.encode_next() is not None
    assert loop.refreshed(space).state == Job.State.QUEUED
    assert transform_what_waits(space) == 1
    space = loop.refreshed(space)
    assert (space.state, space.error) == (Job.State.DONE, "")
    after = feature_store.gather(space, np.array([3, 90])).dense
    assert (np.abs(after - before).max(axis=1) > 0.01).all()


def test_nothing_is_planned_for_a_project_whose_items_were_all_removed(
    project: Project, hashing: hashing_encoder.Hashing
) -> None:
    settings.change_settings(project, features="auto")
    loop.fill(project, 6)
    project = loop.refreshed(project)
    for item in Item.objects.filter(project=project):
        removal.remove_item(project, item.pk)
    project = loop.refreshed(project)
    assert project.population == 0
    assert encoding.plan(project) is None
    assert not project.vector_shards.exists()
