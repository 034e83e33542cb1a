"""Data card of a delivery: what is in it, what was promised, and how that was proven.

It is stored as facts; the sentences of the Markdown are made from them when somebody reads it.
"""

from collections.abc import Mapping
from typing import Any

from annotator.flow.delivery import outlook
from annotator.flow.labels import naming
from annotator.flow.progress import estimate
from annotator.models import Delivery

VERSION = 1


def build(
    delivery: Delivery, counts: Mapping[str, int], labels: Mapping[str, int], digest: str
) -> dict[str, Any]:
    """Return the facts of a delivery that is being frozen."""
    project = delivery.project
    machine = counts.get("model", 0)
    people = sum(counts.get(by, 0) for by in ("person", "consensus", "adjudication"))
    return {
        "card": VERSION,
        "project": project.name,
        "delivery": delivery.number,
        "items": counts.get("items", 0),
        "people": people,
        "machine": machine,
        "left": counts.get("items", 0) - people - machine,
        "by": {by: counts.get(by, 0) for by in ("person", "consensus", "adjudication", "model")},
        "labels": dict(labels),
        "promise": promise(delivery),
        "accuracy": estimate.newest(project),
        "totals": _totals(delivery),
        "model": None if delivery.model is None else _model(delivery),
        "sha256": digest,
    }


def promise(delivery: Delivery) -> dict[str, Any]:
    """Return what was promised, and what proves it."""
    return {
        "max_error": float(delivery.max_error),
        "confidence": float(delivery.confidence),
        "attempt": delivery.attempt,
        "alpha": delivery.alpha,
        "slips": delivery.slips,
        "parts": [_part(delivery, part) for part in delivery.standing.get("parts", [])],
    }


def _part(delivery: Delivery, part: Mapping[str, Any]) -> dict[str, Any]:
    number = part["delivered"]
    rung = None if number is None else part["rungs"][number]
    label = part["label"]
    return {
        "label": None if label is None else naming.names(delivery.project, [label])[0],
        "machine": 0 if rung is None else rung["remaining"],
        "checks": 0 if rung is None else rung["checks"],
        "wrong": 0 if rung is None else rung["wrong"],
        "bound": None if rung is None else rung["bound"],
    }


def _model(delivery: Delivery) -> dict[str, Any]:
    assert delivery.model is not None
    return {
        "number": delivery.model.number,
        "trained_on": delivery.model.trained_on,
        "sha256": delivery.model.sha256,
    }


def _totals(delivery: Delivery) -> list[dict[str, Any]]:
    reports = delivery.project.reports.filter(kind=outlook.KIND)
    found = reports.values_list("found", flat=True).first() or {}
    return [
        {**each, "label": naming.names(delivery.project, [each["label"]])[0]}
        for each in found.get("totals", [])
    ]
