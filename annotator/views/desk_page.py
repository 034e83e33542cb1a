"""What the desk's page is made of: the item, its labels, and all that its script has to know."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from annotator import smaller
from annotator.flow import desk, keys, monitor, naming, own, queue, tally
from annotator.flow.naming import Ref
from annotator.models import Lease
from annotator.views import desk_words, words
from annotator.views.access import Access

FILTER_FROM = 11

# What a page of the desk loads: the desk's own modules, and those of what it shows and asks.
DESK_MODULES = tuple(
    f"labelling/{name}.js"
    for name in ("decisions", "input", "registry", "rhythm", "state", "sync", "tabs", "view")
)
MEDIA_SCRIPTS = {"text": (), "image": ("medium/image/viewer.js",)}
MEDIA_MODULES = {"text": (), "image": ("medium/image/gestures.js", "medium/image/loading.js")}
MEDIA_STYLES = {"text": (), "image": ("medium/image/viewer.css",)}
ANSWER_SCRIPTS = {
    "single_choice": ("answers/choices.js",),
    "multiple_choice": ("answers/choices.js",),
}
LABEL_SEARCH = "answers/label_search.js"


def context(
    access: Access, lease: Lease | None, *, problem: str = "", chosen: Sequence[Ref] = ()
) -> dict[str, Any]:
    """Return what the desk shows: the item with its labels, or why there is none."""
    served = None if lease is None else queue.served(lease)
    suggestion = queue.shown_suggestion(lease) if lease else None
    counts = own.counts(access.project, access.user)
    pause = monitor.paused(access.project)
    config = _config(access, None if lease is None else queue.served_to_desk(lease))
    buttons = choices(access, suggestion, chosen)
    return {
        "access": access,
        "problem": problem,
        "served": served,
        "config": config,
        "client_id": uuid.uuid4(),
        "choices": buttons,
        "sure": _sure(suggestion),
        "shown": desk.shown(access.project, lease.item) if lease else [],
        "filter_from": FILTER_FROM,
        "empty": "" if lease else monitor.why_empty(access.project, access.user, pause),
        "paused": pause,
        "counts": counts,
        "labelled_words": desk_words.labelled(counts),
        "mine_words": desk_words.mine(counts),
        "caps": config["caps"],
        **_help(access, config["keys"]),
        **_scripts(config, len(buttons)),
    }


def context_of_tab(access: Access, lease: Lease, tab: str) -> dict[str, Any]:
    """Return what the desk shows to a tab that is being reloaded.

    The script shows the item once it knows that it runs in this tab: the page may as well have
    gone to a window that was opened in the same moment.
    """
    shown = context(access, lease)
    shown["config"]["tab"] = tab
    blank = {"lease": lease.pk, "item": {}, "suggestion": None, "why": None}
    return {**shown, "served": blank, "sure": "", "shown": []}


def _config(access: Access, served: dict[str, Any] | None) -> dict[str, Any]:
    """Return what the script of the desk is told."""
    project, user = access.project, access.user
    preferences = desk.preferences_of(user)
    return {
        "project": project.pk,
        "person": user.pk,
        "language": get_language(),
        "task": project.task,
        "multi": project.multi_label,
        "media": project.task,
        "answer": "multiple_choice" if project.multi_label else "single_choice",
        "image_sizes": smaller.SIZES,
        "lease_seconds": project.lease_seconds,
        "most_seconds": tally.MOST_SECONDS,
        "first": served,
        "filter_from": FILTER_FROM,
        **desk.shown_of(project, user),
        "preferences": {
            "ahead": preferences.ahead,
            "spares": preferences.spares,
            "break_minutes": preferences.break_minutes,
            "submit_at_once": preferences.submit_at_once,
            "reading_size": preferences.reading_size,
        },
        "urls": {
            "desk": reverse("label:desk", args=[project.pk]),
            "answers": f"{access.api}/annotations",
        },
        "words": desk_words.for_script(),
    }


def _scripts(config: dict[str, Any], labels: int) -> dict[str, Any]:
    """Return the scripts and styles that the page loads, by their names in `static`."""
    media, answer = config["media"], config["answer"]
    search = (LABEL_SEARCH,) if labels >= FILTER_FROM else ()
    return {
        "modules": ("shortcuts.js", *DESK_MODULES, *MEDIA_MODULES[media]),
        "styles": MEDIA_STYLES[media],
        "scripts": (*MEDIA_SCRIPTS[media], *ANSWER_SCRIPTS[answer], *search),
    }


def _help(access: Access, own_keys: desk.Keys) -> dict[str, Any]:
    """Return the keys as they are printed, on buttons and in the help."""
    is_picture = access.project.task == access.project.Task.IMAGE
    return {
        "actions": [
            (action.title, [keys.cap(key) for key in own_keys[name]])
            for name, action in keys.ACTIONS.items()
            if own_keys[name] and (is_picture or action.group != "looking")
        ],
        "conflicts": [
            (keys.cap(taken.key), taken.label, taken.action.title)
            for taken in desk.conflicts(access.user, access.project)
        ],
        "reasons": desk.SKIP_REASONS.items(),
    }


def _sure(suggestion: dict[str, Any] | None) -> str:
    if not suggestion or suggestion["confidence"] is None:
        return ""
    return _("%(share)s sure") % {"share": words.percent(suggestion["confidence"])}


def choices(
    access: Access, suggestion: dict[str, Any] | None, chosen: Sequence[Ref]
) -> list[dict[str, Any]]:
    """Return the labels as buttons, each with the key that chooses it; `suggestion` has ids."""
    suggested = suggestion["labels"] if suggestion else []
    return [
        {
            **button,
            "is_chosen": button["id"] in chosen or button["name"] in chosen,
            "is_suggested": button["id"] in suggested,
        }
        for button in naming.buttons(access.project)
    ]
