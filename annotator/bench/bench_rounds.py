"""Round benchmark: time from the label that makes a round due to the refilled queue."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from annotator.bench import load, synthetic_text
from annotator.bench.api_client import Client
from annotator.bench.fixtures import LONGEST, filled, settle, wait_for_features
from annotator.bench.load import Crowd, Habits
from annotator.bench.percentiles import Figure
from annotator.bench.processes import PeakMemory, running

DENSE = 384
TOPICS_APART = 2.0


def measure(
    client: Client, folder: Path, peak: Callable[[], float], items: int, *, rounds: int = 6
) -> list[Figure]:
    """Measure the duration of rounds over `items` short texts with their best features."""
    project, _seconds = filled(client, folder, items)
    wait_for_features(project)
    goal = "4" if items == 100_000 else ""
    return [
        *_timed(client, project, f"round over {items:,} texts", rounds, goal),
        Figure("peak memory of a worker process", peak(), "MB"),
    ]


def measure_workers(folder: Path, items: int, *, rounds: int = 3) -> list[Figure]:
    """Measure the same for dense features of 384 columns, with one worker process and with two."""
    usual = items == 1_000_000
    name = f"round over {items:,} x {DENSE} dense features"
    with running(folder, WORKER_CONCURRENCY="1") as (client, pid), PeakMemory(pid) as peak:
        project, _seconds = filled(client, folder, items, features="text-quick")
        wait_for_features(project)
        settle(client, project)
        made_up_features(project, items)
        one = _timed(client, project, f"{name}, 1 worker", rounds)
    with running(folder, WORKER_CONCURRENCY="2") as (client, pid), PeakMemory(pid) as peak:
        two = _timed(client, project, f"{name}, 2 workers", rounds, "15" if usual else "")
        memory = peak.megabytes()
    faster = one[0].value / two[0].value
    return [
        *one,
        *two,
        Figure(f"{name}, 1 worker against 2", faster, "x", "1.6" if usual else ""),
        Figure("peak memory of a worker process", memory, "MB", "1,500" if usual else ""),
    ]


def _timed(client: Client, project: int, name: str, rounds: int, goal: str = "") -> list[Figure]:
    seconds = [_one(client, project) for _ in range(rounds)]
    return [
        Figure(f"{name}, median of {rounds}", statistics.median(seconds), "s", goal),
        Figure(f"{name}, slowest", max(seconds), "s"),
    ]


def _one(client: Client, project: int) -> float:
    """Label until a round is due, and return the seconds from that label to the refilled queue."""
    settle(client, project)
    before = _refilled(project)
    every = client.call("GET", f"/projects/{project}")["retrain_every"]
    one = Crowd(
        client.address, project, load.enrol(project, 1), Habits(labels=synthetic_text.TOPICS)
    ).start()
    while sum(call.is_acknowledged for call in one.calls) < every and not one.failures:
        time.sleep(0.001)
    due: float = [call for call in one.calls if call.is_acknowledged][every - 1].ended
    one.stop()
    end = time.monotonic() + LONGEST
    while _refilled(project) <= before:
        if time.monotonic() > end:
            raise TimeoutError("the round was not done after an hour")
        time.sleep(0.02)
    return time.time() - due


def _refilled(project: int) -> int:
    from annotator.models import Round

    return Round.objects.filter(project_id=project).exclude(refilled_at=None).count()


def made_up_features(project: int, items: int, seed: int = 1) -> None:
    """Give the project's items dense features that separate their topics.

    They stand for the features of a language or vision model. The benchmark measures the steps of a
    round, which do not depend on where features come from.
    """
    import numpy as np

    from annotator.models import FeatureShard, FeatureSpace, Item, Project
    from annotator.pool import audit_set, feature_store
    from annotator.storage import arrays
    from selection.features import Features

    owner = Project.objects.get(pk=project)
    space = FeatureSpace.objects.create(
        project=owner, recipe="text", quality=9, items=items, stage=FeatureSpace.Stage.TRANSFORM
    )
    # Without the file, the first round would have it fitted again, beside the rounds measured.
    arrays.save_npz(feature_store.space_folder(space) / "encoder.npz", {})
    centres = np.random.default_rng(seed).normal(size=(len(synthetic_text.TOPICS), DENSE))
    for number, start in enumerate(range(0, items, feature_store.SHARD_ITEMS)):
        stop = min(start + feature_store.SHARD_ITEMS, items)
        shard = FeatureShard.objects.create(
            space=space, number=number, start=start, stop=stop, state=FeatureShard.State.DONE
        )
        span = Item.objects.filter(project=owner, position__gte=start, position__lt=stop)
        topics = [
            synthetic_text.TOPICS.index(meta["topic"])
            for meta in span.order_by("position").values_list("meta", flat=True)
        ]
        rng = np.random.default_rng([seed, number])
        dense = rng.standard_normal((stop - start, DENSE), dtype=np.float32)
        dense += (TOPICS_APART / DENSE**0.5 * centres[topics]).astype(np.float32)
        dense /= np.linalg.norm(dense, axis=1, keepdims=True)
        keys = audit_set.audit_keys(owner, start, stop)
        shard.checksums = feature_store.save_features(
            shard, Features(None, dense, (0, DENSE)), keys
        )
        shard.save(update_fields=["checksums"])
    FeatureSpace.objects.filter(pk=space.pk).update(state=FeatureSpace.State.DONE)
