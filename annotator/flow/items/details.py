"""Items with what people and models say of them, as their lead may see it."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db.models import QuerySet

from annotator import tasktypes
from annotator.errors import Conflict, NotFound
from annotator.flow.annotation import adjudicate
from annotator.flow.annotation.payload import annotation_payload
from annotator.flow.evaluation import audit_judgements
from annotator.flow.items import conditions
from annotator.flow.labels import naming
from annotator.flow.review import corrections
from annotator.flow.training import pool_predictions, predict
from annotator.flow.training.pool_predictions import PoolPredictions
from annotator.models import Annotation, Item, Lease, Project, Revision, User

Told = dict[str, Any]


def find(project: Project, pk: int) -> Item:
    """Return one of the project's items."""
    item = Item.objects.present(project).filter(pk=pk).first()
    if item is None:
        raise NotFound("unknown_item")
    return item


def brief(project: Project, item: Item) -> Told:
    """Return an item without what anybody says of it."""
    content = tasktypes.of(project).media.listed(item)
    state = Item.State(item.state).name.lower()
    return {"id": item.pk, "key": item.key, **content, "meta": item.meta, "state": state}


def of_items(
    project: Project, viewer: User, items: Sequence[Item], predictions: PoolPredictions
) -> list[Told]:
    """Return items with their annotations, skips and predictions."""
    said, skips = annotations(items, viewer), _skips(items)
    decided = adjudicate.decided(project, [item.pk for item in items])
    return [
        {
            **brief(project, item),
            "annotations": [_annotation(project, *each) for each in said[item.pk]],
            "skips": [_skip(lease) for lease in skips[item.pk]],
            "decided": decided.get(item.pk),
            "gold": _gold(project, item),
            "prediction": prediction(project, item, predictions),
        }
        for item in items
    ]


def whole(project: Project, viewer: User, item: Item) -> Told:
    """Return one item with everything about it, and the history of each annotation."""
    (told,) = of_items(project, viewer, [item], pool_predictions.of_project(project))
    history: dict[int, list[Told]] = defaultdict(list)
    keys = [each["id"] for each in told["annotations"]]
    rows = Revision.objects.filter(annotation__in=keys).select_related("user").order_by("pk")
    for each in rows:
        history[each.annotation_id].append(_change(project, each))
    for each in told["annotations"]:
        each["history"] = history[each["id"]]
    if not tasktypes.of(project).answer.of_classes:
        told["prediction"] = _predicted_marks(project, item)
    is_settled = item.state == Item.State.LABELLED
    judged = audit_judgements.of_audits(project).of(item.position) if is_settled else None
    return {**told, "judged": judged}


def stamp(told: Told) -> str:
    """Return what stands for all that people say of an item; it changes with any of it."""
    said = [(each["id"], each["updated_at"].isoformat()) for each in told["annotations"]]
    return hashlib.blake2s(repr((said, told["decided"])).encode(), digest_size=8).hexdigest()


def refuse_unseen(project: Project, viewer: User, item: Item, seen: str) -> None:
    """Raise Conflict if `seen`, the stamp of what `viewer` saw, is not the item's any more."""
    said = annotations([item], viewer)[item.pk]
    told = {
        "annotations": [{"id": each.pk, "updated_at": each.updated_at} for each, _own in said],
        "decided": adjudicate.decided(project, [item.pk]).get(item.pk),
    }
    if seen != stamp(told):
        raise Conflict("item_changed")


def _gold(project: Project, item: Item) -> list[str] | None:
    """Return the gold answer of a settled item: an open one may be asked of the viewer."""
    if item.gold is None or item.state != Item.State.LABELLED:
        return None
    return naming.names_now(project, item.gold)


# Annotations --------------------------------------------------------------------------------------

Said = tuple[Annotation, set[naming.Ref] | None]


def annotations(items: Iterable[Item], viewer: User) -> dict[int, list[Said]]:
    """Return by item the annotations that `viewer` may see, with what corrected authors said.

    What others said is not for somebody who may be judging the item right now.
    """
    settled = {item.pk: item.state == Item.State.LABELLED for item in items}
    rows = _full(Annotation.objects.filter(item__in=list(settled), withdrawn_at=None))
    shown = [each for each in rows if settled[each.item_id] or each.user_id == viewer.pk]
    own = corrections.of_keys([each.pk for each in shown if each.corrected_by_id is not None])
    found: dict[int, list[Said]] = defaultdict(list)
    for each in shown:
        given = sorted(each.given.all(), key=lambda one: (one.label.position, one.label_id))
        each.said = [one.label for one in given]
        found[each.item_id].append((each, own.get(each.pk)))
    return found


def _full(rows: QuerySet[Annotation]) -> QuerySet[Annotation]:
    rows = rows.select_related("user", "corrected_by", "lease").prefetch_related("given__label")
    return rows.order_by("pk")


def _annotation(
    project: Project, annotation: Annotation, own: Collection[naming.Ref] | None
) -> Told:
    # One instance for all of them: its labels are read once.
    annotation.project = project
    told = annotation_payload(annotation)
    why = annotation.lease.why if annotation.lease else ""
    return {
        **{name: value for name, value in told.items() if name not in ("known", "withdrawn_at")},
        "annotator": annotation.by,
        "author_labels": told["labels"] if own is None else naming.names_now(project, own),
        "why": naming.untranslated(project, why),
    }


def _change(project: Project, revision: Revision) -> Told:
    return {
        "action": revision.action,
        "by": revision.user.username if revision.user else None,
        "at": revision.at,
        "labels": naming.names_now(project, revision.labels),
        "unsure": revision.unsure,
        "note": revision.note,
    }


# Skips and predictions ----------------------------------------------------------------------------


def _skips(items: Iterable[Item]) -> dict[int, list[Lease]]:
    skipped = [item.pk for item in items if item.skips]
    found: dict[int, list[Lease]] = defaultdict(list)
    if skipped:
        rows = Lease.objects.filter(item__in=skipped, outcome__in=Lease.SKIPS)
        for lease in rows.select_related("user").order_by("ended_at", "pk"):
            found[lease.item_id].append(lease)
    return found


def _skip(lease: Lease) -> Told:
    return {"annotator": lease.user.username, "reason": lease.reason, "at": lease.ended_at}


def prediction(project: Project, item: Item, predictions: PoolPredictions) -> Told | None:
    """Return what the model says of the item; None where that is kept back, or unknown."""
    if _is_kept_back(project, item):
        return None
    found = predictions.of(item.position)
    if found is None or not tasktypes.of(project).answer.of_classes:
        return None
    labels = naming.names(project, found["labels"])
    return {**found, "labels": labels, "model": predictions.model}


def _is_kept_back(project: Project, item: Item) -> bool:
    """Return whether a prediction would give away an audit that is open, or may become one."""
    is_open = item.state != Item.State.LABELLED
    return is_open and item.audit_key < conditions.kept_back_below(project)


def _predicted_marks(project: Project, item: Item) -> Told | None:
    """Return what the newest model marks in the item: no shard has that, so it reads the text."""
    if _is_kept_back(project, item):
        return None
    try:
        version, (found,) = predict.predict(project, [item])
    except Conflict:
        return None
    return {**found, "model": version.number}
