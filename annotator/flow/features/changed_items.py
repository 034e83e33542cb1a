"""Features of items whose content changed: computed again for their shards."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from typing import Any

from django.utils import timezone

from annotator.models import FeatureShard, FeatureSpace, Job, Project, VectorShard
from annotator.models.jobs import anew


def compute_again(project: Project, positions: Collection[int]) -> None:
    """Have the features of the items at these positions computed again.

    Call this in the transaction that changes the items. Features that are made of vectors follow
    when these are there (`follow_vectors`).
    """
    slices = VectorShard.objects.filter(project=project).exclude(encoder=VectorShard.GIVEN)
    now = timezone.now()
    _computed(slices).filter(pk__in=_holding(_computed(slices), positions)).update(
        **anew(now), damaged_at=now
    )
    spaces = FeatureSpace.objects.filter(project=project, encoder="", dropped=False)
    _compute_shards(spaces, positions)


def follow_vectors(vectors: VectorShard) -> None:
    """Have the features that were made of a slice of vectors made again, once that was replaced.

    Features that need another slice as well wait until that is there, too.
    """
    if vectors.damaged_at is None:
        return
    slices = VectorShard.objects.filter(
        project=vectors.project_id, encoder=vectors.encoder, sha256=vectors.sha256
    )
    waiting = slices.exclude(state=Job.State.DONE).values_list("start", "stop")
    spaces = FeatureSpace.objects.filter(
        project=vectors.project_id,
        encoder=vectors.encoder,
        encoder_sha256=vectors.sha256,
        dropped=False,
    )
    _compute_shards(spaces, range(vectors.start, vectors.stop), list(waiting))


def _compute_shards(
    spaces: Any, positions: Collection[int], waiting: Collection[tuple[int, int]] = ()
) -> None:
    """Have shards with one of the positions computed again, but for those with a `waiting` span."""
    shards = _computed(FeatureShard.objects.filter(space__in=spaces))
    for start, stop in waiting:
        shards = shards.exclude(start__lt=stop, stop__gt=start)
    held = _holding(shards, positions)
    if not held:
        return
    now = timezone.now()
    # One that is being computed may have read the former content; its worker finds its claim gone.
    _computed(FeatureShard.objects.filter(pk__in=held)).update(**anew(now))
    of_these = FeatureShard.objects.filter(pk__in=held).values("space")
    ready = FeatureSpace.objects.filter(pk__in=of_these, state=Job.State.DONE)
    ready.update(**anew(now), damaged_at=now)


def _computed(shards: Any) -> Any:
    return shards.filter(state__in=[Job.State.DONE, Job.State.RUNNING])


def _holding(shards: Any, positions: Collection[int]) -> list[int]:
    """Return the keys of the shards that have one of the positions."""
    spans: Iterable[tuple[int, int, int]] = shards.values_list("pk", "start", "stop")
    ranked = sorted(positions)
    return [
        pk for pk, start, stop in spans if bisect_left(ranked, start) < bisect_left(ranked, stop)
    ]
