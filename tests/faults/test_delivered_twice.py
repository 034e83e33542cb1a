"""Every task delivered twice at once, and out of order; two beats."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotator import tasks
from annotator.flow.datasets import upload
from annotator.flow.queue import leasing
from annotator.models import (
    FeatureShard,
    FeatureSpace,
    Import,
    Item,
    Lease,
    ModelVersion,
    Project,
    QueueEntry,
    Round,
    RoundShard,
    User,
)
from tests import loop
from tests.flow.queue.test_at_once import at_once
from tests.given import Fill, Learn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Keep what tasks send to other tasks, instead of sending it to a broker that is not there."""
    kept = []
    for name, task in vars(tasks).items():
        if hasattr(task, "delay"):
            monkeypatch.setattr(
                task, "delay", lambda *args, name=name: kept.append((name, *args)), raising=False
            )
    return kept


def twice(name: Any, *args: Any) -> None:
    """Deliver a task twice at once, and once more when it is long done."""
    task = getattr(tasks, name)
    at_once(lambda: task.run(*args), lambda: task.run(*args))
    task.run(*args)


def state() -> Any:
    """Return what there must not be two of."""
    rows = [Import, FeatureSpace, FeatureShard, Round, RoundShard, ModelVersion, Item, QueueEntry]
    return {
        "count": {each.__name__: each.objects.count() for each in rows},
        "attempts": [turn.attempts for turn in Round.objects.all()],
        "items": list(Project.objects.values_list("items", flat=True)),
    }


def test_each_task_delivered_twice_does_its_work_once(
    project: Project, olga: User, sent: Any, ana: User
) -> None:
    rows = "".join(f"{loop.text(n)}\n" for n in range(60)).encode()
    work = upload.receive(project, olga, SimpleUploadedFile("t.csv", b"text\n" + rows))
    sent.append(("run_import", work.pk))
    done = []
    while sent:
        call = sent.pop(0)
        done.append(call)
        twice(*call)
        # Each follows once, but for the call that only asks whether something is due.
        assert len(set(sent)) == len(sent), (call, sent)
        if call[0] == "evaluate":
            break
    names = [name for name, *_rest in done]
    for name in ("run_import", "fit_features", "transform_shard", "train", "score_shard"):
        assert names.count(name) == 1, names
    for name in ("select", "refill", "evaluate"):
        assert names.count(name) == 1, names
    project.refresh_from_db()
    assert project.items == Item.objects.filter(project=project).count() == 60
    turn = Round.objects.get(project=project)
    assert turn.state == Round.State.DONE, turn.error
    entries = QueueEntry.objects.filter(project=project)
    assert entries.count() == entries.values("item").distinct().count() > 0


def test_stages_delivered_out_of_order_wait_for_theirs(
    project: Project, filled: Fill, learnt: Learn, sent: Any
) -> None:
    filled(project, 60)
    learnt(project)
    turn = loop.start(project)
    before = state()
    for name in ("evaluate", "refill", "select"):
        twice(name, turn.pk)
    assert state() == before
    assert sent == []
    twice("train", turn.pk)
    (shard,) = RoundShard.objects.filter(round=turn)
    twice("train", turn.pk)
    twice("refill", turn.pk)
    assert RoundShard.objects.filter(round=turn).count() == 1
    assert loop.refreshed(turn).stage == Round.Stage.SCORE
    twice("score_shard", shard.pk)
    assert [name for name, *_ in sent] == ["score_shard", "select"]


def test_two_beats_start_one_round(
    project: Project, filled: Fill, learnt: Learn, ana: User, sent: Any
) -> None:
    filled(project, 60)
    learnt(project)
    lease = leasing.lease_next(project, ana)
    past = lease.created_at
    Lease.objects.update(expires_at=past)
    QueueEntry.objects.filter(lease_id=lease.pk).update(leased_until=past)
    at_once(*[tasks.tick.run] * 4)
    assert Round.objects.filter(project=project).count() == 1
    assert [name for name, *_ in sent] == ["train"]
    assert Lease.objects.get().outcome == Lease.Outcome.EXPIRED
    assert not QueueEntry.objects.filter(state=QueueEntry.State.LEASED).exists()


def test_two_that_find_a_round_due_start_one(
    project: Project, filled: Fill, learnt: Learn, sent: Any
) -> None:
    filled(project, 60)
    learnt(project)
    at_once(*[lambda: tasks.learn_if_due.run(project.pk)] * 6)
    assert Round.objects.filter(project=project).count() == 1
    assert [name for name, *_ in sent] == ["train"]


def test_daily_tidying_and_simulations_may_come_twice(
    project: Project, filled: Fill, sent: Any
) -> None:
    filled(project, 60)
    before = state()
    twice("tidy")
    twice("simulate", 10**6)
    assert state() == before
