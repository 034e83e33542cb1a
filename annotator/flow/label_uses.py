"""Which labels are in use, so that no answer is left without what it says."""

from collections.abc import Collection

from annotator.flow import adjudicate
from annotator.models import AnnotationLabel, DecidedLabel, Decision, Disagreement, Label


def count(label: Label) -> int:
    """Return how many answers that stand and decisions that hold give the label."""
    answers = AnnotationLabel.objects.filter(label=label, annotation__withdrawn_at=None)
    holding = Disagreement.objects.filter(decision__given__label=label)
    return answers.count() + holding.count()


def leave_to_history(labels: Collection[Label]) -> None:
    """Unlink the labels from what was taken back, whose history says by name what it was."""
    rows = AnnotationLabel.objects.filter(label__in=labels)
    rows.filter(annotation__withdrawn_at__isnull=False).delete()
    decided = DecidedLabel.objects.filter(label__in=labels)
    past = Decision.objects.filter(pk__in=decided.values("decision"))
    for decision in past.prefetch_related("given__label"):
        Decision.objects.filter(pk=decision.pk).update(said=adjudicate.decided_names(decision))
    decided.delete()
