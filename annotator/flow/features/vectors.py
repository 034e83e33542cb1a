"""Vectors of all items by a pretrained encoder, made in the background slice by slice.

The next slice is stored together with the end of the one before, so that one row says what is to be
done. A slice is as long as the encoder does in some seconds: nobody waits longer for the worker.
"""

import logging
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import F, Max, Sum
from django.utils import timezone
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.errors import Conflict
from annotator.flow.features import changed_items, encoder_choice
from annotator.flow.features.encoder_choice import Goal
from annotator.jobs.runner import job, sweep
from annotator.models import FeatureSpace, Job, Project, VectorShard
from annotator.pool import documents as pool_documents
from annotator.pool import pretrained, vector_encoder, vector_store
from selection.encoders import PretrainedEncoder, UnusableEncoder

QUALITY = 2
SLICE_SECONDS = 8.0
# A slice that turns out slower, such as one of longer texts, ends after these at the latest.
MOST_SECONDS = 15.0
FIRST_ITEMS, FEWEST_ITEMS = 64, 8
# Encoded at once: so many, or so many bytes of them.
BATCH_ITEMS, BATCH_BYTES = 256, 16 << 20
RETRY = timedelta(minutes=10)
# The only thing wrong with an encoder that may be due to a single document.
NOT_FINITE = "not_finite"
# A round on the same core then gets three quarters of it.
LESS, LOWEST = 5, 19
PLAN_SECONDS = 600.0
# To see which encoders there are takes a hundred looks at the disk, a quarter of an idle tick.
LOOK_SECONDS = 15.0

# The encoders that there were when all projects were last planned for, and when that was.
_seen: tuple[str, float] | None = None
_looked = float("-inf")

log = logging.getLogger(__name__)


# What is to be done ------------------------------------------------------------------------------


def plan(project: Project) -> FeatureSpace | None:
    """Store what comes next for the project's vectors; return features that can be made of them."""
    project.refresh_from_db(fields=["items", "removed", "features", "encoding_paused_at"])
    wanted = encoder_choice.goal(project)
    _drop_unwanted(project, wanted)
    if wanted is None or not project.population:
        return None
    if not wanted.is_given:
        _plan_slice(project, wanted)
    return plan_space(project, wanted)


def plan_changed() -> list[FeatureSpace]:
    """Plan for all projects where encoders came, went or changed, and now and then in any case.

    What this process saw last is in its memory: a fresh one looks once at every project.
    """
    global _seen, _looked
    now = time.monotonic()
    if now < _looked + LOOK_SECONDS:
        return []
    _looked = now
    state = pretrained.state()
    if _seen is not None and _seen[0] == state and now < _seen[1] + PLAN_SECONDS:
        return []
    _seen = state, now
    projects = Project.objects.alive().exclude(items=0)
    planned = [plan(project) for project in projects if not project.imports.active().exists()]
    return [space for space in planned if space is not None]


def _drop_unwanted(project: Project, wanted: Goal | None) -> None:
    """Forget slices that wait in vain, and do not hold on to features that new items never get."""
    waiting = project.vector_shards.exclude(state__in=[Job.State.DONE, Job.State.RUNNING])
    waiting = waiting.exclude(encoder=encoder_choice.GIVEN)
    if wanted is not None:
        waiting = waiting.exclude(encoder=wanted.encoder, sha256=wanted.sha256)
    waiting.delete()
    if wanted is None:
        behind = project.spaces.exclude(encoder="").filter(items__lt=project.items)
        behind.filter(quality__gt=0).update(quality=0)


def _plan_slice(project: Project, wanted: Goal) -> None:
    """Store the next slice unless one waits, runs, or failed a moment ago."""
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        shards = vector_store.slices(project, wanted.encoder, wanted.sha256)
        shards.filter(state=Job.State.FAILED, finished_at__lt=timezone.now() - RETRY).update(
            state=Job.State.QUEUED, attempts=0, retry_at=None, finished_at=None
        )
        if shards.exclude(state=Job.State.DONE).exists():
            return
        start = shards.aggregate(n=Max("stop"))["n"] or 0
        if start < project.items:
            stop = min(start + _slice_items(shards), project.items)
            _slice(project, wanted, start, stop)


def _slice_items(shards: Any) -> int:
    """Return how many items come next: what the encoder did lately, brought to some seconds."""
    last = shards.filter(seconds__gt=0).order_by("-finished_at").first()
    if last is None:
        return FIRST_ITEMS
    speed = (last.stop - last.start) / last.seconds
    return int(min(max(speed * SLICE_SECONDS, FEWEST_ITEMS), vector_store.MOST_ITEMS))


