"""Records of a delivery: each label, who gave it, and how sure they were."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.flow.datasets.outgoing import by_item
from annotator.flow.labels import naming
from annotator.models import Annotation, Delivery, DeliveryCheck, Item, Project
from annotator.pool.delivery_regions import Region

CHUNK = 2000
BY = {
    by_item.SINGLE: "person",
    by_item.CONSENSUS: "consensus",
    by_item.ADJUDICATION: "adjudication",
}
MODEL = "model"


@dataclass(frozen=True)
class Delivered:
    """What the model may label: `row` (items,) leads from a position to its region's, -1 none."""

    row: NDArray[np.int64]
    confidence: NDArray[np.float32]
    given: list[frozenset[int]]

    def of(self, position: int) -> tuple[list[int], float] | None:
        """Return the labels that the model gives to an item, and its confidence."""
        if position >= len(self.row) or self.row[position] < 0:
            return None
        row = int(self.row[position])
        return sorted(self.given[row]), round(float(self.confidence[row]), 4)


def delivered(delivery: Delivery, regions: Sequence[Region]) -> Delivered:
    """Return what the proven regions hold, by the items' positions."""
    assert delivery.model is not None
    labels = np.array(delivery.model.labels, dtype=np.int64)
    row = np.full(delivery.project.items, -1, dtype=np.int64)
    confidence: list[NDArray[np.float32]] = []
    given: list[frozenset[int]] = []
    for region, told in zip(regions, delivery.standing["parts"], strict=True):
        if told["delivered"] is None:
            continue
        inside = region.innermost <= told["delivered"]
        row[region.positions[inside]] = len(given) + np.arange(int(inside.sum()))
        confidence.append(region.confidence[inside])
        masks = region.classes(len(labels))[inside]
        known: dict[bytes, frozenset[int]] = {}
        for mask in masks:
            key = mask.tobytes()
            if key not in known:
                known[key] = frozenset(labels[mask].tolist())
            given.append(known[key])
    joined = np.concatenate(confidence) if confidence else np.zeros(0, np.float32)
    return Delivered(row, joined, given)


def records(delivery: Delivery, found: Delivered) -> Iterator[dict[str, Any]]:
    """Yield one record per item that has a label: people's first choice, else the model's."""
    checked = _checked(delivery)
    rows, last = Item.objects.present(delivery.project).order_by("pk"), 0
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        yield from _of_chunk(delivery, found, chunk, checked)


def _checked(delivery: Delivery) -> set[int]:
    answered = delivery.checks.exclude(verdict=DeliveryCheck.Verdict.OPEN)
    return set(answered.values_list("item", flat=True))


def _of_chunk(
    delivery: Delivery, found: Delivered, items: Sequence[Item], checked: set[int]
) -> Iterator[dict[str, Any]]:
    project = delivery.project
    keys = [item.pk for item in items if item.answers or item.state == Item.State.LABELLED]
    resolved, people = _by_people(project, keys)
    number = delivery.model.number if delivery.model else None
    name = cache(lambda refs: naming.names(project, refs))
    for item in items:
        if item.pk in resolved:
            labels, how = resolved[item.pk]
            who = people.get(item.pk, [])
            yield record(project, item, labels, BY[how], annotators=who, checked=item.pk in checked)
        elif item.pk not in checked and (by_model := found.of(item.position)):
            labels = list(name(tuple(by_model[0])))
            yield record(project, item, labels, MODEL, by_model[1], model=number)


def _by_people(
    project: Project, keys: Sequence[int]
) -> tuple[dict[int, tuple[list[str], str]], dict[int, list[str]]]:
    if not keys:
        return {}, {}
    counted = by_item.by_item(
        by_item.full(Annotation.objects.filter(item__in=keys, **by_item.COUNTS))
    )
    people = {
        key: sorted({each.by for each in answers if each.by}) for key, answers in counted.items()
    }
    return by_item.resolved(project, list(counted), counted), people


def record(
    project: Project,
    item: Item,
    labels: list[str],
    by: str,
    confidence: float | None = None,
    *,
    model: int | None = None,
    annotators: Sequence[str] = (),
    checked: bool = False,
) -> dict[str, Any]:
    """Return the record of a delivered label."""
    return {
        "item": item.pk,
        "key": item.key,
        **tasktypes.of(project).media.export(item),
        "meta": item.meta,
        "labels": labels,
        "by": by,
        "annotators": list(annotators),
        "confidence": confidence,
        "model": model,
        "checked": checked,
    }


def for_tool(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as writers of other tools' formats read it: one answer, by who gave it."""
    if record["by"] == MODEL:
        name = f"model {record['model']}"
    else:
        name = ", ".join(record["annotators"]) or record["by"]
    own = {"id": record["item"], "annotator": name, "note": "", "unsure": False}
    answer = {
        **own,
        "labels": record["labels"],
        "source": record["by"],
        "seconds": None,
        "created_at": None,
        "updated_at": None,
    }
    return {**record, **own, "answers": [answer], "skips": [], "suggestion": None}
