"""Proof of a delivery: verdicts in, what they prove out, and the next checks to ask for."""

from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from annotator.errors import Conflict
from annotator.flow.delivery import promises, verdicts
from annotator.flow.delivery.planning import proof_alpha
from annotator.flow.delivery.standing import proven_so_far
from annotator.flow.queue import delivery_checks
from annotator.models import Delivery, DeliveryCheck, Item, ReviewRequest
from annotator.pool import delivery_regions, training_set
from annotator.pool.delivery_regions import Region

if TYPE_CHECKING:
    from selection.delivery.ladder import Standing
    from selection.delivery.several import Part

# So many draws are known beyond the last one that was counted.
DRAWN_AHEAD = 60
EXPECTED_WEIGHT = 20
# Of what is allowed: a rung in which more seems to be wrong takes too many checks.
LIKELY = 0.7
GONE = (Item.State.LABELLED, Item.State.ASIDE, Item.State.REMOVED)


def due() -> list[int]:
    """Return the deliveries whose proof lags behind the annotations."""
    proving = Delivery.objects.filter(stage=Delivery.Stage.PROVE).select_related("project")
    return [each.pk for each in proving if each.revision != _revision(each)]


def _revision(delivery: Delivery) -> int:
    """Return a number that changes with every answer and second opinion."""
    answered = ReviewRequest.objects.filter(
        project=delivery.project, kind=ReviewRequest.Kind.CHECK, state__gte=ReviewRequest.State.DONE
    )
    skipped = Item.objects.filter(project=delivery.project, state=Item.State.ASIDE)
    return training_set.label_revision(delivery.project) + answered.count() + skipped.count()


def go_on(pk: int) -> Delivery | None:
    """Work out what the checks prove, and draw the next ones; None if nothing is being proven."""
    with transaction.atomic():
        proving = Delivery.objects.select_for_update(of=("self",)).select_related(*Delivery.WITH)
        delivery: Delivery | None = proving.filter(pk=pk, stage=Delivery.Stage.PROVE).first()
        if delivery is None:
            return None
        revision = _revision(delivery)
        regions = delivery_regions.load(delivery)
        found = stand(delivery, regions, verdicts.judge(delivery))
        told = [_told(delivery, part, each) for part, each in sorted(found.items())]
        is_over = all(each["is_over"] for each in told)
        is_proven = is_over and any(each["delivered"] is not None for each in told)
        Delivery.objects.filter(pk=pk).update(
            standing={"parts": told}, revision=revision, is_proven=is_proven
        )
        delivery.refresh_from_db(fields=["standing", "is_proven"])
        if is_over and not is_proven:
            promises.give_up(delivery, "too_many_wrong")
            return None
        _draw(delivery, regions, found)
    delivery_checks.ask(delivery.project)
    return delivery


def settle(delivery: Delivery) -> None:
    """End a proof with the largest region that is proven by now; Conflict while there is none.

    To stop at any moment leaves a proof valid.
    """
    with transaction.atomic():
        held = Delivery.objects.select_for_update(of=("self",)).filter(pk=delivery.pk)
        found = held.get()
        if found.stage not in Delivery.UNDER_WAY:
            raise Conflict("delivery_ended")
        if found.stage == Delivery.Stage.FREEZE:
            raise Conflict("delivery_being_frozen")
        told = found.standing.get("parts", [])
        if not any(proven_so_far(part) is not None for part in told):
            raise Conflict("nothing_proven_yet")
        held.update(parts=[{**part, "settled": True} for part in delivery.parts])
    go_on(delivery.pk)


def stand(
    delivery: Delivery, regions: list[Region], checks: list[DeliveryCheck]
) -> dict[int, "Standing"]:
    """Return what the verdicts prove of each promise."""
    from selection.delivery import several

    alpha = proof_alpha(delivery.alpha, delivery.slips)
    found = several.stand(_selection_parts(delivery, regions, checks), alpha)
    return {
        number: each.settled() if delivery.parts[number].get("settled") else each
        for number, each in found.items()
    }


def _selection_parts(
    delivery: Delivery, regions: list[Region], checks: list[DeliveryCheck]
) -> dict[int, "Part"]:
    from selection.delivery.ladder import OPEN, Plan
    from selection.delivery.several import Part

    gone = _gone(delivery)
    found = {}
    for number, (region, told) in enumerate(zip(regions, delivery.parts, strict=True)):
        said = np.full(len(region.positions), OPEN, dtype=np.int64)
        mine = [check for check in checks if check.part == number]
        said[[check.place for check in mine]] = [check.verdict for check in mine]
        taken = np.isin(region.positions, gone)
        plan = Plan(
            sizes=tuple(told["sizes"]),
            allowed=delivery.allowed,
            alpha=told["alpha"],
            budget=told["budget"],
            slips=delivery.slips or 0.0,
            expected=tuple(told["expected"]),
        )
        found[number] = Part(plan, region.innermost, said, taken)
    return found


