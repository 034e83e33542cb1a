"""Results of a decision, and reasons for an empty queue."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from annotator import tasktypes
from annotator.flow.annotation.sync_decisions import DecisionResult, Outcome
from annotator.flow.progress import stopping as pauses
from annotator.flow.progress import summary
from annotator.messages import stopping
from annotator.models import Project


def result_words(project: Project, result: DecisionResult) -> str:
    """Describe the result of a window's decision."""
    if result.outcome == Outcome.REFUSED:
        return result.refused
    if result.annotation is None:
        return outcome_words(result.outcome)
    if result.outcome == Outcome.CORRECTED:
        shown = label_words(project, result.annotation["labels"])
        return _("Corrected: %(labels)s.") % {"labels": shown}
    return saved_words(project, result.annotation)


def outcome_words(outcome: Outcome) -> str:
    """Describe the result of a skip or an undo."""
    return {
        Outcome.PASSED_ON: _("Skipped. Another annotator will see it."),
        Outcome.SET_ASIDE: _(
            "Skipped. Every annotator has skipped it, so it is parked for the project's lead."
        ),
        Outcome.REVIEW_DISMISSED: _("Skipped. The item keeps the label that it already has."),
        Outcome.UNDONE: _("Undone. Here is the item again."),
        Outcome.UNDONE_WHILE_PAUSED: _(
            "Undone. The project is paused; you get the item again when it is resumed."
        ),
        Outcome.UNDONE_ELSEWHERE: _(
            "Skip undone. Other annotators have taken the item in the meantime."
        ),
        Outcome.NOTHING: _("Nothing to undo."),
    }[outcome]


def saved_words(project: Project, told: Mapping[str, Any]) -> str:
    """Return what was saved, and what the item was, which may only be told now."""
    said = _("Saved: %(labels)s.") % {"labels": label_words(project, told["labels"])}
    was = {
        "gold": _gold_words(project, told),
        "audit": _("That was an audit item. It measures the model's accuracy."),
        "random": _("That was a random item."),
        "second": _("That was a review of a likely label error."),
        "repeat": _("You had labelled this item before. It measures self-consistency."),
    }.get(told["source"], "")
    return f"{said} {was}".strip()


def _gold_words(project: Project, told: Mapping[str, Any]) -> str:
    known = told.get("known")
    if known is None or set(known) == set(told["labels"]):
        return _("That was a gold item.")
    shown = label_words(project, known)
    return _("That was a gold item. The correct answer is %(labels)s.") % {"labels": shown}


def label_words(project: Project, names: Sequence[str]) -> str:
    """Return the labels of an answer in words, also where it says that none of them fits."""
    return ", ".join(tasktypes.titles(project, names)) or _("no label")


def why_empty(project: Project, pause: pauses.Pause | None) -> str:
    """Explain why there is nothing to label, and what happens next."""
    if pause is not None:
        return stopping.pause_words(pause)
    return {
        "importing": _("The first items are being imported. This page refreshes automatically."),
        "no_items": _("There are no items yet. A project admin can import some."),
        "done": _("Every item is labelled. Thank you!"),
        "done_but_skipped": _(
            "Every item is labelled, except those that every annotator skipped. Thank you!"
        ),
        "budget_held": _(
            "The last items of the budget are leased to others. Items that they return appear "
            "here automatically."
        ),
        "assigned": _(
            "No items are left for you. The remaining ones are assigned or leased to others."
        ),
        "nothing_left": _(
            "No items are left for you. The remaining ones are leased to others, or you have "
            "already seen them."
        ),
    }[summary.why_empty(project)]
