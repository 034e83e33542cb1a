"""Plan of a delivery: what the frozen model may label, cut by its confidence and the audits."""

import secrets
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db.models import Count
from numpy.typing import NDArray

from annotator.flow.datasets.outgoing import predictions
from annotator.flow.datasets.outgoing.predictions import Predicted
from annotator.flow.delivery import promises, trained_model
from annotator.flow.evaluation import audit_judgements
from annotator.jobs.runner import job
from annotator.models import Annotation, Delivery, Item, Project
from annotator.pool import delivery_regions, training_set
from annotator.pool.delivery_regions import Region

if TYPE_CHECKING:
    from selection.delivery.calibration import Calibration
    from selection.delivery.regions import Regions

ANNOTATED_TWICE = 20


@dataclass(frozen=True)
class Part:
    """One of the promises: its label (None: all), its region in the order of draws, its plan."""

    label: int | None
    region: Region
    told: dict[str, Any]


@job(Delivery, stage=Delivery.Stage.PLAN)
def plan(work: Delivery) -> Delivery | None:
    """Choose the regions and declare them; the delivery is given up where none can be proven."""
    assert work.model is not None, "a delivery begins with a model"
    predicted = predictions.of_model(work.project, work.model)
    slips = slip_rate(work.project)
    parts = _parts(work, predicted, slips)
    if not parts:
        promises.give_up(work, "nothing_sure_enough")
        return None
    trained_model.keep(work, work.model)
    sha256 = delivery_regions.save(work, [part.region for part in parts])
    work.finish(
        stage=Delivery.Stage.PROVE,
        parts=[part.told for part in parts],
        regions=sha256,
        slips=slips,
        budget=sum(part.told["budget"] for part in parts),
    )
    return work


def _parts(work: Delivery, predicted: Predicted, slips: float | None) -> list[Part]:
    free = free_items(work.project, len(predicted.confidence))
    free &= ~np.isnan(predicted.confidence)
    calibration = audit_calibration(work.project)
    wanted: list[int | None] = list(work.per_label) or [None]
    alpha = proof_alpha(work.alpha, slips) / len(wanted)
    found = []
    for label in wanted:
        positions = np.flatnonzero(free & is_given(predicted, label))
        regions = _cut(predicted.confidence[positions], work.allowed, calibration)
        told = _told(label, regions, work.allowed, alpha, slips or 0.0)
        if told is not None:
            found.append(Part(label, _drawn(predicted, positions, regions), told))
    return found


def proof_alpha(alpha: float, slips: float | None) -> float:
    """Return the error probability of the proof: the estimate of the slips takes a share."""
    from selection.delivery import slips as slip_rates

    return alpha * (1 - slip_rates.SHARE / 0.05) if slips is not None else alpha


def free_items(project: Project, size: int) -> NDArray[np.bool_]:
    """Return a mask (size,) of the positions that nobody has labelled, holds or is asked for."""
    mask = np.zeros(size, dtype=bool)
    waiting = Item.objects.filter(project=project, state=Item.State.POOL, answers=0)
    found = waiting.order_by().values_list("position", flat=True).iterator(50_000)
    positions = np.fromiter(found, dtype=np.int64)
    mask[positions[positions < size]] = True
    return mask


def is_given(predicted: Predicted, label: int | None) -> NDArray[np.bool_]:
    if label is None:
        return np.ones(len(predicted.confidence), dtype=bool)
    if label not in predicted.labels:
        return np.zeros(len(predicted.confidence), dtype=bool)
    byte, bit = divmod(predicted.labels.index(label), 8)
    return (predicted.answers[:, byte] >> (7 - bit) & 1).astype(bool)


def audit_calibration(project: Project) -> "Calibration":
    """Return how often the model is wrong by how sure it is, as the audits show."""
    from selection.delivery.calibration import Calibration, calibrate

    judged = audit_judgements.of_audits(project).arrays
    if not len(judged):
        return Calibration()
    right = (judged["said"] == judged["truth"]).all(axis=1)
    return calibrate(judged["sure"], ~right)


def slip_rate(project: Project) -> float | None:
    """Return the largest rate at which one person slips; None without enough items that two did."""
    from selection.delivery import slips

    twice = (
        Annotation.objects.filter(project=project, counted=True, withdrawn_at=None)
        .exclude(user=None)
        .values("item")
        .annotate(people=Count("user", distinct=True))
        .filter(people__gte=2)
    )
    items = list(twice.values_list("item", flat=True))
    if len(items) < ANNOTATED_TWICE:
        return None
    return slips.rate_at_most(_torn(items), len(items))


def _torn(items: list[int]) -> int:
    """Return how many items the first two people labelled differently."""
    rows = Annotation.objects.filter(item__in=items, counted=True, withdrawn_at=None)
    said: dict[int, dict[int, set[int]]] = {}
    for item, annotation, label in rows.order_by("pk").values_list("item", "pk", "given__label"):
        said.setdefault(item, {}).setdefault(annotation, set()).add(label)
    pairs = (list(each.values())[:2] for each in said.values())
    return sum(first != second for first, second in pairs)


def _cut(
    confidence: NDArray[np.float32], allowed: Fraction, calibration: "Calibration"
) -> "Regions":
    from selection.delivery import regions

    return regions.cut(confidence, allowed, calibration)


def _told(
    label: int | None, regions: "Regions", allowed: Fraction, alpha: float, slips: float
) -> dict[str, Any] | None:
    """Return the declared promise; None where even checks without an error would not prove it."""
    from selection.delivery import evidence, ladder

    if not regions.sizes:
        return None
    boldest = regions.sizes[-1]
    first = evidence.checks_without_error(0, 0, boldest, allowed, alpha, slips=slips)
    if first is None or first > boldest // 2:
        return None
    return {
        "label": label,
        "sizes": list(regions.sizes),
        "expected": [round(error, 6) for error in regions.expected],
        "alpha": alpha,
        "budget": ladder.budget(boldest, first),
    }


def _drawn(predicted: Predicted, positions: NDArray[np.int64], regions: "Regions") -> Region:
    """Return the boldest region in a random order that nobody can foresee."""
    order = np.random.default_rng(secrets.randbits(128)).permutation(len(regions.items))
    rows = positions[regions.items[order]]
    return Region(
        positions=rows,
        innermost=regions.innermost()[order],
        confidence=predicted.confidence[rows],
        answers=predicted.answers[rows],
    )


def space_of(delivery: Delivery) -> Any:
    """Return the label space of the frozen model's answers."""
    assert delivery.model is not None
    return training_set.label_space(delivery.project, len(delivery.model.labels))
