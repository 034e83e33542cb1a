"""Payload of an annotation: its labels by id and by name, and how it came about."""

from typing import Any

from annotator.flow.labels import naming
from annotator.flow.progress import version_numbers
from annotator.flow.review import gold_items
from annotator.models import Annotation, Label


def labels_given(annotation: Annotation) -> list[Label]:
    """Return the labels of the annotation, in the project's order."""
    if not hasattr(annotation, "said"):
        given = annotation.given.select_related("label").order_by("label__position", "label_id")
        annotation.said = [each.label for each in given]
    return annotation.said


def label_ids(annotation: Annotation) -> list[int]:
    """Return the ids of the annotation's labels, in the project's order."""
    return [label.pk for label in labels_given(annotation)]


def label_names(annotation: Annotation) -> list[str]:
    """Return the names of the annotation's labels, in the project's order."""
    return [label.name for label in labels_given(annotation)]


def annotation_payload(annotation: Annotation) -> dict[str, Any]:
    """Return everything about a saved annotation; once it is saved, nothing needs hiding."""
    return {
        "id": annotation.pk,
        "item": annotation.item_id,
        "labels": label_names(annotation),
        "source": annotation.source,
        "blind": annotation.blind,
        "counted": annotation.counted,
        "strategy": annotation.strategy,
        "round": version_numbers.round_number(annotation.round_id),
        "model": version_numbers.model_number(annotation.model_id),
        "score": annotation.score,
        "probability": annotation.probability,
        "suggestion": naming.named(annotation.project, annotation.suggestion),
        "seconds": annotation.seconds,
        "note": annotation.note,
        "unsure": annotation.unsure,
        "created_at": annotation.created_at,
        "updated_at": annotation.updated_at,
        "withdrawn_at": annotation.withdrawn_at,
        "known": gold_items.gold_answer(annotation),
    }
