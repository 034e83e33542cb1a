"""The sentences of errors that `flow` raises, by their codes.

`flow` names what happened and the values; only here it becomes a sentence in the reader's language.
A code whose sentence depends on the field, or on where it is raised, has an entry for each.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop

TEXTS = {
    # Saving a label
    "client_id": gettext_noop("client_id is a UUID."),
    "client_id_reused": gettext_noop("This client_id was used for another answer."),
    "label_type": gettext_noop("Labels are a list of names."),
    "label_twice": gettext_noop("Give each label once."),
    "unknown_label": gettext_noop(
        "“%(name)s” is no label of this project. Its labels are: %(names)s."
    ),
    "unknown_label_of_page": gettext_noop("This project has no such label."),
    "note.nul_byte": gettext_noop("A note cannot hold a NUL byte."),
    "note_too_long": gettext_noop("A note has at most %(most)s characters."),
    "already_labelled": gettext_noop("You labelled this item already; correct that label."),
    "seed_already_labelled": gettext_noop("This item is labelled already; correct that label."),
    "stored_as_extra": gettext_noop(
        "Somebody else labelled this item meanwhile. Your answer is kept beside theirs."
    ),
    # Changing it
    "already_withdrawn": gettext_noop("This annotation was taken back already."),
    "not_undoable": gettext_noop("Only an answer of your own can be undone."),
    "unknown_annotation": gettext_noop("There is no such annotation."),
    "no_seed": gettext_noop("You gave this item no seed that could be taken back."),
    # Leases
    "unknown_lease": gettext_noop("You do not hold this item."),
    "lease_lost": gettext_noop("You no longer hold this item."),
    "too_many_leases": gettext_noop("Label the items that you have before taking more."),
    "not_skipped": gettext_noop("This skip was taken back already."),
    # Bulk pages
    "unknown_page": gettext_noop("You do not hold this page."),
    "labels_changed": gettext_noop("The labels were changed meanwhile, so nothing was saved."),
    "page_not_undone": gettext_noop(
        "The project is paused, so the page could not come back. Nothing was undone; "
        "undo it when the project goes on."
    ),
    # Disagreements
    "unknown_state": gettext_noop("A state is one of %(names)s."),
    "unknown_disagreement": gettext_noop("Nobody disagrees about such an item."),
    "not_decided": gettext_noop("This is not decided, or not any more."),
    "decided_meanwhile": gettext_noop(
        "%(name)s decided “%(labels)s” meanwhile. Decide again to replace that."
    ),
    # Pausing
    "reason.nul_byte": gettext_noop("A reason cannot hold a NUL byte."),
    "reason.too_long": gettext_noop("A reason has at most %(most)d characters."),
}


def text(key: str, field: str, values: Mapping[str, Any]) -> str:
    """Return the sentence of an error, preferably the one of its field."""
    sentence = gettext(TEXTS.get(f"{field}.{key}") or TEXTS[key])
    return sentence % values if values else sentence


def somebody() -> str:
    """Return what stands for a person whose account is gone."""
    return gettext("Somebody")
