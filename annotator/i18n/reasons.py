"""Why something of a file cannot be used, in the reader's language."""

from annotator.formats.base import Reason
from annotator.i18n import error_messages


def worded(reason: Reason) -> str:
    """Return the sentences of a reason, with those of its values and of what it says besides."""
    values = {
        name: worded(value) if isinstance(value, Reason) else value
        for name, value in reason.values.items()
    }
    said = error_messages.text(reason.key, values=values)
    return " ".join([said, *map(worded, reason.also)]) if reason.also else said
