"""The words of the desk's script, which has none of its own: they are translated here."""

from typing import Any

from django.utils.translation import gettext as _

from annotator.views import number_format


def labelled(counts: dict[str, Any]) -> str:
    """Return how far the project is."""
    numbers = {
        "labelled": number_format.count(counts["labelled"]),
        "items": number_format.count(counts["items"]),
    }
    return _("{labelled} of {items} labelled").format(**numbers)


def mine(counts: dict[str, Any]) -> str:
    """Return how much of it the person did today."""
    return _("{n} by you today (UTC)").format(n=number_format.count(counts["today"]["labels"]))


def for_script() -> dict[str, Any]:
    """Return all that the script may say; what stands in braces is put in by the script."""
    return {
        "item": _("Item {key}"),
        "none": _("none of the labels"),
        "sure": _("{value} % sure"),
        "model": _("model {model}, {age} old"),
        "labelled": _("{labelled} of {items} labelled"),
        "mine": _("{n} by you today (UTC)"),
        "chosen": _("{labels}."),
        "skipped": _("Skipped."),
        "undone": _("Undone: here is the item again."),
        "corrected": _("Corrected: {labels}."),
        "said": "{time}  {labels}",
        "back": {
            "one": _("Your answer before this one. Choose anew to correct it."),
            "other": _("{n} of your answers back. Choose anew to correct it."),
        },
        "nothing_left": _("Nothing to label right now."),
        "nothing_suggested": _("Nothing is suggested here; choose a label."),
        "none_chosen": _("Nothing is chosen. Enter once more saves it with none of the labels."),
        "undo_later": _("The server cannot be reached; try to undo again in a moment."),
        "past_later": _("Older answers cannot be shown without a connection."),
        "no_more_past": _("There are no earlier answers of yours."),
        "paused": _("{why} What is on your screen can still be saved."),
        "more_below": _("More below · {share} shown"),
        "found_labels": {"one": _("{n} label found"), "other": _("{n} labels found")},
        "no_label_found": _("No label found"),
        "enter_takes": _("Enter chooses {label}."),
        "unseen": _unseen(),
        "lost": _("The item had been given to somebody else; here is another one."),
        "not_on_disk": _(
            "This browser stores nothing. Keep the page open until everything is saved."
        ),
        "labels_changed": _("The labels changed: {changes}."),
        "label_renamed": _("“{old}” is now “{name}”"),
        "label_new": _("“{name}” is new"),
        "label_gone": _("“{name}” is removed"),
        "label_details": _("The keys, descriptions or the order of the labels changed."),
        "guidelines_changed": _("The guidelines changed."),
        "no_guidelines": _("The lead has not written any yet."),
        "examples": _("Examples"),
        "refused": _("Not saved: {labels} for “{about}”. {why}"),
        "standings": _standings(),
        "troubles": _troubles(),
        "kept": {
            "one": _("1 decision is kept in this browser until it can be saved."),
            "other": _("{n} decisions are kept in this browser until they can be saved."),
        },
    }


def _unseen() -> dict[str, str]:
    """Return why nothing can be decided yet of an item that is not on the screen."""
    return {
        "loading": _("The picture is still loading. Decide once you see it."),
        "failed": _("The picture could not be loaded. Try again, or skip the item."),
        "early": _("The item was not on the screen yet. Decide once you see it."),
    }


def _standings() -> dict[str, Any]:
    """Return how things stand with the server, in a word or two each."""
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
        "gone": _("Project gone"),
        "other": _("Somebody else is signed in"),
        "broken": _("Trouble on the server"),
    }


def _troubles() -> dict[str, str]:
    """Return what is wrong, for each way in which things may stand ill."""
    return {
        "offline": _("The server cannot be reached."),
        "out": _("You are signed out."),
        "forbidden": _("This page is too old for the server; load it anew."),
        "gone": _("The project is gone, or you are no longer a member."),
        "other": _("Somebody else is signed in now. Sign in as yourself, or load the page anew."),
        "broken": _("Something broke on the server. The page goes on trying."),
    }
