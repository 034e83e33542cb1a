"""Texts of the labelling page's script, translated here: the script itself has none."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.views import number_format

# By what is stored.
SKIP_REASONS = {
    "unsure": gettext_lazy("I am not sure"),
    "unclear": gettext_lazy("The guidelines do not cover it"),
    "broken": gettext_lazy("Damaged or unreadable"),
    "language": gettext_lazy("A language I can't read"),
    "other": gettext_lazy("Another reason"),
}


def labelled(counts: dict[str, Any]) -> str:
    """Describe the project's progress."""
    numbers = {
        "labelled": number_format.count(counts["labelled"]),
        "items": number_format.count(counts["items"]),
    }
    return _("{labelled} of {items} labelled").format(**numbers)


def mine(counts: dict[str, Any]) -> str:
    """Describe the user's work of today."""
    return _("{n} yours today (UTC)").format(n=number_format.count(counts["today"]["labels"]))


def from_label_texts() -> str:
    """Name the origin of a suggestion that no model made."""
    return _("from the label’s description")


def for_script() -> dict[str, Any]:
    """Return all texts of the script; it fills in the names in braces."""
    return {
        "item": _("Item {key}"),
        "none": _("no label"),
        "sure": _("confidence {value}%"),
        "model": _("model {model}, trained {age} ago"),
        "labelled": _("{labelled} of {items} labelled"),
        "mine": _("{n} yours today (UTC)"),
        "chosen": _("{labels}."),
        "skipped": _("Skipped."),
        "undone": _("Undone. Here is the item again."),
        "corrected": _("Corrected: {labels}."),
        "correction_undone": _("Correction undone."),
        "said": "{time}  {labels}",
        "back": {
            "one": _("Your previous annotation. Choose again to correct it."),
            "other": _("Your annotation {n} items back. Choose again to correct it."),
        },
        "redo": _("Sent back by {by}: {comment}"),
        "nothing_left": _("No items to label right now."),
        "from_label_texts": from_label_texts(),
        "nothing_suggested": _("No suggestion for this item. Choose a label."),
        "none_chosen": _("No label chosen. Press Enter again to save without labels."),
        "undo_later": _("Can't undo: the server is unreachable. Try again in a moment."),
        "past_later": _("Older annotations need a connection."),
        "no_more_past": _("You have no earlier annotations."),
        "paused": _("{why} You can still save the item on your screen."),
        "more_below": _("Scroll for more · {share} shown"),
        "found_labels": {"one": _("{n} label found"), "other": _("{n} labels found")},
        "no_label_found": _("No label found"),
        "enter_takes": _("Enter chooses {label}."),
        "unseen": _unseen(),
        "lost": _("The item is no longer available. Here is another one."),
        "lost_last": _("The item is no longer available."),
        "not_on_disk": _(
            "This browser can't store annotations. Keep the page open until everything is saved."
        ),
        **_label_changes(),
        "guidelines_changed": _("The guidelines changed. Open them to see what is new."),
        "no_guidelines": _("There are no guidelines yet."),
        "examples": _("Examples"),
        "refused": _("Not saved: {labels} for “{about}”. {why}"),
        "standings": _standings(),
        "troubles": _troubles(),
        "kept": {
            "one": _("1 annotation is kept in this browser until it can be saved."),
            "other": _("{n} annotations are kept in this browser until they can be saved."),
        },
    }


def redo(told: Mapping[str, str]) -> str:
    """Return who sent an item back, and why."""
    return _("Sent back by {by}: {comment}").format(**told)


def name_of(item: Mapping[str, Any]) -> str:
    """Return an item's ID to show; of an image, only the file's name, as a folder may say more."""
    key = str(item["key"])
    return key.rpartition("/")[2] if "image_url" in item else key


def _label_changes() -> dict[str, str]:
    """Return what happened to the labels while the page was open."""
    return {
        "labels_changed": _("The labels changed: {changes}."),
        "label_renamed": _("“{old}” is now “{name}”"),
        "label_new": _("“{name}” is new"),
        "label_gone": _("“{name}” was removed"),
        "label_details": _("Shortcuts, descriptions or the order of the labels changed."),
    }


def _unseen() -> dict[str, str]:
    """Return the reasons why an item that is not visible cannot be labelled yet."""
    return {
        "loading": _("The image is still loading. Label the item once you see it."),
        "failed": _("The image could not be loaded. Try again, or skip the item."),
        "early": _("The item was not visible yet. Label it once you see it."),
    }


def _standings() -> dict[str, Any]:
    """Return the connection states, in a word or two each."""
    return {
        "saved": _("Saved"),
        "saving": _("Saving…"),
        "offline": {
            "one": _("1 waiting, offline"),
            "other": _("{n} waiting, offline"),
        },
        "idle": _("Offline"),
        "out": _("Signed out"),
        "forbidden": _("Not allowed"),
        "gone": _("Project deleted"),
        "other": _("Another user is signed in"),
        "broken": _("Server error"),
    }


def _troubles() -> dict[str, str]:
    """Return a sentence for each connection problem."""
    return {
        "offline": _("The server is unreachable. Retrying automatically."),
        "out": _("You are signed out."),
        "forbidden": _("This page is out of date. Reload it."),
        "gone": _("The project was deleted, or you are no longer a member."),
        "other": _("Another user is signed in now. Log in again, or reload the page."),
        "broken": _("Server error. Retrying automatically."),
    }
