"""Usage of labels: a label in use cannot be removed."""

from collections.abc import Collection

from django.db.models import Count

from annotator.flow.labels import naming
from annotator.models import (
    AnnotationLabel,
    DecidedLabel,
    Decision,
    Delivery,
    Disagreement,
    Label,
    Project,
    QueueEntry,
)


def counted(project: Project, label: Label) -> dict[str, int]:
    """Return how many of what use the label.

    Withdrawn annotations do not count: their history keeps the ids (`leave_to_history`).
    """
    answers = AnnotationLabel.objects.filter(label=label, annotation__withdrawn_at=None)
    holding = Disagreement.objects.filter(decision__given__label=label)
    given = answers.count() + holding.count()
    gold, suggested = naming.items_with(project, label)
    return {"annotations": given, "gold_items": gold, "suggestions": suggested}


def annotations_by_label(project: Project) -> dict[int, int]:
    """Return how many annotations have each label, by its id, withdrawn ones too."""
    rows = AnnotationLabel.objects.filter(label__project=project).order_by()
    return dict(rows.values_list("label").annotate(n=Count("pk")))


def leave_to_history(labels: Collection[Label]) -> None:
    """Unlink the labels from withdrawn annotations, whose history keeps their ids."""
    rows = AnnotationLabel.objects.filter(label__in=labels)
    rows.filter(annotation__withdrawn_at__isnull=False).delete()
    decided = DecidedLabel.objects.filter(label__in=labels)
    past = Decision.objects.filter(pk__in=decided.values("decision"))
    for decision in past.prefetch_related("given"):
        said = [given.label_id for given in decision.given.all()]
        Decision.objects.filter(pk=decision.pk).update(said=said)
    decided.delete()


def touched(project: Project, label: Label) -> dict[str, int]:
    """Return how many of what would mean another label if this one were merged or split."""
    answers = AnnotationLabel.objects.filter(label=label, annotation__withdrawn_at=None)
    decided = Disagreement.objects.filter(project=project, decision__given__label=label)
    gold, suggested = naming.items_with(project, label)
    held = QueueEntry.objects.filter(project=project, state=QueueEntry.State.LEASED)
    models = Delivery.objects.filter(project=project).values_list("model__labels", flat=True)
    return {
        "annotations": answers.count(),
        "gold_items": gold,
        "suggestions": suggested,
        "decisions": decided.count(),
        "deliveries": sum(label.pk in (labels or ()) for labels in models),
        "open_leases": held.count(),
    }
