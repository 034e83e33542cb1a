"""After a restore: leases come back, jobs are taken up again, missing features are made again."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotator.flow.annotation import history
from annotator.flow.features import encode
from annotator.flow.operations import after_restore
from annotator.flow.queue import leasing
from annotator.flow.training import schedule
from annotator.jobs.runner import sweep
from annotator.models import (
    FeatureSpace,
    Import,
    Item,
    Lease,
    Project,
    QueueEntry,
    Round,
    User,
    WorkerBeat,
)
from annotator.pool import feature_store
from tests import loop

pytestmark = pytest.mark.django_db


@pytest.fixture
def filled(project: Project) -> Any:
    items = loop.fill(project, 40)
    loop.make_features(project)
    loop.go_round(project)
    return items


def test_what_people_held_goes_back_to_the_queue(
    project: Project, ana: User, ben: User, filled: Any
) -> None:
    held = leasing.lease_next(project, ana)
    after_restore.resume()
    assert loop.refreshed(held).outcome == Lease.Outcome.EXPIRED
    assert not QueueEntry.objects.filter(state=QueueEntry.State.LEASED).exists()
    assert leasing.lease_next(project, ben).item_id == held.item_id


def test_a_label_that_was_on_its_way_still_counts(project: Project, ana: User, filled: Any) -> None:
    held = leasing.lease_next(project, ana)
    after_restore.resume()
    answer = loop.answer(held)
    assert answer.counted
    assert Item.objects.get(pk=held.item_id).state == Item.State.LABELLED


def test_a_running_job_is_due_at_once_with_fresh_attempts(project: Project, filled: Any) -> None:
    work = Import.objects.create(project=project, name="a.csv", path="a")
    long_ago = timezone.now() - timedelta(hours=1)
    Import.objects.filter(pk=work.pk).update(
        state="running", attempts=3, heartbeat_at=timezone.now(), created_at=long_ago
    )
    assert sweep(Import) == []
    after_restore.resume()
    assert sweep(Import) == [work.pk]
    assert Import.objects.claim(work.pk).attempts == 1


def test_no_worker_of_then_is_taken_for_one_of_now() -> None:
    WorkerBeat.objects.create(name="gone", seen_at=timezone.now())
    after_restore.resume()
    assert not WorkerBeat.objects.exists()


def test_what_is_done_stays_done(project: Project, ana: User, filled: Any) -> None:
    loop.label(project, ana, 3)
    before = list(Round.objects.values_list("state", "number"))
    after_restore.resume()
    assert list(Round.objects.values_list("state", "number")) == before
    assert history.answers(project, ana).count() == 3
    assert encode.current_space(project) is not None


def test_features_that_are_missing_are_made_again(project: Project, filled: Any) -> None:
    before = encode.current_space(project)
    turn = schedule.start_round(project, "by hand")
    for space in FeatureSpace.objects.all():
        loop_folder = feature_store.space_folder(space)
        for path in sorted(loop_folder.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        loop_folder.rmdir()
    after_restore.resume()
    assert encode.current_space(project) is None
    assert "not in the backup" in loop.refreshed(turn).error
    again = FeatureSpace.objects.active().get(recipe=before.recipe)
    encode.fit(again.pk)
    for shard in again.shards.all():
        encode.transform(shard.pk)
    assert encode.current_space(project) == again


def test_features_that_were_being_made_begin_again(project: Project) -> None:
    loop.fill(project, 40)
    space = encode.plan(project)[0]
    FeatureSpace.objects.filter(pk=space.pk).update(stage="transform", state="queued")
    after_restore.resume()
    assert encode.fit(space.pk) is not None
