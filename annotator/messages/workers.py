"""Whether a worker runs, and what it means if none does."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.flow.operations import heartbeat


def workers() -> dict[str, Any]:
    """Return whether any worker lives, and in words what that means."""
    found = heartbeat.workers()
    return {**found, "words": _words(found["alive"], found["seconds"])}


def _words(alive: bool, seconds: float | None) -> str:
    if alive:
        return _("Running.")
    if seconds is None:
        return _(
            "No worker is running. Labels are saved, but imports and rounds wait. Start Winnow "
            "with “manage.py up”, or a worker with “celery -A annotator worker -B”."
        )
    words = _(
        "No worker seen for %(ago)s. Labels are saved, but imports and rounds wait. Start one "
        "with “celery -A annotator worker -B”."
    )
    return words % {"ago": _ago(seconds)}


def _ago(seconds: float) -> str:
    if seconds < 120:
        return ngettext("%(n)d s", "%(n)d s", int(seconds)) % {"n": int(seconds)}
    return ngettext("%(n)d minute", "%(n)d minutes", int(seconds // 60)) % {"n": int(seconds // 60)}
