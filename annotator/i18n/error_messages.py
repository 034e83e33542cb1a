"""Sentences of the errors that `flow` raises, by code.

`flow` names what happened and the values; only here it becomes a sentence in the reader's language.
A code whose sentence depends on the field, or on where it is raised, has an entry for each.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop

TEXTS = {
    # Saving a label
    "required": gettext_noop("This field is required."),
    "client_id": gettext_noop("client_id must be a UUID."),
    "client_id_reused": gettext_noop("This client_id was already used for another annotation."),
    "label_type": gettext_noop("Labels must be a list of names."),
    "label_twice": gettext_noop("Give each label once."),
    "unknown_label": gettext_noop(
        "“%(name)s” isn't a label in this project. Its labels are: %(names)s."
    ),
    "unknown_label_of_page": gettext_noop("This label doesn't exist in this project."),
    "note.nul_byte": gettext_noop("A note can't contain a NUL byte."),
    "note_too_long": gettext_noop("A note can have at most %(most)s characters."),
    "already_labelled": gettext_noop(
        "You have already labelled this item. Correct that annotation instead."
    ),
    "seed_already_labelled": gettext_noop(
        "This item is already labelled. Correct its label instead."
    ),
    "stored_as_extra": gettext_noop(
        "Another annotator labelled this item in the meantime. Your annotation is kept as well."
    ),
    # Changing it
    "already_withdrawn": gettext_noop("This annotation was already undone."),
    "not_undoable": gettext_noop("You can only undo your own annotations."),
    "unknown_annotation": gettext_noop("Annotation not found."),
    "no_seed": gettext_noop("You have not given this item a seed label."),
    # Leases
    "unknown_lease": gettext_noop("This item isn't leased to you."),
    "lease_lost": gettext_noop("This item is no longer leased to you."),
    "too_many_leases": gettext_noop("Label the items leased to you before requesting more."),
    "not_skipped": gettext_noop("This skip was already undone."),
    # Bulk pages
    "unknown_page": gettext_noop("This page isn't leased to you."),
    "labels_changed": gettext_noop("Nothing was saved: the project's labels have changed."),
    "page_not_undone": gettext_noop(
        "Nothing was undone: the project is paused. Undo the page when the project is resumed."
    ),
    # Disagreements
    "unknown_state": gettext_noop("The state must be one of %(names)s."),
    "unknown_disagreement": gettext_noop("There is no disagreement about this item."),
    "not_decided": gettext_noop("This disagreement has no decision."),
    "decided_meanwhile": gettext_noop(
        "%(name)s decided “%(labels)s” in the meantime. Decide again to replace it."
    ),
    # Encoders
    "encoder_in_use": gettext_noop(
        "%(names)s uses this encoder. Choose other features in its settings first."
    ),
    "no_folder": gettext_noop("There is no folder %(folder)s on the server."),
    # Pausing
    "reason.nul_byte": gettext_noop("A reason can't contain a NUL byte."),
    "reason.too_long": gettext_noop("A reason can have at most %(most)d characters."),
}


def text(key: str, field: str, values: Mapping[str, Any]) -> str:
    """Return the sentence of an error, preferably the one of its field."""
    sentence = gettext(TEXTS.get(f"{field}.{key}") or TEXTS[key])
    return sentence % values if values else sentence


def somebody() -> str:
    """Return the stand-in for a deleted user."""
    return gettext("Someone")
