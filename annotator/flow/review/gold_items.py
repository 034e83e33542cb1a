"""Gold items: items with a known answer, distinguished by their source only."""

from collections import defaultdict
from typing import Any

from annotator.flow.labels import naming
from annotator.models import Annotation, Project, Source
from annotator.tasktypes.marks import as_refs


def gold_answer(annotation: Annotation) -> list[Any] | None:
    """Return the known answer, if it may be shown once the item is answered."""
    if annotation.source != Source.GOLD or not annotation.project.gold_feedback:
        return None
    gold = annotation.item.gold
    if gold is None:
        return None
    return naming.names_now(annotation.project, gold)


def gold_score(project: Project) -> list[dict[str, Any]]:
    """Return for each user how many gold items they answered (`n`), and how many `right`.

    The first answer counts: later ones may follow the shown answer.
    """
    first: dict[tuple[int | None, int], Annotation] = {}
    rows = Annotation.objects.filter(project=project, source=Source.GOLD)
    rows = rows.select_related("item", "user").prefetch_related("given", "revisions")
    for annotation in rows.order_by("pk"):
        first.setdefault((annotation.user_id, annotation.item_id), annotation)
    scores: dict[str, dict[str, Any]] = defaultdict(lambda: {"n": 0, "right": 0})
    for annotation in first.values():
        gold = annotation.item.gold
        if annotation.user is None or gold is None or not naming.stand(project, gold):
            # An answer with a deleted label cannot be given.
            continue
        score = scores[annotation.user.username]
        score["n"] += 1
        said = naming.current(project, _said_at_first(annotation))
        score["right"] += set(said) == set(naming.current(project, gold))
    return [{"user": name, **score} for name, score in sorted(scores.items())]


def _said_at_first(annotation: Annotation) -> set[naming.Ref]:
    before = list(annotation.revisions.all())
    if before:
        return set(as_refs(before[0].labels))
    if annotation.value is not None:
        return set(as_refs(annotation.value))
    return {each.label_id for each in annotation.given.all()}