def _slice(project: Project, wanted: Goal, start: int, stop: int) -> None:
    VectorShard.objects.get_or_create(
        project=project,
        encoder=wanted.encoder,
        sha256=wanted.sha256,
        start=start,
        defaults={"stop": stop},
    )


def plan_space(project: Project, wanted: Goal) -> FeatureSpace | None:
    """Store the features that are made of the vectors, once all are there."""
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        base = base_space(project)
        if base is None or encoder_choice.covered(project, wanted) < project.items:
            return None
        own = project.spaces.filter(encoder=wanted.encoder, encoder_sha256=wanted.sha256)
        hopeful = own.exclude(state=Job.State.FAILED, finished_at__lt=timezone.now() - RETRY)
        if hopeful.filter(items=project.items, dropped=False).exists():
            return None
        return FeatureSpace.objects.create(
            project=project,
            recipe=vector_encoder.recipe_of(base.recipe),
            quality=QUALITY,
            items=project.items,
            encoder=wanted.encoder,
            encoder_sha256=wanted.sha256,
        )


def base_space(project: Project) -> FeatureSpace | None:
    """Return the best features learnt from the pool; None while better ones are being made."""
    own = project.spaces.filter(encoder="", dropped=False)
    if own.active().exists():
        return None
    done = own.filter(state=Job.State.DONE, items=project.items)
    return done.order_by("-quality", "-id").first()


# Doing it ----------------------------------------------------------------------------------------


def due() -> list[int]:
    """Return the keys of the slices that wait, those that have waited longest first."""
    return sweep(
        VectorShard,
        just_now=True,
        project__encoding_paused_at=None,
        project__deleted_at=None,
    )


def encode_next() -> Project | None:
    """Encode one slice, of the project that has waited longest; return the project."""
    for pk in due():
        project = encode(pk)
        if project is not None:
            return project
    return None


@job(VectorShard)
def encode(shard: VectorShard) -> Project:
    """Encode a slice, and store the next one together with its end."""
    made = _Encoded(_load(shard))
    span = pool_documents.documents(shard.project, shard.start, shard.stop)
    made.read(_batches(span))
    whole, shard.stop = shard.stop, shard.start + made.items
    vectors = made.vectors()
    shard.dimensions = vectors.shape[1]
    sums = vector_store.save(shard, vectors)
    with transaction.atomic():
        shard.finish(
            stop=shard.stop,
            dimensions=shard.dimensions,
            checksums=sums,
            too_long=made.too_long,
            unreadable=made.unreadable,
            seconds=round(made.seconds, 3),
        )
        changed_items.follow_vectors(shard)
        wanted = Goal(shard.encoder, shard.sha256)
        if shard.stop < whole:
            _slice(shard.project, wanted, shard.stop, whole)
        else:
            shard.project.refresh_from_db(fields=["items"])
            _plan_slice(shard.project, wanted)
    return shard.project


def _load(shard: VectorShard) -> PretrainedEncoder:
    """Return the encoder of a slice; Conflict where it is another one by now."""
    found = _installed(shard)
    if shard.sha256 not in {"", found.sha256}:
        raise Conflict("encoder_changed", name=shard.encoder)
    encoder = pretrained.load(shard.encoder)
    if not shard.sha256:
        # Opened for the first time, and so prepared for this machine.
        shard.write(sha256=_installed(shard).sha256)
    return encoder


def _installed(shard: VectorShard) -> pretrained.Installed:
    medium = tasktypes.of(shard.project).media.pretrained
    found = pretrained.find(medium, shard.encoder)
    if found is None:
        raise Conflict("encoder_missing", name=shard.encoder)
    return found


