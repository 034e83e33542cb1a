"""What is wrong with an encoder, and what it is, in sentences."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from annotator.encoders import Installed
from annotator.i18n import encoder_problems

STEPS = {
    "checking": gettext_noop("checking its files"),
    "building": gettext_noop("building what runs on this processor"),
    "trying": gettext_noop("trying it"),
}


def state_words(encoder: Installed) -> str:
    """Say whether an encoder can be used."""
    if encoder.problem:
        return encoder_problems.text(encoder.problem.reason, encoder.problem.values)
    if encoder.ready:
        return _("Ready")
    if encoder.preparing:
        return _("Being prepared: %(step)s (step %(number)s of %(of)s)") % {
            "step": _(STEPS[encoder.preparing.step]),
            "number": encoder.preparing.done + 1,
            "of": encoder.preparing.of,
        }
    return _("Prepared when it is first needed, which takes a few seconds")


def language_words(encoder: Installed) -> str:
    """Name the languages that an encoder reads."""
    if encoder.medium == "image":
        return ""
    if not encoder.languages:
        return _("not stated")
    return _("many") if "*" in encoder.languages else ", ".join(encoder.languages)


def as_json(encoder: Installed) -> dict[str, object]:
    """Return an encoder as the API and the command show it."""
    return {
        "name": encoder.name,
        "medium": encoder.medium,
        "dimensions": encoder.dimensions,
        "languages": list(encoder.languages),
        "licence": encoder.licence,
        "source": encoder.source,
        "publisher": encoder.publisher,
        "sha256": encoder.sha256,
        "bytes": encoder.bytes,
        "origin": encoder.origin,
        "ready": encoder.ready,
        "state": state_words(encoder),
    }
