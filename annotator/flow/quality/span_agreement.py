"""Agreement of two people on spans: F1, by exact borders and by overlap, with chance beside it."""

from collections import defaultdict
from itertools import combinations
from typing import Any

from annotator.flow.labels import naming
from annotator.flow.quality.answer_table import LEFT_OUT
from annotator.models import Annotation, Item, Project

MOST_ANSWERS = 20_000
MOST_PAIRS = 30

Said = dict[int, list[tuple[int, int, str]]]


def of_pairs(project: Project) -> list[dict[str, Any]]:
    """Return the agreement of the pairs of annotators who share most items.

    `exact` and `overlapping` are F1 over all spans, `position` is exact F1 without regard to the
    labels; `spans` counts the spans of both, `n` the items, also those where nothing was marked.
    """
    said = _said(project)
    shared = {
        (a, b): sorted(said[a].keys() & said[b].keys()) for a, b in combinations(sorted(said), 2)
    }
    most = sorted(shared, key=lambda pair: -len(shared[pair]))[:MOST_PAIRS]
    return [_pair(pair, shared[pair], said) for pair in most if shared[pair]]


def _said(project: Project) -> dict[int, Said]:
    """Return the newest answers by annotator and item."""
    rows = Annotation.objects.filter(
        project=project, withdrawn_at=None, user__isnull=False, value__isnull=False
    ).exclude(source__in=LEFT_OUT)
    found: dict[int, Said] = defaultdict(dict)
    value: Any
    newest = rows.order_by("-id").values_list("user_id", "item_id", "value")[:MOST_ANSWERS]
    for user, item, value in newest:
        spans = [(mark.start, mark.end, str(mark.label)) for mark in naming.current(project, value)]
        found[user or 0].setdefault(item, spans)
    return found


def _pair(pair: tuple[int, int], items: list[int], said: dict[int, Said]) -> dict[str, Any]:
    from selection.spans.quality.agreement import span_agreement

    a, b = pair
    texts = Item.objects.in_bulk(items)
    found = span_agreement(
        [texts[item].text for item in items],
        [said[a][item] for item in items],
        [said[b][item] for item in items],
    )
    return {
        "a": a,
        "b": b,
        "n": len(items),
        "spans": found.overall.n,
        **_told(found.overall),
        "position": _number(found.position.exact),
        "labels": {label: _told(each) for label, each in found.per_label.items()},
    }


def _told(agreement: Any) -> dict[str, float | None]:
    names = ("exact", "exact_chance", "overlapping", "overlapping_chance")
    return {name: _number(getattr(agreement, name)) for name in names}


def _number(value: float) -> float | None:
    # Where neither marked anything, there is no agreement to tell.
    return None if value != value else round(float(value), 4)
