"""Payload of an annotation: what it says by id and by name, and how it came about."""

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


def refs_given(annotation: Annotation) -> list[Any]:
    """Return what the annotation says: its marks, else the ids of its labels in order."""
    if annotation.value is not None:
        return naming.current(annotation.project, annotation.value)
    return [label.pk for label in labels_given(annotation)]


def label_names(annotation: Annotation) -> list[Any]:
    """Return the same with the names of the labels."""
    if annotation.value is not None:
        return naming.names_now(annotation.project, annotation.value)
    return naming.called(annotation.project, labels_given(annotation))


def annotation_payload(annotation: Annotation) -> dict[str, Any]:
    """Return everything about a saved annotation; once it is saved, nothing needs hiding."""
    return {
        "id": annotation.pk,
        "item": annotation.item_id,
        "labels": label_names(annotation),
        "corrected_by": annotation.corrected_by.username if annotation.corrected_by else None,
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
