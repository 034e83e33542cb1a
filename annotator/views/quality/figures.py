"""The figures on top of the quality page; the sentences explain them."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.views import number_format
from annotator.views.key_figures import KeyFigure
from annotator.views.quality.text import effect_words, overlap_words

NONE = "–"


def key_figures(
    found: Mapping[str, Any], overlap: int, *, suspects: int, otherwise: int | None
) -> list[KeyFigure]:
    """Return agreement, the effect of suggestions, and how many labels are in doubt."""
    figures = [_agreement(found, overlap), _effect(found), _suspects(suspects)]
    if otherwise is not None:
        figures.append(_otherwise(otherwise))
    return figures


def _agreement(found: Mapping[str, Any], overlap: int) -> KeyFigure:
    title, about = _("Agreement"), [overlap_words(found, overlap)]
    measured = found.get("overlap")
    if not measured or not measured["share"]:
        notes = [_("No shared items yet")] if found else [_("Not calculated yet")]
        return KeyFigure("agreement-figure", title, NONE, notes=notes, about=about)
    share, alpha = measured["share"], measured["alpha"]
    notes = []
    if alpha:
        numbers = {name: number_format.hundredths(alpha[name]) for name in ("value", "low", "high")}
        notes = [
            _("alpha %(value)s") % numbers,
            _("95%% CI %(low)s to %(high)s") % numbers,
        ]
    items = alpha["n"] if alpha else share["n"]
    words = ngettext("%(n)s shared item", "%(n)s shared items", items)
    notes.append(words % {"n": number_format.count(items)})
    value = number_format.percent(share["value"])
    return KeyFigure("agreement-figure", title, value, notes=notes, about=about)


def _effect(found: Mapping[str, Any]) -> KeyFigure:
    title, about, effect = _("Suggestion bias"), [effect_words(found)], found.get("effect")
    if not effect:
        notes = [_("Needs items with and without suggestion")]
        return KeyFigure("effect-figure", title, NONE, notes=notes, about=about)
    numbers = {name: number_format.points(effect[name]) for name in ("low", "high")}
    notes = [_("95%% CI %(low)s to %(high)s") % numbers]
    if effect["low"] > 0:
        notes.append(_("Consider hiding suggestions"))
    value = number_format.points(effect["value"])
    unit = _("percentage points")
    return KeyFigure("effect-figure", title, value, unit, notes=notes, about=about)


def _suspects(number: int) -> KeyFigure:
    return KeyFigure("suspects-figure", _("Likely label errors"), number_format.count(number))


def _otherwise(number: int) -> KeyFigure:
    about = [
        _(
            "Items whose current label, the majority vote, is not the consensus, which weights "
            "votes by reliability."
        )
    ]
    value = number_format.count(number)
    return KeyFigure("otherwise-figure", _("Consensus differs"), value, about=about)
