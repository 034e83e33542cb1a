"""What could be delivered now: computed by a worker after each round, read by page and API."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.flow.datasets.outgoing import predictions
from annotator.flow.datasets.outgoing.predictions import Predicted
from annotator.flow.delivery import planning, promises
from annotator.flow.evaluation import audit_judgements
from annotator.flow.progress import deliverable, spending
from annotator.models import Delivery, Item, ModelVersion, Project

if TYPE_CHECKING:
    from selection.delivery.calibration import Calibration

KIND = deliverable.KIND
# Steps of the stored curve, and of the one that is shown.
STEPS = 400
SHOWN = 40
CONFIDENCE = 0.95
# Promises that are compared.
SHARES = tuple(map(Decimal, ("0.01", "0.02", "0.05", "0.1", "0.2")))
# Models whose numbers of items are kept, and labels that show what labels bring.
REMEMBERED = 20
LABELS_COMPARED = 50
# Instead of advice, as a delivery of such a project is refused with this code.
NOT_FOR_TASK = "not_for_task"


# In a worker --------------------------------------------------------------------------------------


def report(project: Project) -> dict[str, Any] | None:
    """Return how sure the newest model is of the items that nobody labelled, and the audits."""
    version = project.models.first()
    if version is None or not is_for(project):
        return None
    predicted = predictions.of_model(project, version)
    free = planning.free_items(project, len(predicted.confidence))
    free &= ~np.isnan(predicted.confidence)
    calibration = planning.audit_calibration(project)
    found = {
        "model": version.number,
        "free": int(free.sum()),
        "all": _steps(predicted.confidence[free], calibration),
        "labels": _by_label(project, predicted, free, calibration),
        "audits": _audits(project),
        "totals": totals(project, predicted),
        "slips": planning.slip_rate(project),
    }
    return {**found, "history": _history(project, version, found)}


def _history(
    project: Project, version: ModelVersion, found: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return how many items the newest models could label, by the labels that they learnt from."""
    machine = {
        _key(share): deliverable.region(found, found["all"], Fraction(share), deliverable.ALPHA)[
            "machine"
        ]
        for share in SHARES
    }
    newest = {"model": version.number, "labels": version.trained_on, "machine": machine}
    before = deliverable.report(project).get("history", [])
    return [*(each for each in before if each["model"] != version.number), newest][-REMEMBERED:]


def _steps(confidence: NDArray[np.float32], calibration: "Calibration") -> dict[str, Any]:
    """Return the expected errors of the most confident items, at evenly spaced numbers of items."""
    ordered = np.sort(confidence.astype(float))[::-1]
    counts = np.unique(np.linspace(0, len(ordered), STEPS + 1).round().astype(int))[1:]
    doubt = np.cumsum(calibration.error(ordered))
    return {
        "counts": counts.tolist(),
        "doubt": [round(float(doubt[n - 1]), 4) for n in counts],
        "threshold": [round(float(ordered[n - 1]), 6) for n in counts],
    }


def _by_label(
    project: Project,
    predicted: Predicted,
    free: NDArray[np.bool_],
    calibration: "Calibration",
) -> dict[str, Any]:
    if not promises.has_single_labels(project):
        return {}
    masks = {label: planning.is_given(predicted, label) & free for label in predicted.labels}
    return {
        str(label): _steps(predicted.confidence[mask], calibration) for label, mask in masks.items()
    }


def _audits(project: Project) -> dict[str, Any]:
    """Return the audits by falling confidence, and which were wrong."""
    judged = audit_judgements.of_audits(project).arrays
    if not len(judged):
        return {"sure": [], "wrong": []}
    order = np.argsort(-judged["sure"], kind="stable")
    wrong = (judged["said"] != judged["truth"]).any(axis=1)
    return {
        "sure": [round(float(p), 6) for p in judged["sure"][order]],
        "wrong": [bool(each) for each in wrong[order]],
    }


def totals(project: Project, predicted: Predicted) -> list[dict[str, Any]]:
    """Return how many items the pool holds of each label, with an interval.

    The model's count of the whole pool, corrected on the audits, of which both the label and the
    prediction are known (prediction-powered inference, Angelopoulos and others 2023).
    """
    from selection.evaluation import difference_estimator

    judged = audit_judgements.of_audits(project).arrays
    if not len(judged) or project.population < 2:
        return []
    known = ~np.isnan(predicted.confidence)
    found = []
    for column, label in enumerate(judged["labels"].tolist()):
        given = planning.is_given(predicted, label)[known]
        estimate = difference_estimator.audited_accuracy(
            ~judged["truth"][:, column],
            judged["said"][:, column].astype(float),
            pool_doubt=float(given.mean()) if len(given) else 0.0,
            population=project.population,
        )
        if estimate is not None:
            found.append(_total(label, estimate, project.population))
    return found


def _total(label: int, estimate: Any, population: int) -> dict[str, Any]:
    return {
        "label": label,
        "items": round((1 - estimate.value) * population),
        "low": math.floor((1 - estimate.high) * population),
        "high": math.ceil((1 - estimate.low) * population),
    }


