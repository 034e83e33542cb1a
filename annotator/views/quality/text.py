"""Sentences of the quality page."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.views import number_format

# Sentences ---------------------------------------------------------------------------------------


def overlap_words(found: Mapping[str, Any], overlap: int) -> str:
    """Return how far people agree, in one sentence; or what it takes to know."""
    if not found:
        return _("Nothing was reckoned yet: it comes with the next round.")
    measured = found.get("overlap")
    if not measured or not measured["share"]:
        if overlap < 2:
            return _(
                "No item was answered by two people yet. Set the labels wanted per item to 2 or "
                "more, and agreement can be measured."
            )
        return _("No item was answered by two people yet.")
    share, alpha = measured["share"], measured["alpha"]
    if not alpha:
        return _(
            "People agree on %(share)s (%(low)s to %(high)s) of the %(n)s items that two saw."
        ) % {
            **{name: number_format.percent(share[name]) for name in ("low", "high")},
            "share": number_format.percent(share["value"]),
            "n": number_format.count(share["n"]),
        }
    return ngettext(
        "People agree on %(share)s of the %(n)s item that two saw: alpha %(alpha)s (%(low)s to "
        "%(high)s).",
        "People agree on %(share)s of the %(n)s items that two saw: alpha %(alpha)s (%(low)s to "
        "%(high)s).",
        alpha["n"],
    ) % {
        "share": number_format.percent(share["value"]),
        "n": number_format.count(alpha["n"]),
        "alpha": number_format.hundredths(alpha["value"]),
        "low": number_format.hundredths(alpha["low"]),
        "high": number_format.hundredths(alpha["high"]),
    }


def effect_words(found: Mapping[str, Any]) -> str:
    """Return what suggestions do to labels, in one sentence; or what it takes to know."""
    effect = found.get("effect")
    if not effect:
        return _(
            "What suggestions do to labels is told once some items were served with a suggestion, "
            "and some blind."
        )
    said = _(
        "With the suggestion in sight people say the same %(value)s points more often than blind "
        "(%(low)s to %(high)s, 95 %%; %(shown)s shown, %(blind)s blind)."
    ) % {
        "value": number_format.points(effect["value"]),
        "low": number_format.points(effect["low"]),
        "high": number_format.points(effect["high"]),
        "shown": number_format.count(effect["shown"][1]),
        "blind": number_format.count(effect["blind"][1]),
    }
    if effect["low"] > 0:
        return _("%(said)s Suggestions sway people here: consider to hide them.") % {"said": said}
    return said


def with_interval(found: Mapping[str, Any]) -> str:
    return _("%(value)s (%(low)s to %(high)s)") % {
        name: number_format.hundredths(found[name]) for name in ("value", "low", "high")
    }
