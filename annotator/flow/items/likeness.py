"""Items by likeness to another one, or by meaning.

Each request compares a bounded number of items, however large the pool; the page says how far it
looked, and where to continue.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from annotator import tasktypes
from annotator.errors import Conflict, Invalid
from annotator.flow.features import encode
from annotator.flow.items.listing import Found, Query, is_in
from annotator.flow.training import pool_predictions
from annotator.jobs import damaged_files
from annotator.models import FeatureSpace, Item, Job, Project, VectorShard
from annotator.pool import feature_store, model_files
from annotator.storage import checksums

log = logging.getLogger(__name__)

# Items that one request compares.
LOOKED_AT = 200_000
NEAREST = 1_000


# By similarity ------------------------------------------------------------------------------------


def more_like(query: Query, item: Item) -> Found:
    """Return the matching items most similar to `item`, nearest first.

    Searches the nearest thousand of the range from `after` on; Conflict until the features that it
    needs are ready.
    """
    space = encode.current_space(query.project)
    if space is None or item.position >= space.items:
        raise Conflict("no_features", message="no_features_of_item")
    start, stop = _span(query, space)
    # One more, because the item is most similar to itself.
    near = _nearest(space, item, start, stop)
    return _ranked(query, [each for each in near if each != item.position], start, stop, space)


def reads_meaning(project: Project) -> bool:
    """Tell whether items are texts, which a text can be compared with."""
    return tasktypes.of(project).media.pretrained == "text"


def by_meaning(query: Query) -> Found:
    """Return the items nearest in meaning to the text, which also match the other criteria.

    Like `more_like`, in the features that are best for it: those of an encoder where there are.
    """
    if not reads_meaning(query.project):
        raise Invalid("no_meaning", field="by")
    space = _space_for_texts(query.project)
    if space is None:
        raise Conflict("no_features")
    start, stop = _span(query, space)
    near = _nearest_to(space, query.wanted.text, start, stop)
    query = replace(query, wanted=query.wanted.without_text())
    return _ranked(query, near, start, stop, space)


def _span(query: Query, space: FeatureSpace) -> tuple[int, int]:
    start = min(query.after or 0, space.items)
    return start, min(start + LOOKED_AT, space.items)


def _ranked(query: Query, near: list[int], start: int, stop: int, space: FeatureSpace) -> Found:
    predictions = pool_predictions.of_project(query.project)
    rows = query.of(None)
    found = {row.position: row for row in rows.filter(position__in=near)}
    mask = query.predicted_mask(predictions)
    ranked = [found[p] for p in near if p in found and (mask is None or is_in(mask, p))]
    return Found(
        ranked[: query.size],
        len(ranked),
        is_exact=stop - start == space.items and len(ranked) < NEAREST,
        after=stop if stop < space.items else None,
        looked=(start, stop, space.items),
        predictions=predictions,
    )


def _space_for_texts(project: Project) -> FeatureSpace | None:
    """Return the best features in which a new text has a place."""
    space = encode.current_space(project)
    if space is None or space.encoder != VectorShard.GIVEN:
        return space
    own: FeatureSpace | None = (
        project.spaces.filter(encoder="", state=Job.State.DONE, dropped=False)
        .order_by("quality", "pk")
        .last()
    )
    return own


def _nearest_to(space: FeatureSpace, text: str, start: int, stop: int) -> list[int]:
    with _repairing(space):
        encoder = model_files.load_encoder(space.pk)
        row = encoder.transform([text]).spread_block()[0]
        near = feature_store.nearest_to(space, row, NEAREST, start, stop)
        return [int(position) for position in near.ids]


def _nearest(space: FeatureSpace, item: Item, start: int, stop: int) -> list[int]:
    with _repairing(space):
        near = feature_store.nearest(space, item.position, NEAREST + 1, start, stop)
        return [int(position) for position in near.ids]


@contextmanager
def _repairing(space: FeatureSpace) -> Iterator[None]:
    """Repair damaged features on the way, and raise Conflict, which says so."""
    try:
        yield
    except checksums.Corrupt as problem:
        log.error("nothing is found by likeness in project %s: %s", space.project_id, problem)
        damage = damaged_files.repair(problem).words
        raise Conflict("no_features", message="damaged_features", problem=damage) from problem
