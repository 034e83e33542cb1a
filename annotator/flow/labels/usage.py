"""Usage of labels: a label in use cannot be removed."""

from collections.abc import Collection

from annotator.flow.labels import naming
from annotator.models import AnnotationLabel, DecidedLabel, Decision, Disagreement, Label, Project


def counted(project: Project, label: Label) -> dict[str, int]:
    """Return how many of what use the label.

    Withdrawn annotations do not count: their history keeps the ids (`leave_to_history`).
    """
    answers = AnnotationLabel.objects.filter(label=label, annotation__withdrawn_at=None)
    holding = Disagreement.objects.filter(decision__given__label=label)
    given = answers.count() + holding.count()
    gold, suggested = naming.items_with(project, label)
    return {"annotations": given, "gold_items": gold, "suggestions": suggested}


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
