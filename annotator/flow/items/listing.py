"""One page of the items that match, in order, with a total, in bounded time.

If few items can match, all of them are read, and the total is exact. Otherwise the items are gone
through in order until the page is full; after a bounded number, the page says how far it looked and
where to go on.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from django.db.models import Max, Q, QuerySet
from numpy.typing import NDArray

from annotator.errors import NotFound
from annotator.flow.items import candidates, conditions
from annotator.flow.items.criteria import Criteria
from annotator.flow.training import pool_predictions
from annotator.flow.training.pool_predictions import PoolPredictions
from annotator.models import Annotation, Item, Project, User

SHOWN = 50
# Items that one request looks at, in steps. Texts have to be read, so fewer of them.
LOOKED_AT = 60_000
STEP = 500
# Places that one statement goes through. After so long, a page shows what it has.
AT_A_TIME = 15_000
ENOUGH_SECONDS = 0.15


@dataclass(frozen=True)
class Found:
    """A page: the items, and the `total`, a lower bound unless `is_exact`.

    `after` and `before` continue it. `looked` is (from, to, of) where items are gone through in
    order: of their places, those that were looked at.
    """

    items: list[Item]
    total: int
    is_exact: bool
    after: int | None = None
    before: int | None = None
    looked: tuple[int, int, int] | None = None
    predictions: PoolPredictions = field(default_factory=PoolPredictions)


@dataclass(frozen=True)
class Query:
    """What is asked for: criteria, order, and where the page starts."""

    project: Project
    viewer: User
    wanted: Criteria
    sort: str = "position"
    after: int | None = None
    before: int | None = None
    size: int = SHOWN

    @property
    def rows(self) -> QuerySet[Item]:
        """Return the items that match all criteria but the prediction."""
        return conditions.matching(self.project, self.viewer, self.wanted)

    def of(self, few: list[int] | None) -> QuerySet[Item]:
        """Return the items that match, of `few` if those are known.

        Where a prediction is wanted, only items whose prediction may be shown.
        """
        rows = conditions.matching(self.project, self.viewer, self.wanted, few)
        if self.wanted.predicted is None:
            return rows
        return rows.filter(conditions.shows_prediction(self.project))

    def predicted_mask(self, predictions: PoolPredictions) -> NDArray[np.bool_] | None:
        """Return a mask of the positions with the wanted prediction; None if none is wanted."""
        if self.wanted.predicted is None:
            return None
        mask = np.zeros(len(predictions.confidence), bool)
        mask[predictions.positions_of(self.wanted.predicted)] = True
        return mask


def page(asked: Query) -> Found:
    """Return one page of the items that match."""
    predictions = pool_predictions.of_project(asked.project)
    few = candidates.narrow(asked.project, asked.wanted)
    if few is not None:
        return _of_few(asked, few, predictions)
    if asked.sort in ("position", "-position") and asked.wanted.predicted is None:
        return _through_positions(asked, predictions)
    return _through_stream(asked, predictions)


def keys(asked: Query) -> Iterator[list[int]]:
    """Yield the keys of all items that match, some at a time, in order of position."""
    predictions = pool_predictions.of_project(asked.project)
    few = candidates.narrow(asked.project, asked.wanted)
    allowed = asked.predicted_mask(predictions)
    rows = asked.of(few)
    for start in range(0, asked.project.items, LOOKED_AT):
        span = rows
        if few is None:
            span = rows.filter(position__gte=start, position__lt=start + LOOKED_AT)
        found = span.order_by("position").values_list("pk", "position")
        yield [pk for pk, position in found if allowed is None or is_in(allowed, position)]
        if few is not None:
            return


# Few candidates -----------------------------------------------------------------------------------


def _of_few(asked: Query, few: list[int], predictions: PoolPredictions) -> Found:
    """Return a page of the candidates that match; their number is the total."""
    ranked = _ranked(asked, few, predictions)
    places = {mark: place for place, (_pk, mark) in enumerate(ranked)}
    start = 0
    if asked.after is not None:
        start = _place_after(asked, ranked, places)
    elif asked.before is not None:
        ends = [place for place, (_pk, mark) in enumerate(ranked) if mark < asked.before]
        start = max((ends[-1] + 1 if ends else 0) - asked.size, 0)
    part = ranked[start : start + asked.size]
    more = start + len(part) < len(ranked)
    return Found(
        _load(asked, [pk for pk, _mark in part]),
        len(ranked),
        is_exact=True,
        after=_mark_after(asked, part[-1][1]) if more else None,
        before=part[0][1] if start and part and asked.sort == "position" else None,
        predictions=predictions,
    )


def _ranked(asked: Query, few: list[int], predictions: PoolPredictions) -> list[tuple[int, int]]:
    """Return key and mark of the candidates that match, in order; marks continue a page."""
    rows = asked.of(few)
    allowed = asked.predicted_mask(predictions)
    if asked.sort == "newest":
        last = _visible(asked).values("item").filter(item__in=few).annotate(last=Max("pk"))
        newest = dict(last.values_list("item", "last").order_by())
        found = rows.values_list("pk", "position")
        marked = [(pk, position, newest.get(pk, 0)) for pk, position in found]
        marked.sort(key=lambda row: (-row[2], row[0]))
    elif asked.sort in ("key", "-key"):
        found = rows.order_by(asked.sort).values_list("pk", "position")
        marked = [(pk, position, pk) for pk, position in found]
    elif asked.sort in ("confidence", "-confidence"):
        marked = _by_confidence(asked, rows, predictions)
    else:
        found = rows.order_by(asked.sort).values_list("pk", "position")
        marked = [(pk, position, position) for pk, position in found]
    return [(pk, mark) for pk, place, mark in marked if allowed is None or is_in(allowed, place)]


def _by_confidence(
    asked: Query, rows: QuerySet[Item], predictions: PoolPredictions
) -> list[tuple[int, int, int]]:
    """Return the items with their places in the order of confidence; those without one last."""
    shown = rows.filter(conditions.shows_prediction(asked.project))
    found = dict(shown.values_list("position", "pk"))
    rest = rows.exclude(pk__in=shown.values("pk")).values_list("position", "pk")
    there = len(predictions.confidence)

    def confidence(position: int) -> float:
        value = float(predictions.confidence[position]) if position < there else np.nan
        return 2.0 if np.isnan(value) else value

    sign = -1 if asked.sort.startswith("-") else 1
    ranked = sorted(found, key=lambda place: (sign * confidence(place), place))
    if sign < 0:
        ranked.sort(key=lambda place: confidence(place) == 2.0)
    marked = [(found[place], place, n) for n, place in enumerate(ranked)]
    return marked + [(pk, place, len(marked) + n) for n, (place, pk) in enumerate(sorted(rest))]


def _place_after(asked: Query, ranked: list[tuple[int, int]], places: dict[int, int]) -> int:
    """Return the place in `ranked` at which the page starts."""
    after = asked.after or 0
    if asked.sort in ("key", "-key"):
        return places.get(after, -1) + 1
    falls = asked.sort in ("-position", "newest")
    marks = enumerate(mark for _pk, mark in ranked)
    return next((n for n, mark in marks if (mark < after if falls else mark >= after)), len(ranked))


def _mark_after(asked: Query, mark: int) -> int:
    """Return what continues a page that ends with this mark."""
    return mark + 1 if asked.sort in ("position", "confidence", "-confidence") else mark


# Through all items in order -----------------------------------------------------------------------


def _through_positions(asked: Query, predictions: PoolPredictions) -> Found:
    """Return a page by going through the items by position, forwards or backwards."""
    falls = (asked.sort == "-position") != (asked.before is not None)
    whole = asked.project.items
    edge = asked.after if asked.before is None else asked.before
    if falls:
        start = stop = whole if edge is None else min(edge, whole)
    else:
        start = stop = min(edge or 0, whole)
    found: list[Item] = []
    for first, end in _spans(start, whole, falls=falls):
        start, stop = (first, stop) if falls else (start, end)
        rows = asked.rows.filter(position__gte=first, position__lt=end)
        rows = rows.order_by("-position" if falls else "position")
        found += rows[: asked.size + 1 - len(found)]
        if len(found) > asked.size:
            break
    if len(found) > asked.size:
        start, stop = (
            (found[asked.size].position + 1, stop) if falls else (start, found[asked.size].position)
        )
    items = found[: asked.size]
    if asked.before is not None:
        items.reverse()
    low, high = (start if start > 0 else None), (stop if stop < whole else None)
    after, before = (low, high) if asked.sort == "-position" else (high, low)
    total, is_exact = _total(asked, len(items), covers=start == 0 and stop == whole)
    looked = (start, stop, whole)
    return Found(items, total, is_exact, after, before, looked, predictions)


def _spans(edge: int, whole: int, *, falls: bool) -> Iterator[tuple[int, int]]:
    """Yield (from, to) of the places from the edge on, until enough time has passed."""
    begun = time.monotonic()
    for done in range(0, LOOKED_AT, AT_A_TIME):
        left = min(AT_A_TIME, LOOKED_AT - done)
        low, high = (edge - left, edge) if falls else (edge, edge + left)
        low, high = max(low, 0), min(high, whole)
        yield low, high
        edge = low if falls else high
        if edge in (0, whole) or time.monotonic() - begun > ENOUGH_SECONDS:
            return


def _through_stream(asked: Query, predictions: PoolPredictions) -> Found:
    """Return a page by going through places in another order, some at a time."""
    stream = _STREAMS[_stream_of(asked)](asked, predictions)
    rows = asked.of(None)
    items: list[Item] = []
    seen, first, begun = 0, asked.after or 0, time.monotonic()
    for positions, marks in stream:
        if seen and marks and time.monotonic() - begun > ENOUGH_SECONDS:
            total, _exact = _total(asked, len(items), covers=False)
            return Found(items, total, False, int(marks[0]), predictions=predictions)
        there = {item.position: item for item in rows.filter(position__in=positions)}
        for position, mark in zip(positions, marks, strict=True):
            if position in there:
                if len(items) == asked.size:
                    total, _exact = _total(asked, len(items), covers=False)
                    return Found(items, total, False, int(mark), predictions=predictions)
                items.append(there.pop(position))
        seen += len(positions)
        if seen >= LOOKED_AT:
            total, _exact = _total(asked, len(items), covers=False)
            ends = int(marks[-1]) + (-1 if asked.sort == "newest" else 1)
            return Found(items, total, False, ends, predictions=predictions)
    total, is_exact = _total(asked, len(items), covers=not first)
    return Found(items, total, is_exact, predictions=predictions)


Step = tuple[list[int], list[int]]


def _stream_of(asked: Query) -> str:
    if asked.sort in ("confidence", "-confidence", "newest", "key", "-key"):
        return asked.sort.lstrip("-")
    return "predicted"


def _predicted(asked: Query, predictions: PoolPredictions) -> Iterator[Step]:
    """Yield the positions of the items with that prediction, from a position on."""
    places = predictions.positions_of(asked.wanted.predicted or 0)
    if asked.sort == "-position":
        places = places[::-1]
        places = places if asked.after is None else places[places <= asked.after]
    else:
        places = places[places >= (asked.after or 0)]
    yield from _steps(places, places)


def _confident(asked: Query, predictions: PoolPredictions) -> Iterator[Step]:
    """Yield the positions in order of confidence; a mark is the place in that order."""
    places = predictions.by_confidence()
    places = places[::-1] if asked.sort.startswith("-") else places
    allowed = asked.predicted_mask(predictions)
    keep = np.ones(len(places), bool) if allowed is None else allowed[places]
    marks = np.flatnonzero(keep)
    marks = marks[marks >= (asked.after or 0)]
    shown = conditions.shows_prediction(asked.project)
    for positions, some in _steps(places[marks], marks):
        rows = Item.objects.filter(shown, project=asked.project, position__in=positions)
        there = set(rows.values_list("position", flat=True))
        pairs = [each for each in zip(positions, some, strict=True) if each[0] in there]
        yield [position for position, _mark in pairs], [mark for _position, mark in pairs]


def _newest(asked: Query, predictions: PoolPredictions) -> Iterator[Step]:
    """Yield the items by their newest annotation that matches; a mark is its key.

    In three statements along indexes: PostgreSQL would join all items to them in one.
    """
    rows = _of_annotations(asked).order_by("-pk").values_list("pk", "item", "user")
    last = asked.after
    while True:
        part = rows if last is None else rows.filter(pk__lte=last)
        found = list(part[:STEP])
        if not found:
            return
        last = found[-1][0] - 1
        items = {item for _pk, item, _user in found}
        given = Annotation.objects.filter(item__in=items, withdrawn_at=None).order_by()
        newest = dict(given.values_list("item").annotate(last=Max("pk")))
        rows_of = conditions.among(asked.project, items).values_list("pk", "position", "state")
        places = {pk: (position, state) for pk, position, state in rows_of}
        # No item is at -1: what is older or hidden counts as looked at.
        positions = [
            places[item][0]
            if newest.get(item) == pk
            and item in places
            and (places[item][1] == Item.State.LABELLED or user == asked.viewer.pk)
            else -1
            for pk, item, user in found
        ]
        yield positions, [pk for pk, _item, _user in found]


def _of_annotations(asked: Query) -> QuerySet[Annotation]:
    if asked.wanted.of_annotations:
        return conditions.annotations(asked.project, asked.wanted)
    return Annotation.objects.filter(project=asked.project, withdrawn_at=None)


def _visible(asked: Query) -> QuerySet[Annotation]:
    rows = _of_annotations(asked)
    return rows.filter(Q(item__state=Item.State.LABELLED) | Q(user=asked.viewer))


def _by_key(asked: Query, predictions: PoolPredictions) -> Iterator[Step]:
    """Yield the items by key; a mark is the key of the row before the next."""
    rows = Item.objects.present(asked.project).order_by(asked.sort)
    side = "key__lt" if asked.sort.startswith("-") else "key__gt"
    if asked.after is not None:
        last = Item.objects.filter(project=asked.project, pk=asked.after).first()
        if last is None:
            raise NotFound("not_found", message="cursor")
        rows = rows.filter(**{side: last.key})
    before, edge = asked.after or 0, ""
    while True:
        part = rows.filter(**{side: edge}) if edge else rows
        found = list(part.values_list("pk", "position", "key")[:STEP])
        if not found:
            return
        edge = found[-1][2]
        marks = [before, *(pk for pk, _position, _key in found[:-1])]
        before = found[-1][0]
        yield [position for _pk, position, _key in found], marks


_STREAMS = {"predicted": _predicted, "confidence": _confident, "newest": _newest, "key": _by_key}


def _steps(positions: NDArray[np.int64], marks: NDArray[np.int64]) -> Iterator[Step]:
    for start in range(0, len(positions), STEP):
        span = slice(start, start + STEP)
        yield positions[span].tolist(), marks[span].tolist()


# Shared -------------------------------------------------------------------------------------------


def is_in(mask: NDArray[np.bool_], position: int) -> bool:
    """Tell whether the position is in the mask."""
    return position < len(mask) and bool(mask[position])


def _load(asked: Query, pks: list[int]) -> list[Item]:
    found = {item.pk: item for item in conditions.among(asked.project, pks)}
    return [found[pk] for pk in pks if pk in found]


def _total(asked: Query, shown: int, *, covers: bool) -> tuple[int, bool]:
    """Return how many items match, or how many there are at least, and whether it is exact."""
    active, whole = asked.wanted.active, asked.project.items
    if not active:
        return asked.project.population, True
    if covers and not asked.after and not asked.before:
        return shown, True
    if asked.wanted.predicted is None and whole <= LOOKED_AT:
        return asked.rows.count(), True
    # A single criterion that narrows to candidates had too many of them; others promise nothing.
    is_frequent = len(active) == 1 and not {"text", "predicted"} & set(active)
    return max(shown, candidates.MOST if is_frequent else 0), False
