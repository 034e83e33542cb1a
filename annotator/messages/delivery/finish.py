"""Sentences about the end of a project: what people and a model still have to do."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.i18n import numbers
from annotator.messages.delivery.promise import share
from annotator.messages.delivery.proof import hours


def mode(allowed: float | None) -> str:
    """Return what finish mode does, and for which promise it is on."""
    if allowed is None:
        return _(
            "In finish mode, people only get items that the model may not label, first those that "
            "let it label the most others."
        )
    return _(
        "Finish mode is on for at most %(share)s wrong labels: people only get items that the "
        "model may not label, first those that let it label the most others."
    ) % {"share": share(allowed)}


def gain(labels: int, items: int) -> str:
    """Return how many more items the model may label since people gave so many labels."""
    words = ngettext(
        "The last %(labels)s label let the model label %(items)s more items.",
        "The last %(labels)s labels let the model label %(items)s more items.",
        labels,
    )
    return words % {"labels": numbers.count(labels), "items": numbers.count(items)}


def still(told: Mapping[str, Any], hours_left: float | None, hours_checks: float | None) -> str:
    """Return what people still have to do while a proof goes on."""
    left, checks = told["left"], told["checks_needed"]
    label = ngettext(
        "People still need to label %(n)s item", "People still need to label %(n)s items", left
    ) % {"n": numbers.count(left)}
    first = _with_time(label, hours_left if left else None)
    if not checks:
        return _("%(words)s.") % {"words": first}
    check = ngettext(
        "to check about %(n)s label of the model",
        "to check about %(n)s labels of the model",
        checks,
    ) % {"n": numbers.count(checks)}
    return _("%(words)s, and %(checks)s.") % {
        "words": first,
        "checks": _with_time(check, hours_checks),
    }


def _with_time(words: str, needed: float | None) -> str:
    return words if needed is None else f"{words}, {hours(needed)}"
