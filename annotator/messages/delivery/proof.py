"""Sentences about a proof: how far it is, what holds it up, and what would help."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.i18n import numbers
from annotator.messages.delivery.promise import at_most, share
from annotator.models import Delivery

# Where fewer labels may be wrong, people are soon done with the region.
FEW_WRONG = 50


def hints(delivery: Delivery, told: Mapping[str, Any], waiting: int, skipped: int) -> list[str]:
    """Return what a lead should know about a proof that goes on.

    So many checks are `waiting` for a second person, or `skipped` by everybody.
    """
    found = [_waiting(waiting)] if waiting else []
    found += [_skipped(skipped)] if skipped else []
    for part in told["parts"]:
        if not part["is_over"]:
            found += _of_part(delivery, part)
    return list(dict.fromkeys(found))


def _waiting(number: int) -> str:
    words = ngettext(
        "%(n)s check contradicts the model and waits for a second person.",
        "%(n)s checks contradict the model and wait for a second person.",
        number,
    )
    return words % {"n": numbers.count(number)}


def _skipped(number: int) -> str:
    words = ngettext(
        "%(n)s check was skipped and counts as wrong. Choose “Requeue” on the overview, so that "
        "somebody labels it.",
        "%(n)s checks were skipped and count as wrong. Choose “Requeue” on the overview, so that "
        "somebody labels them.",
        number,
    )
    return words % {"n": numbers.count(number)}


def _of_part(delivery: Delivery, part: Mapping[str, Any]) -> list[str]:
    found = []
    if 0 <= part["live"] < len(part["rungs"]) - 1:
        found.append(
            _(
                "The largest region was given up, as too many of its checks were wrong. The proof "
                "goes on for a smaller one."
            )
        )
    if part["expected"] is None:
        found.append(_too_many(delivery, part))
    size = part["machine"]
    if part["live"] >= 0 and size * float(delivery.max_error) < FEW_WRONG:
        found.append(
            _(
                "The model would give %(n)s labels only, which is costly to prove. People may "
                "label these items sooner."
            )
            % {"n": numbers.count(size)}
        )
    return found


def _too_many(delivery: Delivery, part: Mapping[str, Any]) -> str:
    return _(
        "%(wrong)s of %(checks)s checks are wrong, which is too many for at most %(share)s. If it "
        "stays so, no number of checks proves the promise: give the proof up, let people label "
        "more, and try again with the new model, or allow more errors."
    ) % {
        "wrong": numbers.count(part["wrong"]),
        "checks": numbers.count(part["checks"]),
        "share": share(float(delivery.max_error)),
    }


def outcome(told: Mapping[str, Any]) -> str:
    """Return what was proven."""
    return _(
        "Proven: of the %(machine)s labels by the model, at most %(bound)s are wrong. Freeze the "
        "delivery to write its file."
    ) % {"machine": numbers.count(told["machine"]), "bound": at_most(told["bound"])}


def so_far(machine: int, bound: float) -> str:
    """Return what is proven while the proof goes on for more."""
    return _(
        "Proven so far: of %(machine)s labels by the model, at most %(bound)s are wrong. The proof "
        "goes on for more labels; you may also be content with these."
    ) % {"machine": numbers.count(machine), "bound": at_most(bound)}


def trade(now: Mapping[str, Any], looser: Mapping[str, Any] | None) -> str:
    """Return what people still have to label, and how much less if more errors are allowed."""
    left = now["left"]
    first = ngettext(
        "People still need to label %(n)s item", "People still need to label %(n)s items", left
    ) % {"n": numbers.count(left)}
    parts = [first]
    if left and now["hours_left"] is not None:
        parts.append(hours(now["hours_left"]))
    words = ", ".join(parts)
    if looser is None or looser["left"] >= left:
        return _("%(words)s.") % {"words": words}
    return _("%(words)s; or %(n)s, if %(share)s wrong is allowed.") % {
        "words": words,
        "n": numbers.count(looser["left"]),
        "share": share(looser["max_error"]),
    }


def hours(number: float) -> str:
    """Return a time of work: minutes if short, else whole hours."""
    if number < 1:
        minutes = max(1, round(60 * number))
        return ngettext("about %(n)d minute", "about %(n)d minutes", minutes) % {"n": minutes}
    whole = round(number)
    words = ngettext("about %(n)s hour", "about %(n)s hours", whole)
    return words % {"n": numbers.count(whole)}
