"""Payload of a lease: the item and, unless it is blind, its suggestion and why it was selected."""

from typing import Any

from django.utils import timezone

from annotator import tasktypes
from annotator.flow.labels import naming
from annotator.flow.progress import version_numbers
from annotator.i18n.stored_texts import WHY_SENT_BACK
from annotator.models import Item, Lease, Project, SentBack, Source
from annotator.tasktypes.base import MARKS
from annotator.tasktypes.marks import Mark

# Marks a suggestion that comes from the texts of the labels, before there is a model.
OF_LABEL_TEXTS = {"origin": "label_descriptions"}


def lease_payload(lease: Lease) -> dict[str, Any]:
    """Return what the annotator sees; nothing in it distinguishes blind items from one another."""
    return {
        "lease": str(lease.pk),
        "expires_at": lease.expires_at,
        "item": item_payload(lease.project, lease.item),
        "suggestion": naming.named(lease.project, shown_suggestion(lease)),
        "why": _explanation(lease) if lease.project.show_suggestions and not lease.blind else None,
        **_redo(lease),
    }


def desk_payload(lease: Lease) -> dict[str, Any]:
    """Return the payload for a labelling window, which refers to labels by id."""
    suggestion = shown_suggestion(lease)
    shown = lease_payload(lease)
    if takes_tags(lease):
        shown["tags"] = True
    if suggestion is None:
        return shown
    return {**shown, "suggestion": {**shown["suggestion"], "label_ids": suggestion["labels"]}}


def takes_tags(lease: Lease) -> bool:
    """Return whether a window may suggest marks of its own: never on a blind item."""
    project = lease.project
    is_open = project.show_suggestions and not lease.blind and not lease.is_review
    return is_open and MARKS in tasktypes.of(project).can


def with_tags(lease: Lease, tagged: list[Mark]) -> dict[str, Any] | None:
    """Return the suggestion that was shown, with what the window itself suggested."""
    shown = shown_suggestion(lease)
    if not tagged or not takes_tags(lease):
        return shown
    shown = shown or {"labels": [], "confidence": None}
    each = shown.get("each") or [None] * len(shown["labels"])
    labels = [*shown["labels"], *tagged]
    return {
        **shown,
        "labels": labels,
        "each": [*each, *[None] * len(tagged)],
        "tagged": len(tagged),
    }


def shown_suggestion(lease: Lease) -> dict[str, Any] | None:
    """Return the suggestion shown with the item, by label id; None if there is none.

    Without one of its labels, deleted or retired since, it would be a different suggestion; but
    each mark is one of its own.
    """
    # An annotator who confirmed a page saw its suggestions, whatever the settings say now.
    shows = lease.project.show_suggestions or lease.source == Source.BULK
    if lease.suggestion is None or lease.blind or not shows:
        return None
    now = naming.current_suggestion(lease.project, lease.suggestion)
    if MARKS in tasktypes.of(lease.project).can:
        return _with_offered_marks(lease.project, now)
    return now if naming.may_be_given(lease.project, now["labels"]) else None


def _with_offered_marks(project: Project, suggestion: dict[str, Any]) -> dict[str, Any] | None:
    """Return the suggestion without marks whose label nobody may give; None if none is left."""
    labels, each = suggestion["labels"], suggestion.get("each")
    if naming.may_be_given(project, labels):
        return suggestion
    kept = [n for n, ref in enumerate(labels) if naming.may_be_given(project, [ref])]
    found = {**suggestion, "labels": [labels[n] for n in kept]}
    if each:
        found["each"] = [each[n] for n in kept]
    return found if kept else None


def is_of_label_texts(suggestion: dict[str, Any] | None) -> bool:
    """Tell whether a suggestion comes from the texts of the labels."""
    return suggestion is not None and OF_LABEL_TEXTS.items() <= suggestion.items()


def _redo(lease: Lease) -> dict[str, Any]:
    """Return who sent the item back to this annotator, with the comment; empty if nobody did."""
    if lease.why != WHY_SENT_BACK:
        return {}
    rows = SentBack.objects.filter(item=lease.item_id, asked=lease.user_id).exclude(comment="")
    found = rows.select_related("sender").order_by("-pk").first()
    if found is None:
        return {}
    by = found.sender.username if found.sender else ""
    return {"redo": {"by": by, "comment": found.comment}}


def item_payload(project: Project, item: Item) -> dict[str, Any]:
    """Return the content and metadata of the item."""
    content = tasktypes.of(project).media.payload(item)
    return {"id": item.pk, "key": item.key, **content, "meta": item.meta}


def _explanation(lease: Lease) -> dict[str, Any]:
    model = lease.model_id
    age = None if model is None else timezone.now() - version_numbers.model_trained_at(model)
    return {
        "strategy": lease.strategy,
        "score": lease.score,
        "words": naming.words(lease.project, lease.why),
        "model": version_numbers.model_number(model),
        "model_age_seconds": None if age is None else round(age.total_seconds()),
    }