def _batches(documents: Iterable[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document)
        if len(batch) >= BATCH_ITEMS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@dataclass
class _Encoded:
    """What came of the documents so far."""

    encoder: PretrainedEncoder
    items: int = 0
    too_long: int = 0
    unreadable: int = 0
    seconds: float = 0.0
    parts: list[NDArray[np.float32]] = field(default_factory=list)

    def read(self, batches: Iterable[list[Any]]) -> None:
        """Encode batch by batch, until all are done or it takes too long."""
        with ThreadPoolExecutor(1, initializer=_give_way) as thread:
            for batch in batches:
                started = time.perf_counter()
                self.parts.append(thread.submit(self._encode, batch).result())
                self.seconds += time.perf_counter() - started
                self.items += len(batch)
                if self.seconds >= MOST_SECONDS:
                    return

    def vectors(self) -> NDArray[np.float32]:
        """Return the vectors (n, d), zeros for what could not be read."""
        if self.unreadable == self.items:
            raise Conflict("encoder_reads_nothing", name=self.encoder.name, n=self.items)
        return np.concatenate(self.parts)

    def _encode(self, batch: list[Any]) -> NDArray[np.float32]:
        try:
            vectors = self._checked(self.encoder.encode(batch), len(batch))
            self.too_long += int(np.count_nonzero(self.encoder.too_long(batch)))
        except (Conflict, MemoryError):
            raise
        except UnusableEncoder as problem:
            if problem.reason != NOT_FINITE:
                raise pretrained.unusable(self.encoder.name, problem) from problem
            vectors = np.concatenate([self._encode_one(document) for document in batch])
        except Exception:
            # One document that nobody foresaw must not keep all others from being encoded.
            log.exception("a batch could not be encoded; each is tried by itself")
            vectors = np.concatenate([self._encode_one(document) for document in batch])
        broken = ~np.isfinite(vectors).all(axis=1)
        vectors[broken] = 0.0
        self.unreadable += int(np.count_nonzero(broken))
        return vectors

    def _encode_one(self, document: Any) -> NDArray[np.float32]:
        try:
            vectors = self._checked(self.encoder.encode([document]), 1)
            self.too_long += int(np.count_nonzero(self.encoder.too_long([document])))
        except (Conflict, MemoryError):
            raise
        except Exception as problem:
            log.info("an item could not be encoded: %s", problem)
            return np.full((1, self.encoder.dimensions), np.nan, dtype=np.float32)
        return vectors

    def _checked(self, vectors: Any, items: int) -> NDArray[np.float32]:
        found = np.array(vectors, dtype=np.float32)
        if found.shape != (items, self.encoder.dimensions):
            raise Conflict(
                "encoder_dimensions",
                name=self.encoder.name,
                found=found.shape,
                wanted=self.encoder.dimensions,
            )
        return found


def _give_way() -> None:
    """Have this thread take less of the processor than rounds and imports, but not nothing."""
    with suppress(OSError, AttributeError):
        own = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(own + LESS, LOWEST))


def speeds(project: Project) -> dict[str, float]:
    """Return how many items a second each encoder has done so far, by its name."""
    timed = project.vector_shards.filter(state=Job.State.DONE, seconds__gt=0).order_by()
    sums = timed.values("encoder").annotate(n=Sum(F("stop") - F("start")), took=Sum("seconds"))
    return {row["encoder"]: row["n"] / row["took"] for row in sums}


# Pausing -----------------------------------------------------------------------------------------


def pause(project: Project) -> None:
    """Have the encoder wait; a slice under way is finished first."""
    Project.objects.filter(pk=project.pk, encoding_paused_at=None).update(
        encoding_paused_at=timezone.now()
    )


def resume(project: Project) -> None:
    """Let the encoder go on, also with what failed before."""
    Project.objects.filter(pk=project.pk).update(encoding_paused_at=None)
    project.vector_shards.filter(state=Job.State.FAILED).exclude(
        encoder=encoder_choice.GIVEN
    ).update(state=Job.State.QUEUED, attempts=0, error="", retry_at=None, finished_at=None)


# Removing ----------------------------------------------------------------------------------------


def drop_old(project: Project) -> None:
    """Remove vectors of encoders that no features are made of any more, nor are to be."""
    own = project.vector_shards.exclude(encoder=encoder_choice.GIVEN)
    stored = set(own.order_by().values_list("encoder", "sha256").distinct())
    wanted = encoder_choice.goal(project) if stored else None
    kept = set(
        project.spaces.filter(dropped=False)
        .exclude(state=Job.State.FAILED)
        .values_list("encoder", "encoder_sha256")
    )
    if wanted is not None:
        kept.add((wanted.encoder, wanted.sha256))
    for encoder, sha256 in stored - kept:
        slices = vector_store.slices(project, encoder, sha256)
        if not slices.active().exists():
            slices.delete()
            shutil.rmtree(
                vector_store.encoder_folder(project.pk, encoder, sha256), ignore_errors=True
            )


def make_missing_again(project: Project) -> None:
    """Forget slices whose files a backup left out; those that came with the items are lost."""
    missing = [
        shard.pk
        for shard in project.vector_shards.filter(state=Job.State.DONE)
        if not vector_store.path_of(shard).is_file()
    ]
    VectorShard.objects.filter(pk__in=missing).delete()
