"""Reasons for an empty bulk page."""

from django.utils.translation import gettext as _

from annotator.flow.progress.stopping import find_pause
from annotator.flow.training import confident_items
from annotator.messages import stopping
from annotator.models import Project


def empty_words(project: Project, code: str) -> str:
    """Explain why there is no bulk page (`bulk_pages.why_empty`), and what to do."""
    if not code:
        return ""
    if code == "paused":
        pause = find_pause(project)
        return "" if pause is None else stopping.pause_words(pause)
    return {
        "bulk_off": _("Bulk labelling is turned off in this project."),
        "suggestions_off": _(
            "Suggestions are turned off in this project, and bulk labelling needs them."
        ),
        "no_model": _(
            "Bulk labelling starts after the first round with a model. Label some items one by "
            "one until then."
        ),
        "others_left": _("No confident predictions are left for this label. Choose another label."),
        "none_left": _(
            "No remaining item has a confidence of %(least)d%% or more. Label some items one by "
            "one; each round adds confident predictions."
        )
        % {"least": round(100 * confident_items.LEAST)},
    }[code]
