"""Reasons for a pause, and advice to stop."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from annotator.flow.progress.stopping import BUDGET, DONE, LEAD, Pause, StopReason
from annotator.i18n import numbers
from annotator.messages import recall


def advice(reasons: Sequence[StopReason]) -> dict[str, Any]:
    """Return whether to stop, with the reasons in words, for the API."""
    return {
        "advice": "stop" if reasons else "go_on",
        "reasons": [reason_words(reason) for reason in reasons],
    }


def reason_words(reason: StopReason) -> str:
    """Return a reason to stop in words."""
    if reason.cause == DONE:
        if reason.facts["set_aside"]:
            return _("Every item is labelled, except those that every annotator skipped.")
        return _("Every item is labelled.")
    if reason.cause == BUDGET:
        return _budget_words(reason.facts)
    if "recall" in reason.facts:
        return recall.reached_words(reason.facts)
    return goal_words(reason.facts["accuracy"], reason.facts["target"])


def goal_words(proven: float, target: float) -> str:
    """Return the sentence that the target accuracy is proven."""
    words = _(
        "The audit sample proves an accuracy of at least %(low)s%%; the target is %(target)s%%."
    )
    return words % {"low": numbers.bound(proven), "target": numbers.number(target)}


def _budget_words(facts: Mapping[str, Any]) -> str:
    if "target" not in facts:
        return _("Budget spent: %(answers)d of %(budget)d labels.") % facts
    measured, target = facts["measured"], _percent(facts["target"])
    if measured is None:
        words = _("Budget spent; target not proven: not measured yet, target %(target)s%%.")
        return words % {"target": target}
    words = _(
        "Budget spent; target not proven: %(value)s%% [%(low)s–%(high)s], target %(target)s%%."
    )
    shown = {name: _percent(share) for name, share in measured.items()}
    return words % {**shown, "target": target}


def pause_payload(pause: Pause | None) -> dict[str, Any] | None:
    """Return a pause as the API shows it."""
    if pause is None:
        return None
    return {
        "cause": pause.cause,
        "reason": pause.typed or " ".join(map(reason_words, pause.reasons)),
        "by": pause.by,
        "at": pause.at,
        "words": pause_words(pause),
    }


def pause_words(pause: Pause) -> str:
    """Return all sentences about a pause."""
    if pause.cause == LEAD and pause.at is not None:
        return _by_lead(pause.by, pause.at, pause.typed)
    reasons = " ".join(map(reason_words, pause.reasons))
    return _("%(reasons)s The project is paused; its lead can resume it.") % {"reasons": reasons}


def _by_lead(by: str | None, at: datetime, reason: str) -> str:
    shown = date_format(at, "SHORT_DATETIME_FORMAT")
    if by is None:
        said = _("Paused since %(at)s UTC.") % {"at": shown}
    else:
        said = _("Paused by %(by)s since %(at)s UTC.") % {"by": by, "at": shown}
    if not reason:
        return said
    why = _("Reason: “%(reason)s”.") % {"reason": reason.rstrip(" .")}
    return f"{said} {why}"


def _percent(share: float) -> str:
    # Rounded as everywhere on the pages; close to 0 and 100 with a decimal.
    value = 100 * share
    digits = 1 if 99 < value < 100 or 0 < value < 1 else 0
    return str(number_format(round(value, digits), digits))
