"""Context of the labelling page: the item, its labels, and the configuration of its script."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from annotator.flow.annotation import history
from annotator.flow.labels import naming
from annotator.flow.labels.naming import Ref
from annotator.flow.progress import daily_counts
from annotator.flow.progress.stopping import find_pause
from annotator.flow.projects import guidelines, shortcuts
from annotator.flow.projects import preferences as desk_preferences
from annotator.flow.queue import payload
from annotator.formats import markdown
from annotator.messages import labelling, stopping
from annotator.models import Lease
from annotator.projectsettings.marking import mark_rules
from annotator.storage import thumbnails
from annotator.tasktypes.marks import labels_of
from annotator.views import number_format
from annotator.views.access import Access
from annotator.views.labelling import item_fields, messages

FILTER_FROM = 11

# The scripts of a labelling page: common modules, and those of the medium and the answer.
DESK_MODULES = tuple(
    f"labelling/{name}.js" for name in ("decisions", "input", "registry", "state", "sync", "view")
)
LABEL_SEARCH_ACTION = "find_label"
LABEL_SEARCH = "answers/label_search.js"


def context(
    access: Access, lease: Lease | None, *, problem: str = "", chosen: Sequence[Ref] = ()
) -> dict[str, Any]:
    """Return the context of the labelling page: the item with its labels, or why there is none."""
    served = None if lease is None else payload.lease_payload(lease)
    suggestion = payload.shown_suggestion(lease) if lease else None
    counts = history.counts(access.project, access.user)
    pause = find_pause(access.project)
    config = _config(access, None if lease is None else payload.desk_payload(lease))
    buttons = choices(access, suggestion, chosen)
    return {
        "access": access,
        "problem": problem,
        "served": served,
        "config": config,
        "client_id": uuid.uuid4(),
        "choices": buttons,
        "sure": _sure(suggestion),
        "suggested": _suggested(access, served),
        "shown": item_fields.fields(access.project, lease.item) if lease else [],
        "name_of_item": messages.name_of(served["item"]) if served else "",
        "redo": messages.redo(served["redo"]) if served and "redo" in served else "",
        "filter_from": FILTER_FROM,
        "empty": "" if lease else labelling.why_empty(access.project, pause),
        "paused": stopping.pause_payload(pause),
        "counts": counts,
        "labelled_words": messages.labelled(counts),
        "mine_words": messages.mine(counts),
        "caps": config["caps"],
        "guidelines": markdown.rendered(access.project.pk, access.project.guidelines),
        "news": guidelines.news(access.project),
        **_help(access, config["keys"], buttons),
        **_scripts(access, len(buttons)),
    }


def context_of_tab(access: Access, lease: Lease, tab: str) -> dict[str, Any]:
    """Return the context of the labelling page for a tab that is reloading.

    The script shows the item once it knows that it runs in this tab: the response may also go to a
    window opened at the same moment.
    """
    shown = context(access, lease)
    shown["config"]["tab"] = tab
    blank = {"lease": lease.pk, "item": {}, "suggestion": None, "why": None}
    empty = {"sure": "", "suggested": "", "shown": [], "name_of_item": "", "redo": ""}
    return {**shown, "served": blank, **empty}


def _config(access: Access, served: dict[str, Any] | None) -> dict[str, Any]:
    """Return the configuration of the labelling script."""
    project, user = access.project, access.user
    preferences = desk_preferences.preferences_of(user)
    return {
        "project": project.pk,
        "person": user.pk,
        "language": get_language(),
        "media": access.type.media.name,
        "answer": access.type.answer.name,
        **mark_rules(project)._asdict(),
        "image_sizes": thumbnails.SIZES,
        "lease_seconds": project.lease_seconds,
        "most_seconds": daily_counts.MOST_SECONDS,
        "first": served,
        "filter_from": FILTER_FROM,
        **desk_preferences.shown_of(project, user),
        "guidelines_unread": guidelines.is_unread(project),
        "preferences": {
            "ahead": preferences.ahead,
            "spares": preferences.spares,
            "break_minutes": preferences.break_minutes,
            "submit_at_once": preferences.submit_at_once,
            "reading_size": preferences.reading_size,
            "dark_surround": preferences.dark_surround,
        },
        "urls": {
            "desk": reverse("label:desk", args=[project.pk]),
            "answers": f"{access.api}/annotations",
            "guidelines": reverse("confirm_guidelines", args=[project.pk]),
        },
        "words": messages.for_script(),
    }


def _scripts(access: Access, labels: int) -> dict[str, Any]:
    """Return the scripts and the style sheet of the page, by static file name."""
    media, answer = access.type.media, access.type.answer
    search = (LABEL_SEARCH,) if labels >= FILTER_FROM else ()
    return {
        "modules": ("shortcuts.js", *DESK_MODULES, *media.modules, *answer.modules),
        "style": access.type.style,
        "scripts": (*media.scripts, *answer.scripts, *search),
    }


def _help(
    access: Access, own_keys: desk_preferences.Keys, buttons: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the keys as printed on buttons and in the help: those that do something here."""
    groups = access.type.key_groups
    has_search = len(buttons) >= FILTER_FROM
    return {
        "actions": [
            (action.title, [shortcuts.cap(key) for key in own_keys[name]])
            for name, action in shortcuts.ACTIONS.items()
            if own_keys[name]
            and action.group in groups
            and (has_search or name != LABEL_SEARCH_ACTION)
        ],
        "label_keys": [shortcuts.cap(each["key"]) for each in buttons if each["key"]],
        "has_digits": any(each["key"].isdigit() for each in buttons if each["key"]),
        "conflicts": [
            (shortcuts.cap(taken.key), taken.label, taken.action.title)
            for taken in desk_preferences.conflicts(access.user, access.project)
            if taken.action.group in groups
        ],
        "reasons": messages.SKIP_REASONS.items(),
    }


def _suggested(access: Access, served: dict[str, Any] | None) -> str:
    suggestion = served and served["suggestion"]
    return ", ".join(access.type.answer.titles_of(suggestion["labels"])) if suggestion else ""


def _sure(suggestion: dict[str, Any] | None) -> str:
    if payload.is_of_label_texts(suggestion):
        return messages.from_label_texts()
    if not suggestion or suggestion["confidence"] is None:
        return ""
    return _("%(share)s confidence") % {"share": number_format.percent(suggestion["confidence"])}


def choices(
    access: Access, suggestion: dict[str, Any] | None, chosen: Sequence[Ref]
) -> list[dict[str, Any]]:
    """Return the labels as buttons, each with its key; `suggestion` has ids."""
    suggested = labels_of(suggestion["labels"]) if suggestion else []
    answer = access.type.answer
    return [
        {
            **button,
            "title": answer.title(button["name"]),
            "is_chosen": button["id"] in chosen or button["name"] in chosen,
            "is_suggested": button["id"] in suggested,
        }
        for button in naming.buttons(access.project)
    ]
