"""Recall of a rare label, with a bound: computed by a worker, read by pages.

An item counts as read if it has a counted annotation, whatever its source. An item of a random
sample that every annotator skipped counts as relevant for the bound, so the bound holds in either
case.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Min

from annotator.models import Annotation, FeatureSpace, Item, Label, Project, RecallProof
from annotator.pool import audit_set, training_set

if TYPE_CHECKING:
    from selection.evaluation.recall_bound import Sample

KIND = "screening"
FIRST_ESTIMATE = 20
FIRST_BOUND = 25
TARGETS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99)
AT_ONCE = 500


# In the web process ------------------------------------------------------------------------------


def standing(project: Project, found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what the newest report `found` says of the current rare label, if anything.

    A report on another label, the rare one before, is ignored.
    """
    if not found or project.rare_label_id is None or found.get("label") != project.rare_label_id:
        return None
    return dict(found)


def find_reached(project: Project) -> dict[str, Any] | None:
    """Return the proven recall, if it reaches the target."""
    if project.target_recall is None or project.rare_label_id is None:
        return None
    newest = project.reports.filter(kind=KIND)
    told = newest.values_list("found", "project__rare_label__name").first()
    return reached(project, *told) if told else None


def reached(project: Project, found: Mapping[str, Any] | None, label: str) -> dict[str, Any] | None:
    """Like `find_reached`, with the newest report and the label's name given."""
    now, target = standing(project, found), project.target_recall
    if target is None or now is None or now["recall"] is None or now["recall"]["low"] < target:
        return None
    return {"recall": now["recall"]["low"], "label": label, "target": target}


def search(project: Project) -> dict[str, Any] | None:
    """Return how far the search for the rare label is; None while nothing is searched for.

    What was read and found is None before the first report.
    """
    if not project.hunts:
        return None
    found = project.reports.filter(kind=KIND).values_list("found", flat=True).first()
    now = standing(project, found) or {}
    return {
        "rare_label": str(project.rare_label),
        "target": project.target_recall,
        **{name: now.get(name) for name in ("read", "found", "recall")},
    }


def declare(project: Project, proof: RecallProof) -> None:
    """Mark in the newest report that a sample was drawn, until a worker computes it again."""
    report = project.reports.filter(kind=KIND).first()
    if report is not None and standing(project, report.found):
        drawn = len(proof.positions)
        told = {"number": proof.number, "drawn": drawn, "waiting": drawn}
        report.found["proofs"] = [*report.found.get("proofs", []), told]
        report.save(update_fields=["found"])


def waiting_proof(
    project: Project, found: Mapping[str, Any] | None
) -> tuple[RecallProof, int] | None:
    """Return the sample still unread in the report `found`, and how many of its items wait."""
    told = [each["number"] for each in (found or {}).get("proofs", []) if each["waiting"]]
    proofs = RecallProof.objects.filter(label=project.rare_label_id, number__in=told)
    proof = proofs.first() if told else None
    return None if proof is None else (proof, len(unsettled(project, proof.positions)))


# In a worker -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """Read items: whether each position is relevant, and when it was first annotated."""

    relevant: dict[int, bool]
    since: dict[int, datetime]

    @property
    def found(self) -> int:
        """Return the number of relevant items."""
        return sum(self.relevant.values())

    def marks(self, positions: Iterable[int]) -> list[bool]:
        """Return a mask of the relevant and possibly relevant items."""
        return [self.relevant.get(position, True) for position in positions]


def report(project: Project) -> dict[str, Any] | None:
    """Return relevant items found, the estimate of their total, and what would prove recall."""
    if project.rare_label_id is None:
        return None
    reading = _reading(project, project.rare_label_id)
    audits = _audit_positions(project)
    proofs = _proofs(project, reading)
    return {
        "label": project.rare_label_id,
        "items": project.population,
        "read": len(reading.relevant),
        "found": reading.found,
        "prevalence": _prevalence(project, reading, audits),
        "audits": len(audits),
        "proofs": [told for told, _sample in proofs],
        **_bounds(project, reading, audits, [sample for _told, sample in proofs]),
    }


def _reading(project: Project, label: int) -> Reading:
    labels = list(Label.objects.filter(project=project).values_list("pk", flat=True))
    # All items count, with or without features.
    known = training_set.load_training_set(project, FeatureSpace(items=project.items), labels)
    column = labels.index(label)
    y = known.label_space.has_class(known.y, column)
    counted = Annotation.objects.filter(project=project, counted=True, withdrawn_at=None)
    since = counted.order_by().values_list("item__position").annotate(first=Min("created_at"))
    relevant = dict(zip(known.positions.tolist(), y.tolist(), strict=True))
    return Reading(relevant, dict(since))


