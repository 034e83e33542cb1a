"""What needs a lead's decision: skips, notes, doubts, disagreements, replies."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from annotator.flow.annotation import adjudicate, send_back
from annotator.flow.items import conditions
from annotator.flow.queue import skipped_items
from annotator.models import Annotation, Item, Lease, Project, SentBack

SHOWN = 20
# Skipped items that are looked at; the reasons of more would say no more.
MOST = 500


@dataclass(frozen=True)
class Attention:
    """What waits for a decision; lists are short, `parked` and `disagreements` are counts."""

    reasons: list[tuple[str, int]]
    skips: list[Lease]
    parked: int
    notes: list[Annotation]
    unsure: list[Annotation]
    disagreements: int
    replies: list[SentBack]

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing waits."""
        return not any(
            (self.skips, self.parked, self.notes, self.unsure, self.disagreements, self.replies)
        )


def of_project(project: Project) -> Attention:
    """Return what waits for a lead."""
    skips = open_skips(project)
    return Attention(
        reasons=_by_reason(skips),
        skips=skips[:SHOWN],
        parked=Item.objects.set_aside(project).count(),
        notes=list(_settled(project, conditions.HAS_NOTE)),
        unsure=list(_settled(project, Q(unsure=True))),
        disagreements=adjudicate.count_open(project),
        replies=list(send_back.replied(project)[:SHOWN]),
    )


def skip_reasons(project: Project) -> list[tuple[str, int]]:
    """Return why items without a label were skipped, the most frequent reason first."""
    return _by_reason(open_skips(project))


def open_skips(project: Project) -> list[Lease]:
    """Return the skips of items that still have no label, the newest first."""
    items = Item.objects.filter(conditions.WAS_SKIPPED, project=project)
    waiting = items.filter(state__in=[Item.State.POOL, Item.State.QUEUED, Item.State.ASIDE])
    keys = list(waiting.order_by("-pk").values_list("pk", flat=True)[:MOST])
    if not keys:
        return []
    rows = Lease.objects.filter(item__in=keys, outcome__in=Lease.SKIPS)
    return list(rows.select_related("item", "user").order_by("-ended_at", "-pk"))


def _by_reason(skips: list[Lease]) -> list[tuple[str, int]]:
    # A note says something of one item alone; that is shown with the item.
    chosen = (skipped_items.split(lease.reason) for lease in skips)
    return Counter(reason or note for reason, note in chosen).most_common()


def _settled(project: Project, remark: Any) -> QuerySet[Annotation]:
    """Return the newest annotations with a remark that no lead has answered with another label."""
    rows = Annotation.objects.filter(project=project, withdrawn_at=None, corrected_by=None)
    # What was said of open items is not for somebody who may be asked about them.
    rows = rows.filter(remark, item__state=Item.State.LABELLED)
    return rows.select_related("item", "user").order_by("-pk")[:SHOWN]
