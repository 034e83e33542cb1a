"""Audit items that are answered but not counted yet, and what the estimate waits for."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.i18n import numbers

MOST_NAMED = 3


def in_words(answered: int, found: Mapping[str, Any] | None) -> str:
    """Return how many audits are answered and what the estimate waits for; empty for nothing."""
    if found is None:
        return ""
    words = ngettext(
        "%(n)s audit item answered; waiting for %(items)s.",
        "%(n)s audit items answered; waiting for %(items)s.",
        answered,
    )
    parts = [_held_in_words(each) for each in found["held"][:MOST_NAMED]]
    others = sum(each["items"] for each in found["held"][MOST_NAMED:])
    if others:
        said = ngettext("%(n)s item leased to others", "%(n)s items leased to others", others)
        parts.append(said % {"n": numbers.count(others)})
    assigned = found.get("assigned", {})
    parts += [_assigned_in_words(names, n) for names, n in list(assigned.items())[:MOST_NAMED]]
    queued = found["queued"] - sum(assigned.values())
    if queued > 0:
        said = ngettext("%(n)s item in the queue", "%(n)s items in the queue", queued)
        parts.append(said % {"n": numbers.count(queued)})
    return words % {"n": numbers.count(answered), "items": ", ".join(parts)}


def _held_in_words(each: Mapping[str, Any]) -> str:
    words = ngettext(
        "%(n)s item leased to %(who)s for %(time)s",
        "%(n)s items leased to %(who)s for %(time)s",
        each["items"],
    )
    shown = {"n": numbers.count(each["items"]), "who": each["user"]}
    return words % {**shown, "time": _time(each["seconds"])}


def _assigned_in_words(names: str, number: int) -> str:
    words = ngettext("%(n)s item assigned to %(who)s", "%(n)s items assigned to %(who)s", number)
    return words % {"n": numbers.count(number), "who": names}


def _time(seconds: int) -> str:
    if seconds < 60:
        return _("less than a minute")
    if seconds < 3600:
        n = seconds // 60
        return ngettext("%(n)d minute", "%(n)d minutes", n) % {"n": n}
    n = seconds // 3600
    return ngettext("%(n)d hour", "%(n)d hours", n) % {"n": n}
