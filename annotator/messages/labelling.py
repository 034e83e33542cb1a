"""What became of a decision, and why there is nothing to label."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from annotator.flow.annotation.sync_decisions import DecisionResult, Outcome
from annotator.flow.progress import stopping as pauses
from annotator.flow.progress import summary
from annotator.messages import stopping
from annotator.models import Project


def result_words(result: DecisionResult) -> str:
    """Return what became of a decision that a window sent."""
    if result.outcome == Outcome.REFUSED:
        return result.refused
    if result.annotation is None:
        return outcome_words(result.outcome)
    if result.outcome == Outcome.CORRECTED:
        return _("Corrected: %(labels)s.") % {"labels": label_words(result.annotation)}
    return saved_words(result.annotation)


def outcome_words(outcome: Outcome) -> str:
    """Return what became of a skip or of an undo."""
    return {
        Outcome.PASSED_ON: _("Skipped: somebody else will see it."),
        Outcome.SET_ASIDE: _(
            "Skipped, as by everybody else: it is set aside for the project's lead."
        ),
        Outcome.REVIEW_DISMISSED: _("Skipped: it has its label already, and stays as it is."),
        Outcome.UNDONE: _("Undone: here is the item again."),
        Outcome.UNDONE_WHILE_PAUSED: _(
            "Undone. The project is paused, so the item comes again when it goes on."
        ),
        Outcome.UNDONE_ELSEWHERE: _(
            "The skip is undone, but others have taken on the item meanwhile."
        ),
        Outcome.NOTHING: _("There is nothing to undo."),
    }[outcome]


def saved_words(told: Mapping[str, Any]) -> str:
    """Return what was saved, and what the item was, which may only be told now."""
    said = _("Saved: %(labels)s.") % {"labels": label_words(told)}
    was = {
        "gold": _gold_words(told),
        "audit": _("That was an audit item: it measures the model."),
        "random": _("That was a random item."),
        "second": _("That was a second look at a label that was in doubt."),
        "repeat": _("You had labelled this before: it was to see how steady labels are."),
    }.get(told["source"], "")
    return f"{said} {was}".strip()


def _gold_words(told: Mapping[str, Any]) -> str:
    known = told.get("known")
    if known is None or sorted(known) == sorted(told["labels"]):
        return _("That was a hidden check.")
    shown = ", ".join(known) or _("none of the labels")
    return _("That was a hidden check: the known answer is %(labels)s.") % {"labels": shown}


def label_words(told: Mapping[str, Any]) -> str:
    """Return the labels of an answer in words, also where it says that none of them fits."""
    return ", ".join(told["labels"]) or _("none of the labels")


def why_empty(project: Project, pause: pauses.Pause | None) -> str:
    """Return why there is nothing to label, and what happens next."""
    if pause is not None:
        return stopping.pause_words(pause)
    return {
        "importing": _("The first items are being imported. They appear here by themselves."),
        "no_items": _("There are no items yet. An admin of the project can import some."),
        "done": _("Every item is labelled. Thank you!"),
        "done_but_skipped": _(
            "Every item is labelled, but for those that everybody skipped. Thank you!"
        ),
        "budget_held": _(
            "The last labels of the budget are with others. What they give back appears here "
            "by itself."
        ),
        "nothing_left": _(
            "Nothing is left for you: the items that still need a label are with others, "
            "or you have seen them already."
        ),
    }[summary.why_empty(project)]
