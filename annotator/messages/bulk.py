"""Why the bulk desk has no page."""

from django.utils.translation import gettext as _

from annotator.flow.progress.stopping import find_pause
from annotator.flow.training import confident_items
from annotator.messages import stopping
from annotator.models import Project


def empty_words(project: Project, code: str) -> str:
    """Return why there is no page (`bulk_pages.why_empty`), and what to do about it."""
    if not code:
        return ""
    if code == "paused":
        pause = find_pause(project)
        return "" if pause is None else stopping.pause_words(pause)
    return {
        "bulk_off": _("The project's lead has turned the bulk desk off."),
        "suggestions_off": _(
            "The project's lead has turned suggestions off, and a page to confirm "
            "would be nothing else."
        ),
        "no_model": _(
            "Pages come after the first round with a model: label some items one by one until then."
        ),
        "others_left": _(
            "No more of these are left that the model is sure of. Choose another label."
        ),
        "none_left": _(
            "The model is at least %(least)d %% sure of none of the items that are left. "
            "Label some one by one: with every round it is surer of more."
        )
        % {"least": round(100 * confident_items.LEAST)},
    }[code]
