"""Item search by text, meaning or similarity.

Each request examines a bounded number of items, however large the pool; the response says how far
it searched, and where to continue.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from annotator import tasktypes
from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.features import encode
from annotator.flow.labels import naming
from annotator.jobs import damaged_files
from annotator.models import (
    Annotation,
    AnnotationLabel,
    FeatureSpace,
    Item,
    Job,
    Project,
    VectorShard,
)
from annotator.pool import feature_store, model_files
from annotator.storage import checksums

log = logging.getLogger(__name__)

SHOWN = 50
LOOKED_AT = 200_000
NEAREST = 1_000
STATES = {state.name.lower(): state for state in Item.State}
WORDS, MEANING = "words", "meaning"
WAYS = (WORDS, MEANING)


@dataclass(frozen=True)
class Wanted:
    """Search criteria; empty ones do not apply.

    The text stands in an item, or the nearest in meaning to it come first (`by`).
    """

    text: str = ""
    label: str = ""
    state: Item.State | None = None
    by: str = WORDS

    @property
    def is_by_meaning(self) -> bool:
        """Tell whether items are ranked by how close they are to the text in meaning."""
        return self.by == MEANING and bool(self.text)


@dataclass(frozen=True)
class Found:
    """One page of results, among those at positions [start, stop) of `total`."""

    items: list[Item]
    start: int
    stop: int
    total: int

    @property
    def before(self) -> int | None:
        """Return the position before which there are more, None at the beginning."""
        return self.start if self.start > 0 else None

    @property
    def after(self) -> int | None:
        """Return the position from which there are more, None at the end."""
        return self.stop if self.stop < self.total else None


def as_wanted(q: str = "", label: str = "", state: str = "", by: str = "") -> Wanted:
    """Return the search criteria; Invalid for an unknown state or way."""
    if state and state not in STATES:
        raise Invalid("unknown_state", field="state", names=", ".join(STATES))
    if by and by not in WAYS:
        raise Invalid("unknown_search", field="by", names=", ".join(WAYS))
    return Wanted(_cleaned(q, 500), _cleaned(label, 200), STATES.get(state), by or WORDS)


def _cleaned(text: str, most: int) -> str:
    # No database accepts NUL in a text.
    return text.replace("\x00", "")[:most]


# By text ------------------------------------------------------------------------------------------


def search(project: Project, wanted: Wanted, *, after: int = 0, size: int = SHOWN) -> Found:
    """Return the first `size` matching items from position `after` on."""
    start = min(after, project.items)
    stop = min(start + LOOKED_AT, project.items)
    rows = list(_between(project, wanted, start, stop).order_by("position")[: size + 1])
    if len(rows) > size:
        stop = rows[size].position
    return Found(rows[:size], start, stop, project.items)


def search_back(project: Project, wanted: Wanted, *, before: int, size: int = SHOWN) -> Found:
    """Return the last `size` matching items before position `before`, in order."""
    stop = min(before, project.items)
    start = max(stop - LOOKED_AT, 0)
    rows = list(_between(project, wanted, start, stop).order_by("-position")[: size + 1])
    if len(rows) > size:
        start = rows[size].position + 1
    return Found(rows[:size][::-1], start, stop, project.items)


def _between(project: Project, wanted: Wanted, start: int, stop: int) -> QuerySet[Item]:
    # Positions are dense, so a range of them contains that many items.
    return _matching(project, wanted).filter(position__gte=start, position__lt=stop)


def _matching(project: Project, wanted: Wanted) -> QuerySet[Item]:
    rows = Item.objects.present(project)
    if wanted.state is not None:
        rows = rows.filter(state=wanted.state)
    if wanted.text:
        rows = rows.filter(_holds(wanted.text))
    if wanted.label:
        # Other users' answers stay hidden from a user who may be labelling the item right now.
        given = AnnotationLabel.objects.filter(
            annotation__item=OuterRef("pk"),
            annotation__withdrawn_at=None,
            label=naming.by_name(project).get(wanted.label),
        )
        rows = rows.filter(Exists(given), state=Item.State.LABELLED)
    return rows


def _holds(text: str) -> Q:
    if connection.vendor == "sqlite" and not text.isascii():
        # LIKE ignores case for A to Z only; this calls Python for each row.
        pattern = re.escape(text)
        return Q(text__iregex=pattern) | Q(key__iregex=pattern)
    return Q(text__icontains=text) | Q(key__icontains=text)


# By similarity ------------------------------------------------------------------------------------


def more_like(
    project: Project, item: Item, wanted: Wanted, *, after: int = 0, size: int = SHOWN
) -> Found:
    """Return the matching items most similar to `item`, nearest first.

    Searches the nearest thousand of the range from `after` on; Conflict until the features that it
    needs are ready.
    """
    space = encode.current_space(project)
    if space is None or item.position >= space.items:
        raise Conflict("no_features", message="no_features_of_item")
    start = min(after, space.items)
    stop = min(start + LOOKED_AT, space.items)
    # One more, because the item is most similar to itself.
    near = _nearest(space, item, start, stop)
    rows = _matching(project, wanted).filter(position__in=near).exclude(pk=item.pk)
    found = {row.position: row for row in rows}
    ranked = [found[position] for position in near if position in found]
    return Found(ranked[:size], start, stop, space.items)


def reads_meaning(project: Project) -> bool:
    """Tell whether items are texts, which a text can be compared with."""
    return tasktypes.of(project).media.pretrained == "text"


def by_meaning(project: Project, wanted: Wanted, *, after: int = 0, size: int = SHOWN) -> Found:
    """Return the items nearest in meaning to the text, which also match the other criteria.

    Like `more_like`, in the features that are best for it: those of an encoder where there are.
    """
    if not reads_meaning(project):
        raise Invalid("no_meaning", field="by")
    space = _space_for_texts(project)
    if space is None:
        raise Conflict("no_features")
    start = min(after, space.items)
    stop = min(start + LOOKED_AT, space.items)
    near = _nearest_to(space, wanted.text, start, stop)
    rows = _matching(project, replace(wanted, text="")).filter(position__in=near)
    found = {row.position: row for row in rows}
    ranked = [found[position] for position in near if position in found]
    return Found(ranked[:size], start, stop, space.items)


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


# Results ------------------------------------------------------------------------------------------


def find_item(project: Project, pk: int) -> Item:
    """Return one of the project's items."""
    item = Item.objects.present(project).filter(pk=pk).first()
    if item is None:
        raise NotFound("unknown_item")
    return item


def answers(items: Iterable[Item]) -> dict[int, list[Annotation]]:
    """Return the valid annotations of each item, oldest first, by the item's key."""
    said: dict[int, list[Annotation]] = defaultdict(list)
    rows = Annotation.objects.filter(item__in=[item.pk for item in items], withdrawn_at=None)
    for annotation in rows.select_related("user").prefetch_related("given__label").order_by("pk"):
        given = sorted(annotation.given.all(), key=lambda one: (one.label.position, one.label_id))
        annotation.said = [each.label for each in given]
        said[annotation.item_id].append(annotation)
    return said
