"""The place of an item in a longer document, and what stands around it there."""

import hashlib
from typing import Any

from annotator.models import Item

# Of an item's metadata: {"document", "number", "of", "start"}; `start` counts code points.
PLACE = "part_of"
LONGEST = 180
# Shown before and after, in code points.
AROUND = 600


def key_of(document: str, number: int) -> str:
    """Return the key of a part of a document."""
    if len(document) > LONGEST:
        start = hashlib.blake2b(document.encode("utf-8", "replace"), digest_size=6).hexdigest()
        document = f"{start}…{document[len(start) + 1 - LONGEST :]}"
    return f"{document}#{number}"


def place_of(meta: dict[str, Any]) -> dict[str, Any] | None:
    """Return the place in a document that metadata tell; None where they tell none."""
    place = meta.get(PLACE)
    if not isinstance(place, dict) or not isinstance(place.get("document"), str):
        return None
    is_whole = all(type(place.get(each)) is int for each in ("number", "of", "start"))
    return place if is_whole else None


def around(item: Item) -> dict[str, str]:
    """Return the texts before and after a part of a document; nothing for a whole text."""
    place = place_of(item.meta)
    if place is None:
        return {}
    before, after = (key_of(place["document"], place["number"] + by) for by in (-1, 1))
    rows = Item.objects.filter(project=item.project_id, key__in=[before, after])
    texts = dict(rows.values_list("key", "text"))
    return {"before": texts.get(before, "")[-AROUND:], "after": texts.get(after, "")[:AROUND]}
