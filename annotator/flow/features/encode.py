"""Feature encoding: the encoder is fitted on a sample of the pool, then encodes each shard.

The first features are simple and fast, so that learning starts at once; better ones replace them.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, NoReturn

from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from annotator import tasktypes
from annotator.db.compiled_queries import CompiledSelect
from annotator.errors import Conflict
from annotator.flow.features import vector_space
from annotator.jobs.runner import job
from annotator.models import FeatureShard, FeatureSpace, Project
from annotator.pool import audit_set, feature_store
from annotator.pool import documents as pool_documents
from annotator.pool.vector_encoder import VectorEncoder
from annotator.projectsettings.item_selection import POOL

RETRY = timedelta(minutes=5)


def plan(project: Project) -> list[FeatureSpace]:
    """Store which features to compute for the current items, and return the feature space."""
    # The preceding import updated the counter in the database, not on this instance.
    project.refresh_from_db(fields=["items"])
    if not project.items:
        return []
    ladder = list(tasktypes.of(project).media.encoders)
    # Those with an encoder's vectors are planned once the vectors are there (`vectors`).
    wanted = [project.features] if project.features in ladder else ladder
    kept = project.spaces.filter(_is_kept(), dropped=False)
    have = set(kept.values_list("recipe", flat=True))
    # A better space that covers only the older items still beats a simple one that covers all.
    recipes = wanted[-1:] if wanted[-1] in have else wanted
    with transaction.atomic():
        behind = project.spaces.active().filter(items__lt=project.items, token=None)
        # Rounds and models depend on a space that was ready before and is being repaired.
        behind.filter(damaged_at=None).delete()
        whole = project.spaces.exclude(state=FeatureSpace.State.FAILED).filter(
            items=project.items, dropped=False
        )
        made = set(whole.values_list("recipe", flat=True))
        return [
            _space(project, recipe, ladder.index(recipe))
            for recipe in recipes
            if recipe not in made
        ]


def plan_missing() -> list[FeatureSpace]:
    """Plan missing features where an import's worker died before it did."""
    # Failed features are tried again after a pause, in which the cause may have gone away.
    return [
        space
        for project in FIND_BEHIND(timezone.now() - RETRY)
        if not project.imports.active().exists()
        for space in plan(project)
    ]


def _behind(lately: datetime) -> QuerySet[Project]:
    hopeful = FeatureSpace.objects.exclude(state=FeatureSpace.State.FAILED, finished_at__lt=lately)
    covered = hopeful.filter(project=OuterRef("pk")).order_by("-items").values("items")[:1]
    projects = Project.objects.alive().exclude(items=0).annotate(covered=Subquery(covered))
    return projects.filter(Q(covered=None) | Q(covered__lt=F("items")))


FIND_BEHIND = CompiledSelect(_behind, datetime)


def current_space(project: Project) -> FeatureSpace | None:
    """Return the requested features, or else the best; None while none are ready.

    Also None while these are being repaired, because a round on worse features would undo the last
    rounds.
    """
    kept = project.spaces.filter(_is_kept(), dropped=False)
    if project.features == POOL:
        kept = kept.filter(encoder="")
    best = max(kept, key=partial(_rank, project), default=None)
    return best if best is not None and best.state == FeatureSpace.State.DONE else None


def _rank(project: Project, space: FeatureSpace) -> tuple[bool, bool, int, int]:
    """Return by what features are better than others: those asked for, of most items, the best."""
    is_asked = project.features in {space.recipe, space.encoder}
    # Better features of the older items beat quick ones of all. An encoder may take hours, though,
    # and until then only the older items would be selected.
    are_few = 2 * space.items < project.items
    is_waiting = project.encoding_paused_at is not None and space.items < project.items
    return is_asked, not (space.encoder and (are_few or is_waiting)), space.quality, space.pk


@job(FeatureSpace, stage=FeatureSpace.Stage.FIT)
def fit(space: FeatureSpace) -> FeatureSpace:
    """Fit the encoder on a random sample of the pool, and create the shards."""
    encoder = vector_space.fit(space) if space.encoder else _fitted(space)
    sha256 = feature_store.save_encoder(space, encoder)
    if space.damaged_at is not None and sha256 != space.sha256:
        _start_over(space)
    size = feature_store.shard_items(space)
    with transaction.atomic():
        space.hand_on(stage=FeatureSpace.Stage.TRANSFORM, sha256=sha256)
        # An earlier version may have made larger ones, which stay where the encoder is fitted anew.
        if not FeatureShard.objects.filter(space=space).exists():
            FeatureShard.objects.bulk_create(
                [
                    FeatureShard(
                        space=space, number=number, start=start, stop=min(start + size, space.items)
                    )
                    for number, start in enumerate(range(0, space.items, size))
                ],
                ignore_conflicts=True,
            )
    return space


def _fitted(space: FeatureSpace) -> Any:
    """Return the encoder of the pool's own features, fitted on a random sample of the pool."""
    from selection.features import RECIPES

    sample = pool_documents.sample_documents(space.project, space.items)
    return RECIPES[space.recipe].fit(sample, seed=space.project.seed)


@job(FeatureShard, space__stage=FeatureSpace.Stage.TRANSFORM)
def transform(shard: FeatureShard) -> FeatureSpace | None:
    """Encode one shard; return the space if it was the last one and is ready."""
    project = shard.space.project
    encoder = feature_store.load_encoder(shard.space)
    if isinstance(encoder, VectorEncoder):
        features = vector_space.features(shard, encoder)
    else:
        documents = pool_documents.documents(project, shard.start, shard.stop)
        features = _encoded(encoder, documents, project, shard.stop - shard.start)
    keys = audit_set.audit_keys(project, shard.start, shard.stop)
    shard.finish(checksums=feature_store.save_features(shard, features, keys))
    return close_space(shard.space)


def _start_over(space: FeatureSpace) -> NoReturn:
    """Give up a space whose encoder cannot be reproduced, and plan a new one.

    Its models and its intact shards depend on the lost encoder.
    """
    FeatureSpace.objects.filter(pk=space.pk).update(dropped=True)
    if not space.encoder:
        _space(space.project, space.recipe, space.quality)
    raise Conflict("features_changed")


def _encoded(encoder: Any, documents: Iterator[Any], project: Project, count: int) -> Any:
    """Return the features of the documents, with one block of documents in memory at a time."""
    from selection.features import Features

    size = tasktypes.of(project).media.limits.encode
    blocks = iter(lambda: list(islice(documents, size)), [])
    return Features.gathered((encoder.transform(block) for block in blocks), count)


def close_space(space: FeatureSpace) -> FeatureSpace | None:
    """Mark the space as ready once all its shards are; only one caller gets it back."""
    if space.shards.exclude(state=FeatureShard.State.DONE).exists():
        return None
    ready = FeatureSpace.objects.filter(
        pk=space.pk, stage=FeatureSpace.Stage.TRANSFORM, state=FeatureSpace.State.QUEUED
    )
    return space if ready.update(state=FeatureSpace.State.DONE) else None


def _is_kept() -> Q:
    """Return the filter for features that are ready or under repair."""
    under_way = [FeatureSpace.State.QUEUED, FeatureSpace.State.RUNNING]
    repaired = Q(state__in=under_way, damaged_at__isnull=False)
    return Q(state=FeatureSpace.State.DONE) | repaired


def _space(project: Project, recipe: str, quality: int) -> FeatureSpace:
    return FeatureSpace.objects.create(
        project=project, recipe=recipe, quality=quality, items=project.items
    )
