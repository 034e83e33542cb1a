"""Which encoders a project can use, what they cost, and what is amiss with them."""

from typing import Any

from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from annotator.flow.features.encoder_costs import Choice, EncoderCost
from annotator.i18n.numbers import count


def rows(found: Choice, items: int) -> list[dict[str, Any]]:
    """Return for each encoder its name, its languages, its cost and whether it is in use."""
    return [
        {
            "name": each.name,
            "languages": ", ".join(each.languages),
            "cost": _cost(each, items),
            "state": _state(each),
        }
        for each in found.costs
    ]


def notes(found: Choice) -> list[str]:
    """Return what is amiss: a language that no encoder reads, an encoder that changed or went."""
    said = []
    if found.missing:
        words = _(
            "The encoder %(name)s is no longer installed. The model goes on with the vectors that "
            "there are; new items are included without them."
        )
        said.append(words % {"name": found.missing})
    if found.changed:
        words = _(
            "The encoder %(name)s was changed. The items are encoded again; until then the model "
            "goes on with the vectors that there are."
        )
        said.append(words % {"name": found.changed})
    if found.unread_language:
        words = _(
            "The texts seem to be in this language: %(language)s. No installed encoder reads it. "
            "An installation admin can add one for many languages with “manage.py encoders add”."
        )
        said.append(words % {"language": _language(found.unread_language)})
    return said


def _cost(each: EncoderCost, items: int) -> str:
    if each.seconds is None or not items:
        return _("not measured yet")
    if each.seconds < 45:
        return _("%(items)s items in less than a minute") % {"items": count(items)}
    n = max(round(each.seconds / 60), 1)
    words = ngettext(
        "%(items)s items in about %(n)d minute", "%(items)s items in about %(n)d minutes", n
    )
    return words % {"items": count(items), "n": n}


def _state(each: EncoderCost) -> str:
    if each.is_used:
        return _("in use")
    return _("being prepared") if each.is_wanted else ""


def _language(code: str) -> str:
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code