def _gone(delivery: Delivery) -> NDArray[np.int64]:
    """Return the positions whose labels are not the model's any more."""
    settled = Item.objects.filter(project=delivery.project, state__in=GONE).order_by()
    begun = Item.objects.filter(project=delivery.project, state=Item.State.QUEUED, answers__gt=0)
    positions = [*settled.values_list("position", flat=True).iterator(50_000)]
    positions += begun.order_by().values_list("position", flat=True)
    return np.array(sorted(positions), dtype=np.int64)


def _told(delivery: Delivery, number: int, standing: "Standing") -> dict[str, Any]:
    """Return a standing as it is stored and shown."""
    part = delivery.parts[number]
    return {
        "label": part["label"],
        "checks": standing.checks,
        "drawn": standing.drawn,
        "live": standing.live,
        "delivered": standing.delivered,
        "is_over": standing.is_over,
        "rungs": [
            {
                "size": rung.size,
                "checks": rung.checks,
                "wrong": rung.wrong,
                "remaining": rung.remaining,
                "log_evidence": _finite(rung.log_evidence),
                "bound": rung.bound(delivery.slips or 0.0) if rung.is_proven else None,
                "is_proven": rung.is_proven,
                "is_dropped": rung.is_dropped,
            }
            for rung in standing.rungs
        ],
        **_needed(delivery, part, standing),
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _needed(delivery: Delivery, part: dict[str, Any], standing: "Standing") -> dict[str, Any]:
    """Return the checks that would prove all live rungs if none is wrong, and those expected.

    What is expected is the proof of the `aim`: the boldest live rung that is likely to be proven.
    """
    from selection.delivery import evidence

    if standing.is_over or standing.live < 0:
        return {"aim": standing.live, "without_error": 0, "expected": 0}
    live, slips = standing.rungs[standing.live], delivery.slips or 0.0
    tested = float(evidence.less_slips(delivery.allowed, slips))
    guesses = _guesses(part, standing)
    aim = max((j for j, guess in enumerate(guesses) if guess <= LIKELY * tested), default=0)
    rung = standing.rungs[aim]
    expected = evidence.checks_expected(guesses[aim], tested, part["alpha"], rung.log_evidence)
    return {
        "aim": aim,
        "without_error": evidence.checks_without_error(
            live.checks,
            live.wrong,
            live.size,
            delivery.allowed,
            part["alpha"],
            slips=slips,
            gone=live.gone,
        ),
        "expected": None if expected is None else int(np.ceil(expected)),
    }


def _guesses(part: dict[str, Any], standing: "Standing") -> list[float]:
    """Return the error of each live rung as it seems now: expected as if checked so often."""
    return [
        (rung.wrong + expected * EXPECTED_WEIGHT) / (rung.checks + EXPECTED_WEIGHT)
        for rung, expected in zip(
            standing.rungs[: standing.live + 1], part["expected"], strict=False
        )
    ]


def _draw(delivery: Delivery, regions: list[Region], found: dict[int, "Standing"]) -> None:
    """Note the next draws of each promise that is not settled yet."""
    assert delivery.model is not None
    fresh = []
    for number, standing in found.items():
        region = regions[number]
        if standing.is_over or standing.live < 0:
            continue
        ahead = np.arange(standing.drawn, len(region.positions))
        places = ahead[region.innermost[ahead] <= standing.live][:DRAWN_AHEAD]
        fresh += _checks(delivery, number, region, places)
    DeliveryCheck.objects.bulk_create(fresh, ignore_conflicts=True)


def _checks(
    delivery: Delivery, number: int, region: Region, places: NDArray[np.int64]
) -> list[DeliveryCheck]:
    assert delivery.model is not None
    labels = delivery.model.labels
    there = delivery.checks.filter(part=number).values_list("place", flat=True)
    new = [int(place) for place in np.setdiff1d(places, list(there))]
    positions = {int(region.positions[place]): place for place in new}
    items = Item.objects.filter(project=delivery.project, position__in=list(positions))
    classes = region.classes(len(labels))
    return [
        DeliveryCheck(
            delivery=delivery,
            item_id=pk,
            part=number,
            place=positions[position],
            said=[
                ref
                for ref, is_it in zip(labels, classes[positions[position]], strict=True)
                if is_it
            ],
        )
        for pk, position in items.values_list("pk", "position")
    ]
