"""Measurements of past models, for charts. Read-only."""

from collections.abc import Iterator, Mapping
from typing import Any

from annotator.flow.progress import estimate
from annotator.models import Label, ModelVersion, Project, Round

# The part of `ModelVersion.measured` that every curve needs; the classes are large and loaded
# separately.
OF_CURVE = ("macro_f1", "change", "moved", "spent")


def curve(project: Project) -> list[dict[str, Any]]:
    """Return the learning curve: a point for each measured model, oldest first."""
    fields = ("number", "trained_on", "created_at", "accuracy", "macro_f1")
    rows = _versions(project).values(*fields, *(f"measured__{name}" for name in OF_CURVE))
    return [
        {
            "model": row["number"],
            "labels": row["trained_on"],
            "created_at": row["created_at"],
            "macro_f1": row["macro_f1"],
            **{name: row["accuracy"][name] for name in ("value", "low", "high", "n")},
            "f1": row["measured__macro_f1"],
            "change": row["measured__change"],
            "moved": row["measured__moved"],
            "spent": row["measured__spent"],
        }
        for row in rows
    ]


def told(project: Project) -> list[dict[str, Any]]:
    """Return the points that rest on enough audits to be reported."""
    return [point for point in curve(project) if point["n"] >= estimate.FIRST_ESTIMATE]


def newest_scored_round(project: Project) -> Round | None:
    """Return the newest round that scored the pool, with its model."""
    return project.rounds.exclude(distribution={}).select_related("model").first()


def uncertainty(round_: Round | None) -> dict[str, Any] | None:
    """Return the model's uncertainty over the pool and over the picks, in 20 bins."""
    if round_ is None:
        return None
    bins = len(round_.distribution["pool"])
    return {
        "round": round_.number,
        "edges": [index / bins for index in range(bins + 1)],
        "pool": round_.distribution["pool"],
        "picks": round_.distribution["picks"],
    }


def class_balance(round_: Round | None, labels: Mapping[int, Label]) -> list[dict[str, Any]]:
    """Return how often each label was given, and how often the newest model predicts it."""
    if round_ is None or round_.model is None:
        return []
    predicted, seen = round_.distribution["predicted"], round_.model.seen
    return [
        {
            "label": pk,
            "labelled": seen.get(str(pk), 0) if pk in labels else 0,
            "predicted": predicted[place] if place < len(predicted) else 0,
        }
        for place, pk in enumerate(round_.model.labels)
    ]


def per_class(project: Project) -> list[dict[str, Any]]:
    """Return precision and recall of each label, as measured for the newest model.

    Of spans, it is F1 alone: right is what both have, and there is no share of items.
    """
    measured = (
        _versions(project).order_by("-number").values_list("measured__classes", "measured__spans")
    )
    classes, spans = measured.first() or (None, None)
    return classes or [{"label": each["label"], "f1": each} for each in spans or ()]


def class_curves(project: Project) -> Iterator[dict[str, Any]]:
    """Yield precision and recall of each label for each measured model, oldest first."""
    rows = _versions(project).values_list("trained_on", "measured__classes")
    for labels, found in rows.iterator(chunk_size=100):
        yield {"labels": labels, "classes": found or []}


def _versions(project: Project) -> Any:
    return ModelVersion.objects.filter(project=project, accuracy__isnull=False).order_by("number")
