"""Label savings of active learning, in one sentence."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def in_words(found: Mapping[str, Any]) -> str:
    """Return the label savings in one sentence; empty before they are calculated."""
    if not found:
        return ""
    if found.get("missing"):
        n = found["missing"]
        return ngettext(
            "%(n)d more audit item needed to tell whether active learning saves labels.",
            "%(n)d more audit items needed to tell whether active learning saves labels.",
            n,
        ) % {"n": n}
    if found["verdict"] == "helps":
        return _helps(found)
    if found["verdict"] == "does_not_help":
        return _(
            "Active learning isn't saving labels here: random sampling would have reached the "
            "same accuracy. Switch the strategy to “random”."
        )
    fewer = max(round(-found["low"]), 0) if found["low"] is not None else 0
    if found["high"] is None:
        words = _(
            "Too early to say whether active learning saves labels: with %(audits)d audit items, "
            "the estimate ranges from %(fewer)d labels lost to many saved."
        )
    else:
        words = _(
            "Too early to say whether active learning saves labels: with %(audits)d audit items, "
            "the estimate ranges from %(fewer)d labels lost to %(more)d saved."
        )
    more = max(round(found["high"] or 0), 0)
    return words % {"audits": found["audits"], "fewer": fewer, "more": more}


def _helps(found: Mapping[str, Any]) -> str:
    # None exceeds `most`, as far as the random curve reaches.
    low = round(found["most"] if found["low"] is None else found["low"])
    if found["high"] is None or found["value"] is None:
        return _("Active learning has saved at least %(low)d labels (95%% confidence).") % {
            "low": low
        }
    return _("Active learning has saved about %(n)d labels (95%% CI %(low)d–%(high)d).") % {
        "n": round(found["value"]),
        "low": low,
        "high": round(found["high"]),
    }
