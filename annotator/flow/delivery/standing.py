"""Where a delivery stands, as page and API tell it."""

from collections.abc import Mapping, Sequence
from typing import Any

from annotator.models import Delivery, Item, Job

STATES = {
    Delivery.Stage.FREEZE: "proven",
    Delivery.Stage.FROZEN: "frozen",
    Delivery.Stage.GIVEN_UP: "given_up",
}


def state(delivery: Delivery) -> str:
    """Return proving, proven, given_up or frozen."""
    return STATES.get(Delivery.Stage(delivery.stage), "proven" if delivery.is_proven else "proving")


def told(delivery: Delivery) -> dict[str, Any]:
    """Return the figures of a delivery."""
    parts = [_part(part) for part in delivery.standing.get("parts", [])]
    return {
        "id": delivery.number,
        "state": state(delivery),
        "reason": delivery.reason,
        "error": delivery.error if delivery.state != Job.State.DONE else "",
        "max_error": float(delivery.max_error),
        "confidence": float(delivery.confidence),
        "attempt": delivery.attempt,
        "model": delivery.model.number if delivery.model else None,
        **_counts(delivery, parts),
        "checks_done": sum(part["checks"] for part in parts),
        "checks_wrong": sum(part["wrong"] for part in parts),
        "checks_needed": _sum(part["expected"] for part in parts),
        "without_error": _sum(part["without_error"] for part in parts),
        "bound": max((part["bound"] for part in parts if part["bound"] is not None), default=None),
        **_proven(parts),
        "parts": parts,
        "created_at": delivery.created_at,
        "frozen_at": delivery.frozen_at,
        "sha256": delivery.sha256,
    }


def _proven(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how many labels of the model are proven by now, and how many are wrong at most."""
    rungs = [part["rungs"][number] for part in parts if (number := proven_so_far(part)) is not None]
    return {
        "proven": sum(rung["remaining"] for rung in rungs),
        "proven_bound": max((rung["bound"] for rung in rungs), default=None),
    }


def proven_so_far(part: Mapping[str, Any]) -> int | None:
    """Return the largest region of a promise that is proven with all safer ones, by its number."""
    open_ = (j for j, rung in enumerate(part["rungs"]) if not rung["is_proven"])
    found = next(open_, len(part["rungs"])) - 1
    return None if found < 0 else found


def _part(part: dict[str, Any]) -> dict[str, Any]:
    """Return a promise with the figures of the region that is delivered, or may be."""
    at = part["aim"] if part["delivered"] is None else part["delivered"]
    rung = part["rungs"][at] if at >= 0 else None
    return {
        **part,
        "machine": rung["remaining"] if rung else 0,
        "wrong": max((each["wrong"] for each in part["rungs"]), default=0),
        "bound": rung["bound"] if rung else None,
    }


def _counts(delivery: Delivery, parts: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many labels are people's, the model's, and missing: of the file once frozen."""
    if delivery.card:
        return {name: delivery.card[name] for name in ("people", "machine", "left")}
    project = delivery.project
    people = Item.objects.filter(project=project, state=Item.State.LABELLED).count()
    machine = sum(part["machine"] for part in parts)
    if not parts:
        machine = sum(part["sizes"][-1] for part in delivery.parts)
    return {
        "people": people,
        "machine": machine,
        "left": max(project.population - people - machine, 0),
    }


def _sum(numbers: Any) -> int | None:
    found = list(numbers)
    return None if None in found else sum(found)
