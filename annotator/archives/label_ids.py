"""Ids of labels outside foreign keys: in JSON columns and in sentences.

An archive that is opened gives each label a new id, so all of these change with it.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any

from django.db.models import Model

from annotator.i18n.label_marks import MARK, MARK_END, MARKED
from annotator.models import (
    Annotation,
    Decision,
    Delivery,
    DeliveryCheck,
    FeatureShard,
    FormerContent,
    Import,
    Item,
    Label,
    Lease,
    ModelVersion,
    Project,
    QueueEntry,
    RecallProof,
    Removal,
    ReviewRequest,
    Revision,
    Round,
    RoundShard,
    VectorShard,
)
from annotator.pool import label_texts

# By the id in the archive.
Ids = Mapping[int, int]
Column = tuple[type[Model], str]


def _list(found: Any, ids: Ids) -> list[Any]:
    return [_ref(each, ids) for each in found]


def _ref(found: Any, ids: Ids) -> Any:
    if isinstance(found, list):
        # A mark: its place, then its label.
        return [*found[:2], _ref(found[2], ids)]
    # A text is a name that no label had any more when references became ids.
    return found if isinstance(found, str) else ids[found]


def _suggestion(found: Any, ids: Ids) -> dict[str, Any]:
    return {**found, "labels": _list(found["labels"], ids)}


def _keys(found: Any, ids: Ids) -> dict[str, Any]:
    return {str(ids[int(key)]) if key.isdigit() else key: each for key, each in found.items()}


def pairs(found: Any, ids: Ids) -> dict[str, int]:
    """Return which labels were merged into which ones, by other ids."""
    return {str(ids[int(key)]): ids[into] for key, into in found.items()}


def _picks(found: Any, ids: Ids) -> list[dict[str, Any]]:
    return [_pick(each, ids) for each in found]


def _pick(found: Any, ids: Ids) -> dict[str, Any]:
    suggestion = found["suggestion"]
    return {
        **found,
        "why": sentence(found["why"], ids),
        "suggestion": None if suggestion is None else _suggestion(suggestion, ids),
    }


def _measured(found: Any, ids: Ids) -> dict[str, Any]:
    changed = {
        name: [{**each, "label": ids[each["label"]]} for each in found[name]]
        for name in ("classes", "spans")
        if name in found
    }
    return {**found, **changed}


def _parts(found: Any, ids: Ids) -> list[dict[str, Any]]:
    # Null is the promise for all labels together.
    return [
        {**each, "label": None if each["label"] is None else ids[each["label"]]} for each in found
    ]


def _standing(found: Any, ids: Ids) -> dict[str, Any]:
    return {**found, "parts": _parts(found["parts"], ids)} if found else {}


def sentence(said: str, ids: Ids) -> str:
    """Return a stored sentence with other ids in the placeholders of its labels."""
    if MARK not in said:
        return said
    return MARKED.sub(lambda hit: f"{MARK}{ids[int(hit[1])]}{MARK_END}", said)


# What changes the ids in a column; a null stays one.
LABEL_IDS: dict[Column, Callable[[Any, Ids], Any]] = {
    (Project, "removed_labels"): _keys,
    (Project, "merged_labels"): pairs,
    (Item, "gold"): _list,
    (Item, "suggested"): _suggestion,
    (ModelVersion, "labels"): _list,
    (ModelVersion, "seen"): _keys,
    (ModelVersion, "measured"): _measured,
    (Round, "picks"): _picks,
    (QueueEntry, "suggestion"): _suggestion,
    (Lease, "suggestion"): _suggestion,
    (Annotation, "suggestion"): _suggestion,
    (Annotation, "value"): _list,
    (Revision, "labels"): _list,
    (ReviewRequest, "instead"): _list,
    (Decision, "said"): _list,
    (Decision, "value"): _list,
    (Delivery, "per_label"): _list,
    (Delivery, "parts"): _parts,
    (Delivery, "standing"): _standing,
    (DeliveryCheck, "said"): _list,
    (QueueEntry, "why"): sentence,
    (Lease, "why"): sentence,
    (ReviewRequest, "why"): sentence,
}

# By JSON column: what it has instead of ids.
NO_IDS: dict[Column, str] = {
    (Project, "shown_fields"): "names of fields",
    (Project, "options"): "values of settings",
    (Project, "recounted"): "numbers",
    (Label, "former_names"): "names",
    (Import, "part_columns"): "names of columns",
    (Import, "label_map"): "names of labels",
    (Import, "errors"): "rows of the file, and sentences",
    (Import, "notes"): "codes with values",
    (Removal, "spans"): "positions",
    (Item, "content"): "texts",
    (Item, "meta"): "what came with the item",
    (FormerContent, "content"): "texts",
    (FormerContent, "meta"): "what came with the item",
    (FeatureShard, "checksums"): "sums by file",
    (VectorShard, "checksums"): "sums by file",
    (ModelVersion, "params"): "numbers and sums",
    (ModelVersion, "accuracy"): "numbers",
    (Round, "timings"): "seconds",
    (Round, "distribution"): "counts by class",
    (RoundShard, "histogram"): "counts",
    (RoundShard, "predicted"): "counts by class",
    (RoundShard, "checksums"): "sums by file",
    (RecallProof, "positions"): "positions",
    (Delivery, "card"): "names and numbers, as they were when it was frozen",
}


def columns_of(model: type[Model]) -> dict[str, Callable[[Any, Ids], Any]]:
    """Return the columns of a table that hold ids of labels, and what changes them."""
    return {name: change for (of, name), change in LABEL_IDS.items() if of is model}


def digests(labels: Iterable[Label], ids: Ids) -> dict[str, str]:
    """Return the digest of the labels' texts under the new ids, by that under the old ones."""
    rows = sorted(labels, key=lambda label: (label.position, label.pk))
    renamed = [copy(row) for row in rows]
    for row in renamed:
        row.pk = ids[row.pk]
    return {label_texts.digest(rows): label_texts.digest(renamed)}


def salted(salt: bytes, name: bytes) -> bytes:
    """Return 16 bytes that stand for `name` in one import, and in no other."""
    return hashlib.blake2b(name, key=salt, digest_size=16).digest()
