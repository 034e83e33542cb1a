"""The criteria as conditions on items and annotations.

What others said of an item stays hidden from somebody who may still be asked about it: conditions
on annotations hold for settled items and for one's own annotations only. Predictions of items that
may become audits are kept back until these are settled, and so are those of as many other items:
whoever misses one learns nothing.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import (
    BooleanField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Coalesce

from annotator.flow.datasets.outgoing.choices import by_whom
from annotator.flow.items.criteria import Criteria
from annotator.i18n import folding
from annotator.models import (
    Annotation,
    AnnotationLabel,
    Disagreement,
    Item,
    Project,
    Report,
    User,
)
from annotator.pool import audit_set


class Literal(Func):
    """A condition without parameters: SQLite uses a partial index for nothing else."""

    output_field = BooleanField()
    conditional = True


HAS_NOTE = Literal(F("note"), template="(%(expressions)s > '')")
WAS_SKIPPED = Literal(F("skips"), template="(%(expressions)s > 0)")


def among(project: Project, keys: Iterable[int]) -> QuerySet[Item]:
    """Return those of the items that are there and of the project, found by their keys."""
    # As an expression: SQLite would rather go through all items of the project.
    rows = Item.objects.filter(pk__in=keys).alias(owner=Coalesce(F("project"), Value(0)))
    return rows.filter(owner=project.pk).exclude(state=Item.State.REMOVED)


def matching(
    project: Project, viewer: User, wanted: Criteria, few: Iterable[int] | None = None
) -> QuerySet[Item]:
    """Return the items that match all criteria but the prediction; of `few`, if those are known."""
    rows = Item.objects.present(project) if few is None else among(project, few)
    rows = rows.alias(searched=Coalesce(F("folded"), F("text")))
    if wanted.ids:
        rows = rows.filter(pk__in=wanted.ids)
    if wanted.state is not None:
        rows = rows.filter(state=wanted.state)
    for word in folding.words(wanted.text):
        rows = rows.filter(holds_word(word))
    if wanted.of_annotations:
        given = annotations(project, wanted).filter(item=OuterRef("pk"))
        settled = Q(state=Item.State.LABELLED) & Q(Exists(given))
        rows = rows.filter(settled | Q(Exists(given.filter(user=viewer))))
    return _by_item(project, rows, wanted)


def annotations(project: Project, wanted: Criteria) -> QuerySet[Annotation]:
    """Return the annotations that match the criteria on annotations."""
    rows = _remarked(Annotation.objects.filter(project=project, withdrawn_at=None), wanted)
    if wanted.annotator:
        rows = rows.filter(by_whom([wanted.annotator]))
    if wanted.source:
        # As an expression: SQLite would go through all of that source again for each item.
        rows = rows.alias(reason=Coalesce(F("source"), Value(""))).filter(reason=wanted.source)
    if wanted.since:
        rows = rows.filter(created_at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(created_at__lt=wanted.until)
    if wanted.label is not None:
        given = AnnotationLabel.objects.filter(annotation=OuterRef("pk"), label=wanted.label)
        rows = rows.filter(Exists(given))
    return rows


def _remarked(rows: QuerySet[Annotation], wanted: Criteria) -> QuerySet[Annotation]:
    if wanted.unsure:
        rows = rows.filter(unsure=True)
    if wanted.has_note:
        rows = rows.filter(HAS_NOTE)
    return rows.filter(corrected_by__isnull=False) if wanted.corrected else rows


def _by_item(project: Project, rows: QuerySet[Item], wanted: Criteria) -> QuerySet[Item]:
    if wanted.disagreed:
        rows = rows.filter(Exists(Disagreement.objects.filter(item=OuterRef("pk"))))
    if wanted.suspect:
        rows = rows.filter(pk__in=suspects(project))
    if wanted.skipped:
        rows = rows.filter(WAS_SKIPPED)
    if wanted.gold:
        # Open ones may be asked of the viewer, who must not know them.
        rows = rows.filter(gold__isnull=False, state=Item.State.LABELLED)
    return rows


def holds_word(word: str) -> Q:
    """Return the condition that a word stands in the text or the key, whatever its accents."""
    folded = folding.fold(word)
    found = Q(searched__icontains=folded) | Q(key__icontains=folded)
    # As it stands as well: signs without a plain form, and texts that were stored otherwise.
    return found if word.isascii() else found | Q(text__contains=word) | Q(key__contains=word)


def suspects(project: Project) -> list[int]:
    """Return the items with a suspected label error, the most doubtful first."""
    found = Report.objects.filter(project=project, kind="quality").values_list("found", flat=True)
    doubts: Any = (found.first() or {}).get("doubts", {})
    kinds = [rows for rows in doubts.values() if isinstance(rows, list)]
    rows = sorted((row for each in kinds for row in each), key=lambda row: -row["score"])
    return list(dict.fromkeys(row["item"] for row in rows))


# What is kept back --------------------------------------------------------------------------------


def shows_prediction(project: Project) -> Q:
    """Return the condition that an item's prediction may be shown."""
    return Q(state=Item.State.LABELLED) | Q(audit_key__gte=kept_back_below(project))


def kept_back_below(project: Project) -> int:
    """Return the audit key below which the predictions of open items are kept back.

    The reserve of the audits, and the next stretch of the permutation, which is as long.
    """
    return min(2 * audit_set.audit_threshold(project), audit_set.AUDIT_KEYS)
