"""The audit sample: items whose random key is below a threshold, as a prefix of a permutation."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from django.db.models import Exists, Max, OuterRef
from numpy.typing import NDArray

from annotator.models import (
    Annotation,
    Item,
    Project,
    Source,
)

if TYPE_CHECKING:
    pass


AUDIT_KEYS = 2**63
# The number of settled items before the first gap that are searched for the newest audit.
NEAR_THE_GAP = 200


# Rows to arrays -----------------------------------------------------------------------------------


def audit_key(seed: int, content_hash: bytes) -> int:
    """Return an item's place in [0, 2**63) in the project's fixed random permutation.

    A keyed hash of the content, so the order is fixed at import, for later items as well, and
    independent of active learning.
    """
    digest = hashlib.blake2b(content_hash, digest_size=8, key=str(seed).encode()).digest()
    return int.from_bytes(digest, "big") >> 1


def audit_threshold(project: Project) -> int:
    """Return the audit key below which items are reserved for audits.

    Audits take `audit_share` of all labels, so a prefix of that share of the permutation is never
    used up before the rest, and no audit item is shown with a suggestion before it is audited. Nor
    does the strategy select one, unless it searches (`strategy_bound`).
    """
    return int(project.audit_share * AUDIT_KEYS)


def strategy_bound(project: Project) -> int:
    """Return the audit key below which the strategy leaves items alone.

    A search for a rare label may take all of them, or what is in the reserve could not be found.
    Items of the reserve are served blind whoever asks for them, and the audit set stays a prefix of
    the permutation: one that was read before its turn counts in its turn.
    """
    return 0 if project.hunts else audit_threshold(project)


def audit_frontier(project: Project) -> int:
    """Return the audit key up to which every item is settled; -1 if none is.

    The audit set is what is labelled up to it: a prefix of the permutation, so a random sample. It
    ends before the first item that still waits, even if that item came with a later import. Only
    skipped items are passed over; `progress.audit_counts` counts them.
    """
    # One state at a time, as in the index; both queries read a single row.
    waiting = Item.objects.filter(project=project, skips=0).order_by("audit_key")
    gaps = [
        waiting.filter(state=state).values_list("audit_key", flat=True).first()
        for state in (Item.State.POOL, Item.State.QUEUED)
    ]
    first_gap = min((gap for gap in gaps if gap is not None), default=None)
    newest = _newest_audit(project, first_gap)
    if newest is None:
        return -1
    return newest if first_gap is None else min(newest, first_gap - 1)


def _newest_audit(project: Project, before: int | None) -> int | None:
    """Return the largest audit key of an audited item, searching those below `before` first."""
    audits = Annotation.objects.filter(project=project, source=Source.AUDIT, withdrawn_at=None)
    if before is not None:
        # Below the first gap nearly all settled items are audits, so a few rows usually contain
        # one.
        below = Item.objects.filter(
            project=project, state=Item.State.LABELLED, audit_key__lt=before
        ).order_by("-audit_key")
        few = Item.objects.filter(pk__in=below.values("pk")[:NEAR_THE_GAP])
        found = few.filter(Exists(audits.filter(item=OuterRef("pk")))).aggregate(n=Max("audit_key"))
        if found["n"] is not None:
            return int(found["n"])
    return audits.order_by("-item__audit_key").values_list("item__audit_key", flat=True).first()


def audit_keys(project: Project, start: int, stop: int) -> NDArray[np.int64]:
    """Return the audit keys at positions [start, stop), in order."""
    span = {"position__gte": start, "position__lt": stop}
    rows = Item.objects.filter(project=project, **span).order_by("position")
    return np.fromiter(rows.values_list("audit_key", flat=True), dtype=np.int64)
