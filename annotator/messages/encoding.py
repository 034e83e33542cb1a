"""How far an encoder is with the items of a project, and what it left out."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.flow.features.encoding_state import DONE, FAILED, PAUSED, EncodingState
from annotator.i18n.numbers import count
from annotator.i18n.stored_messages import translated


def told(found: EncodingState | None) -> dict[str, Any] | None:
    """Return how far it is, as the API shows it."""
    if found is None:
        return None
    left = found.seconds_left
    return {
        "encoder": found.encoder,
        "state": found.state,
        "items": found.items,
        "done": found.done,
        "too_long": found.too_long,
        "unreadable": found.unreadable,
        "seconds_left": None if left is None else round(left),
        "words": words(found),
        "remarks": remarks(found),
    }


def words(found: EncodingState) -> str:
    """Return in a sentence or two how far the encoder is; empty once it is done."""
    goes_on = _("Labelling goes on.")
    if found.state == DONE:
        return ""
    reads_texts = found.medium == "text"
    values = {"done": count(found.done), "items": count(found.items)}
    if found.state == FAILED:
        said = _("The encoder stopped at %(done)s of %(items)s items: %(error)s")
        values["error"] = translated(found.error)
        without = _("Labelling goes on without it.")
        return f"{said % values} {without}"
    if found.state == PAUSED:
        said = _("The encoder is paused at %(done)s of %(items)s items.")
        return f"{said % values} {goes_on}"
    if found.seconds_left is None:
        said = (
            _("Reading the texts with the encoder: %(done)s of %(items)s.")
            if reads_texts
            else _("Reading the images with the encoder: %(done)s of %(items)s.")
        )
    else:
        values["left"] = left_words(found.seconds_left)
        said = (
            _("Reading the texts with the encoder: %(done)s of %(items)s, %(left)s.")
            if reads_texts
            else _("Reading the images with the encoder: %(done)s of %(items)s, %(left)s.")
        )
    return f"{said % values} {goes_on}"


def left_words(seconds: float) -> str:
    """Return how long something will still take, in the unit that suits it."""
    if seconds < 45:
        return _("less than a minute left")
    if seconds < 5400:
        n = max(round(seconds / 60), 1)
        return ngettext("about %(n)d minute left", "about %(n)d minutes left", n) % {"n": n}
    n = round(seconds / 3600)
    return ngettext("about %(n)d hour left", "about %(n)d hours left", n) % {"n": n}


def remarks(found: EncodingState) -> list[str]:
    """Return what the encoder left out: the ends of long texts, and items it cannot read."""
    said = []
    if found.too_long:
        one = ngettext(
            "%(n)s of %(items)s texts is longer than the encoder reads; it sees the beginning.",
            "%(n)s of %(items)s texts are longer than the encoder reads; it sees their beginning.",
            found.too_long,
        )
        said.append(one % {"n": count(found.too_long), "items": count(found.done)})
    if found.unreadable:
        one = ngettext(
            "The encoder cannot read %(n)s item. The model sees it without the encoder.",
            "The encoder cannot read %(n)s items. The model sees them without the encoder.",
            found.unreadable,
        )
        said.append(one % {"n": count(found.unreadable)})
    return said