def _audit_positions(project: Project) -> list[int]:
    """Return the audit set in order, skipped items included: a random sample of all items."""
    prefix = Item.objects.filter(
        project=project,
        state__in=Item.PRESENT,
        audit_key__lte=audit_set.audit_frontier(project),
    )
    return list(prefix.order_by("audit_key").values_list("position", flat=True))


def _prevalence(project: Project, reading: Reading, audits: list[int]) -> dict[str, Any] | None:
    """Return the share of relevant items estimated from the audits, with its exact interval."""
    from selection.core.intervals import population_interval

    known = [reading.relevant[position] for position in audits if position in reading.relevant]
    if len(known) < FIRST_ESTIMATE:
        return None
    n, seen, unknown = len(audits), sum(known), len(audits) - len(known)
    return {
        "n": len(known),
        "seen": seen,
        "value": seen / len(known),
        "low": population_interval(seen, n, project.population)[0],
        "high": population_interval(seen + unknown, n, project.population)[1],
    }


def _proofs(project: Project, reading: Reading) -> list[tuple[dict[str, Any], "Sample | None"]]:
    """Return the recall samples as pages show them, with the result of each settled one."""
    proofs = RecallProof.objects.filter(project=project, label=project.rare_label_id)
    return [_proof(project, each, reading) for each in proofs.order_by("number")]


def _proof(
    project: Project, proof: RecallProof, reading: Reading
) -> tuple[dict[str, Any], "Sample | None"]:
    from selection.evaluation import recall_bound

    waiting = len(unsettled(project, proof.positions))
    told = {"number": proof.number, "drawn": len(proof.positions), "waiting": waiting}
    if waiting:
        return told, None
    marks, known = reading.marks(proof.positions), _known_beside(project, proof, reading)
    return {**told, "seen": sum(marks)}, recall_bound.proof(marks, proof.size, known, proof.number)


def _known_beside(project: Project, proof: RecallProof, reading: Reading) -> int:
    """Return how many items outside the sampled population are relevant, or may be."""
    before = [p for p, at in reading.since.items() if at < proof.created_at and p < proof.items]
    relevant = sum(reading.relevant.get(position, True) for position in before)
    # Items read then and withdrawn since were not in the population, and are unknown now.
    taken_back = max(proof.items - proof.size - len(before), 0)
    later = reading.marks(_later(project, proof))
    return relevant + taken_back + sum(later)


def _later(project: Project, proof: RecallProof) -> list[int]:
    """Return the positions of the items that came after the sample was drawn, and are there."""
    behind = Item.objects.filter(project=project, position__gte=proof.items)
    gone = behind.filter(state=Item.State.REMOVED) if project.removed else behind.none()
    removed = set(gone.values_list("position", flat=True))
    return [at for at in range(proof.items, project.items) if at not in removed]


def unsettled(project: Project, positions: list[int]) -> list[int]:
    """Return which of the items still wait for an annotation."""
    states = [Item.State.POOL, Item.State.QUEUED]
    found: list[int] = []
    for start in range(0, len(positions), AT_ONCE):
        few = Item.objects.filter(project=project, position__in=positions[start : start + AT_ONCE])
        found += few.filter(state__in=states).values_list("position", flat=True)
    return found


def _bounds(
    project: Project, reading: Reading, audits: list[int], proofs: list["Sample | None"]
) -> dict[str, Any]:
    """Return the recall with its bound (None before the first look), and what would raise it."""
    from selection.evaluation import recall_bound

    found, unread = reading.found, project.population - len(reading.relevant)
    marks = reading.marks(audits)
    looked, done = (
        recall_bound.audited(marks, project.population),
        [each for each in proofs if each],
    )
    samples = [*done, *([looked] if looked else [])]
    steps = recall_bound.frontier(found, unread, samples, len(proofs), TARGETS) if found else []
    told = None
    if found and samples:
        # The newest sample is the best estimate of what is left; without one, all audits.
        share = sum(marks) / max(len(marks), 1)
        about = done[-1].expected if done else share * project.population
        expected = min(max(round(about), found), found + unread) if about else None
        told = {
            "value": found / expected if expected else None,
            "expected": expected,
            "low": recall_bound.lower_bound(found, unread, samples),
            "drawn": sum(sample.read for sample in done),
        }
    return {
        "recall": told,
        "most": recall_bound.total(found, unread, samples),
        "steps": [asdict(step) for step in steps],
    }
