"""Payload of a lease: the item and, unless it is blind, its suggestion and why it was selected."""

from typing import Any

from django.utils import timezone

from annotator import tasktypes
from annotator.flow.labels import naming
from annotator.flow.progress import version_numbers
from annotator.models import Item, Lease, Project, Source

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
    }


def desk_payload(lease: Lease) -> dict[str, Any]:
    """Return the payload for a labelling window, which refers to labels by id."""
    suggestion = shown_suggestion(lease)
    shown = lease_payload(lease)
    if suggestion is None:
        return shown
    return {**shown, "suggestion": {**shown["suggestion"], "label_ids": suggestion["labels"]}}


def shown_suggestion(lease: Lease) -> dict[str, Any] | None:
    """Return the suggestion shown with the item, by label id; None if there is none.

    Without one of its labels, deleted since, it would be a different suggestion.
    """
    # An annotator who confirmed a page saw its suggestions, whatever the settings say now.
    shows = lease.project.show_suggestions or lease.source == Source.BULK
    if lease.suggestion is None or lease.blind or not shows:
        return None
    stands = naming.stand(lease.project, lease.suggestion["labels"])
    return lease.suggestion if stands else None


def is_of_label_texts(suggestion: dict[str, Any] | None) -> bool:
    """Tell whether a suggestion comes from the texts of the labels."""
    return suggestion is not None and OF_LABEL_TEXTS.items() <= suggestion.items()


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
