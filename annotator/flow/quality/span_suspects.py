"""Likely errors in marked spans: seen by models that did not learn from the text, or a string that
is tagged otherwise elsewhere.

Audit items and the audit reserve are left out, as for labels of whole items.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.flow.labels import naming
from annotator.i18n import stored_texts
from annotator.models import REVIEW_SOURCES, Annotation, FeatureSpace, Label, Project, ReviewRequest
from annotator.pool import audit_set
from annotator.pool.spans import span_files, span_set

if TYPE_CHECKING:
    from selection.spans.quality.suspects import Suspect

# With fewer texts, a model is too weak to doubt people.
FEWEST = 50
# Five models of more would keep the worker for long.
JUDGED = 1_000
COMPARED = 10_000
MOST = 200
LONGEST_QUOTE = 60


def find(project: Project, space: FeatureSpace, labels: Sequence[Label]) -> dict[str, Any]:
    """Return suspicious spans by kind, surest first, and how many texts were `judged`.

    Each with its `item`, the `annotations` that count there, and the ids of the labels: `given`,
    none where nobody marked the stretch, and `instead`.
    """
    kinds = ReviewRequest.Kind
    known = span_set.load_span_set(project, space, [label.pk for label in labels])
    free = ~known.audited & (known.keys >= audit_set.audit_threshold(project))
    rows = np.flatnonzero(free).tolist()
    judged = rows[-JUDGED:] if len(rows) >= FEWEST else []
    compared = rows[-COMPARED:]
    return {
        "judged": len(judged),
        "compared": len(compared),
        kinds.SUSPECT.value: _told(
            project, known, judged, _seen(project, space, known, judged, labels), labels, MODEL
        ),
        kinds.CONTRADICTION.value: _told(
            project, known, compared, _otherwise(known, compared), labels, STRING
        ),
    }


# What is said where nobody marked the stretch, and where another label was given.
MODEL = (stored_texts.SPAN_MISSED, stored_texts.SPAN_RELABELLED)
STRING = (stored_texts.SPAN_UNTAGGED, stored_texts.SPAN_OTHERWISE)


def _seen(
    project: Project,
    space: FeatureSpace,
    known: span_set.SpanSet,
    rows: Sequence[int],
    labels: Sequence[Label],
) -> "list[Suspect]":
    from selection.spans.learning.fitting import is_trainable
    from selection.spans.quality.suspects import out_of_fold, suspects

    texts, spans = known.take(rows)
    if not texts or not is_trainable(spans):
        return []
    lexicon = span_files.lexicon_of(project, space)
    keys = span_set.keys_of(len(labels))
    said = out_of_fold(texts, spans, keys, seed=project.seed, lexicon=lexicon)
    return suspects(spans, said)


def _otherwise(known: span_set.SpanSet, rows: Sequence[int]) -> "list[Suspect]":
    from selection.spans.quality.suspects import tagged_otherwise

    return tagged_otherwise(*known.take(rows))


# As they are stored -------------------------------------------------------------------------------


def _told(
    project: Project,
    known: span_set.SpanSet,
    rows: Sequence[int],
    found: "Iterable[Suspect]",
    labels: Sequence[Label],
    words: tuple[str, str],
) -> list[dict[str, Any]]:
    first = list(islice(found, MOST))
    positions = [int(known.positions[rows[each.text]]) for each in first]
    items, gave = _answers(project, positions)
    return [
        {
            "item": items[position],
            "annotations": gave[position],
            "given": [] if each.marked is None else [labels[int(each.marked[2])].pk],
            "instead": [labels[int(each.suggestion.label)].pk],
            "score": round(float(each.suggestion.confidence), 4),
            "why": _why(each, known.texts[rows[each.text]], labels, words),
        }
        for each, position in zip(first, positions, strict=True)
        if position in items
    ]


def _answers(
    project: Project, positions: Sequence[int]
) -> tuple[dict[int, int], dict[int, list[int]]]:
    """Return by position the items, and the annotations that count."""
    items: dict[int, int] = {}
    gave: dict[int, list[int]] = {}
    rows = Annotation.objects.filter(
        project=project, withdrawn_at=None, counted=True, item__position__in=set(positions)
    ).exclude(source__in=REVIEW_SOURCES)
    for pk, item, position in rows.order_by("pk").values_list("pk", "item_id", "item__position"):
        items[position] = item
        gave.setdefault(position, []).append(pk)
    return items, gave


def _why(each: "Suspect", text: str, labels: Sequence[Label], words: tuple[str, str]) -> str:
    quote = " ".join(text[each.suggestion.start : each.suggestion.end].split())
    if len(quote) > LONGEST_QUOTE:
        quote = f"{quote[:LONGEST_QUOTE]}…"
    values = {
        "quote": quote,
        "label": naming.mark(labels[int(each.suggestion.label)]),
        "sure": round(100 * float(each.suggestion.confidence)),
    }
    if each.marked is None:
        return words[0] % values
    return words[1] % {**values, "given": naming.mark(labels[int(each.marked[2])])}
