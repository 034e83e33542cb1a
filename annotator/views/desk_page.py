"""What the desk's page is made of: the item, its labels, and all that its script has to know."""

import uuid
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from annotator.flow import desk, keys, monitor, own, queue
from annotator.models import Label, Lease
from annotator.views import desk_words, words
from annotator.views.access import Access

FILTER_FROM = 11
DIGITS = "1234567890"


def context(
    access: Access, lease: Lease | None, *, problem: str = "", chosen: list[str] | None = None
) -> dict[str, Any]:
    """Return what the desk shows: the item with its labels, or why there is none."""
    served = None if lease is None else queue.served(lease)
    suggestion = served["suggestion"] if served else None
    counts = own.counts(access.project, access.user)
    config = _config(access, served)
    return {
        "access": access,
        "problem": problem,
        "served": served,
        "config": config,
        "client_id": uuid.uuid4(),
        "choices": choices(access, suggestion, chosen or []),
        "sure": _sure(suggestion),
        "shown": desk.shown(access.project, lease.item) if lease else [],
        "filter_from": FILTER_FROM,
        "empty": "" if lease else monitor.why_empty(access.project, access.user),
        "counts": counts,
        "labelled_words": desk_words.labelled(counts),
        "mine_words": desk_words.mine(counts),
        **_help(access, config["keys"]),
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
        "lease_seconds": project.lease_seconds,
        "fields": project.shown_fields,
        "first": served,
        "keys": desk.keys_for(user, project),
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


def _help(access: Access, own_keys: desk.Keys) -> dict[str, Any]:
    """Return the keys as they are printed, on buttons and in the help."""
    is_picture = access.project.task == access.project.Task.IMAGE
    return {
        "caps": {name: keys.cap(each[0]) for name, each in own_keys.items() if each},
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
    access: Access, suggestion: dict[str, Any] | None, chosen: list[str]
) -> list[dict[str, Any]]:
    """Return the labels as buttons, each with the key that chooses it."""
    labels = list(access.project.labels.all())
    suggested = suggestion["labels"] if suggestion else []
    return [
        {
            "name": label.name,
            "description": label.description,
            "examples": label.examples.splitlines(),
            "key": key,
            "is_chosen": label.name in chosen,
            "is_suggested": label.name in suggested,
        }
        for label, key in zip(labels, _keys(labels), strict=True)
    ]


def _keys(labels: list[Label]) -> list[str]:
    """Return each label's own key, else its digit as long as nobody else has that one."""
    own_keys = {label.hotkey for label in labels}
    digits = ["" if digit in own_keys else digit for digit in DIGITS] + [""] * len(labels)
    return [label.hotkey or digit for label, digit in zip(labels, digits, strict=False)]