# In the web process -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What the estimates need, read once: the newest report, what people did, and how fast.

    What earlier `attempts` spent is missing in the proof of the next one.
    """

    project: Project
    report: Mapping[str, Any]
    people: int
    seconds: float | None
    attempts: promises.Attempts

    @classmethod
    def of(cls, project: Project) -> "Known":
        people = Item.objects.filter(project=project, state=Item.State.LABELLED).count()
        attempts = promises.Attempts.of(project)
        return cls(
            project, deliverable.report(project), people, spending.seconds_each(project), attempts
        )

    def alpha(self, confidence: Decimal) -> float:
        """Return the error probability that the next attempt has for its proof."""
        return planning.proof_alpha(self.attempts.alpha(confidence), self.report.get("slips"))

    def left(self, machine: int) -> int:
        """Return how many items nobody labels if the model labels so many."""
        return max(self.project.population - self.people - machine, 0)

    def hours(self, items: int) -> float | None:
        """Return how long people would take for so many items, at their speed so far."""
        if self.seconds is None:
            return None
        return round(items * self.seconds * self.project.overlap / 3600, 2)


def is_for(project: Project) -> bool:
    """Return whether a promise can be proven for labels of this type at all."""
    return "deliver" in tasktypes.of(project).can


def estimate(
    project: Project,
    max_error: Decimal,
    confidence: Decimal,
    *,
    per_label: bool = False,
    known: Known | None = None,
) -> dict[str, Any]:
    """Return what could be delivered with this promise, by the newest report."""
    known = known or Known.of(project)
    found, proving = known.report, promises.under_way(project)
    allowed, alpha = Fraction(max_error), known.alpha(confidence)
    return {
        "max_error": float(max_error),
        "confidence": float(confidence),
        "model": found.get("model"),
        "people": known.people,
        **_shares(known, allowed, alpha),
        "checks_done": 0 if proving is None else checks_done(proving),
        "curve": _curve(found),
        "totals": found.get("totals", []),
        "labels": _each_label(known, allowed, alpha) if per_label else None,
        "delivery": None if proving is None else proving.number,
    }


def compare(known: Known, shares: Sequence[Decimal], confidence: Decimal) -> list[dict[str, Any]]:
    """Return what would be delivered if so large a share could be wrong, for each of `shares`."""
    alpha = known.alpha(confidence)
    return [
        {"max_error": float(share), **_shares(known, Fraction(share), alpha)} for share in shares
    ]


def _shares(known: Known, allowed: Fraction, alpha: float) -> dict[str, Any]:
    if is_for(known.project):
        told = deliverable.region(known.report, known.report.get("all"), allowed, alpha)
    else:
        told = deliverable.nothing(NOT_FOR_TASK)
    left = known.left(told["machine"])
    return {**told, "left": left, "hours_left": known.hours(left)}


def gain(known: Known, share: Decimal) -> tuple[int, int] | None:
    """Return the newest labels, 50 or more, and how many more items the model may label by them.

    None where there were fewer labels, or it may not label more.
    """
    key, history = _key(share), known.report.get("history", [])
    if not history or key not in history[-1]["machine"]:
        return None
    now = history[-1]
    earlier = [each for each in history if now["labels"] - each["labels"] >= LABELS_COMPARED]
    if not earlier:
        return None
    labels = now["labels"] - earlier[-1]["labels"]
    items = now["machine"][key] - earlier[-1]["machine"][key]
    return (labels, items) if items > 0 else None


def _key(share: Decimal) -> str:
    # 0.20000 is the same promise as 0.2.
    return f"{share.normalize():f}"


def checks_done(delivery: Delivery) -> int:
    """Return how many checks of a delivery count so far."""
    return sum(part["checks"] for part in delivery.standing.get("parts", []))


def _curve(found: Mapping[str, Any]) -> list[dict[str, float]]:
    """Return the expected error of the most confident share of the items, with its interval."""
    from selection.core import intervals

    steps, audits = found.get("all"), found.get("audits")
    if not steps or not steps["counts"]:
        return []
    last = steps["counts"][-1]
    sure = -np.array(audits["sure"] if audits else [])
    wrong = np.cumsum(audits["wrong"] if audits else [])
    told = []
    for at in np.unique(np.linspace(0, len(steps["counts"]) - 1, SHOWN).round().astype(int)):
        count = steps["counts"][at]
        n = int(np.searchsorted(sure, -steps["threshold"][at], side="right"))
        missed = int(wrong[n - 1]) if n else 0
        right_low, right_high = intervals.binomial_interval(n - missed, n, CONFIDENCE)
        told.append(
            {
                "share": round(count / last, 4),
                "error": round(steps["doubt"][at] / count, 5),
                "low": round(1 - right_high, 5),
                "high": round(1 - right_low, 5),
            }
        )
    return told


def _each_label(known: Known, allowed: Fraction, alpha: float) -> list[dict[str, Any]]:
    """Return the same for each label: promises that hold together need more checks each."""
    steps: Mapping[str, Any] = known.report.get("labels", {})
    share = alpha / max(1, len(steps))
    return [
        {"label": int(label), **deliverable.region(known.report, each, allowed, share)}
        for label, each in steps.items()
    ]
