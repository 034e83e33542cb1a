"""Sentences of the quality page."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.views import number_format

# Sentences ---------------------------------------------------------------------------------------


def overlap_words(found: Mapping[str, Any], overlap: int) -> str:
    """Describe the agreement in one sentence, or how to measure it."""
    if not found:
        return _("Not calculated yet. The next round calculates it.")
    measured = found.get("overlap")
    if not measured or not measured["share"]:
        if overlap < 2:
            return _(
                "No item has been labelled by two annotators yet. Set “Annotations per item” to 2 "
                "or more to measure agreement."
            )
        return _("No item has been labelled by two annotators yet.")
    share, alpha = measured["share"], measured["alpha"]
    if not alpha:
        return _(
            "Agreement %(share)s (95%% CI %(low)s–%(high)s) on %(n)s items labelled by two "
            "annotators."
        ) % {
            "low": number_format.percent_number(share["low"]),
            "high": number_format.percent(share["high"]),
            "share": number_format.percent(share["value"]),
            "n": number_format.count(share["n"]),
        }
    return ngettext(
        "Agreement %(share)s on %(n)s item labelled by two annotators: alpha %(alpha)s (95%% CI "
        "%(low)s to %(high)s).",
        "Agreement %(share)s on %(n)s items labelled by two annotators: alpha %(alpha)s (95%% CI "
        "%(low)s to %(high)s).",
        alpha["n"],
    ) % {
        "share": number_format.percent(share["value"]),
        "n": number_format.count(alpha["n"]),
        "alpha": number_format.hundredths(alpha["value"]),
        "low": number_format.hundredths(alpha["low"]),
        "high": number_format.hundredths(alpha["high"]),
    }


def effect_words(found: Mapping[str, Any]) -> str:
    """Describe the suggestion bias in one sentence, or how to measure it."""
    effect = found.get("effect")
    if not effect:
        return _(
            "Suggestion bias is measured once some items have been served with a suggestion and "
            "some without."
        )
    said = _(
        "Suggestions change agreement with the model by %(value)s percentage points (95%% CI "
        "%(low)s to %(high)s; %(shown)s items with and %(blind)s without suggestion)."
    ) % {
        "value": number_format.points(effect["value"]),
        "low": number_format.points(effect["low"]),
        "high": number_format.points(effect["high"]),
        "shown": number_format.count(effect["shown"][1]),
        "blind": number_format.count(effect["blind"][1]),
    }
    if effect["low"] > 0:
        return _("%(said)s Suggestions bias the labels here. Consider hiding them.") % {
            "said": said
        }
    return said


def with_interval(found: Mapping[str, Any]) -> str:
    return _("%(value)s (%(low)s to %(high)s)") % {
        name: number_format.hundredths(found[name]) for name in ("value", "low", "high")
    }
