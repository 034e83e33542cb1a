"""Labelling preferences of a user: keys, habits, and fields shown with an item."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.errors import Invalid
from annotator.flow.labels import naming
from annotator.flow.projects import versions
from annotator.flow.projects.shortcuts import ACTIONS, Action, cap, is_digit, understood
from annotator.models import Item, Label, Project, User

Keys = dict[str, list[str]]

MOST_KEYS = 4
READING_SIZES = {
    "s": gettext_lazy("small"),
    "m": gettext_lazy("medium"),
    "l": gettext_lazy("large"),
}
FEWEST_AHEAD, MOST_AHEAD = 1, 10
MOST_SPARES = 40
SHORTEST_BREAK, LONGEST_BREAK = 15, 240

SKIP_REASONS = {
    "unsure": gettext_lazy("I am not sure"),
    "unclear": gettext_lazy("Not covered by the guidelines"),
    "broken": gettext_lazy("Damaged or unreadable"),
    "language": gettext_lazy("A language I can't read"),
    "other": gettext_lazy("Another reason"),
}

LONGEST_SHOWN = 200
SAMPLE = 200
MOST_NAMES = 50


# Keys --------------------------------------------------------------------------------------------


def keys_of(user: User) -> Keys:
    """Return the keys of every action: the person's own, else the default ones."""
    own = _own_keys(user)
    # An action that came later may have a default that the person had given away before.
    taken = {key for keys in own.values() for key in keys}
    return {
        name: own.get(name) or [key for key in action.keys if key not in taken]
        for name, action in ACTIONS.items()
    }


def keys_for(user: User, project: Project) -> Keys:
    """Return the keys of every action in this project, without those that choose its labels."""
    letters = _letters(project)
    return {
        name: [key for key in keys if key not in letters] for name, keys in keys_of(user).items()
    }


@dataclass(frozen=True)
class Taken:
    """A key that chooses a label in a project, and so does not do what it does elsewhere."""

    action: Action
    key: str
    label: str


def conflicts(user: User, project: Project) -> list[Taken]:
    """Return the keys that labels of this project took from the person's actions."""
    letters = _letters(project)
    return [
        Taken(ACTIONS[name], key, letters[key])
        for name, keys in keys_of(user).items()
        for key in keys
        if key in letters
    ]


def _own_keys(user: User) -> Keys:
    stored = user.desk.get("keys", {})
    return {name: list(keys) for name, keys in stored.items() if name in ACTIONS}


def _letters(project: Project) -> dict[str, str]:
    return {label.hotkey: label.name for label in naming.labels_of(project) if label.hotkey}


# Preferences -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preferences:
    """A user's labelling preferences."""

    keys: Keys
    # How many items the page holds in advance, and how many it puts by for working offline.
    ahead: int = 2
    spares: int = 20
    # After so many minutes a break is suggested; 0 for never.
    break_minutes: int = 0
    # Whether the key of a label saves at once where only one may be chosen, or Enter does.
    submit_at_once: bool = True
    reading_size: str = "m"


def _is_between(least: int, most: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and least <= value <= most


_is_no_break = _is_between(0, 0)
_is_break = _is_between(SHORTEST_BREAK, LONGEST_BREAK)

RULES: dict[str, tuple[Callable[[Any], bool], Promise]] = {
    "ahead": (
        _is_between(FEWEST_AHEAD, MOST_AHEAD),
        gettext_lazy("Choose between 1 and 10 prefetched items."),
    ),
    "spares": (
        _is_between(0, MOST_SPARES),
        gettext_lazy("Choose between 0 and 40 items for the offline buffer."),
    ),
    "break_minutes": (
        lambda value: _is_no_break(value) or _is_break(value),
        gettext_lazy("Enter 0 for no reminder, or 15 to 240 minutes."),
    ),
    "submit_at_once": (
        lambda value: isinstance(value, bool),
        gettext_lazy("This must be on or off."),
    ),
    "reading_size": (
        lambda value: isinstance(value, str) and value in READING_SIZES,
        gettext_lazy("The size must be small, medium or large."),
    ),
}


def preferences_of(user: User) -> Preferences:
    """Return the user's preferences, with defaults for the rest."""
    said = {name: user.desk[name] for name in RULES if name in user.desk}
    return Preferences(keys=keys_of(user), **said)


def habits_of(user: User) -> dict[str, Any]:
    """Return the preferences that are no keys."""
    now = preferences_of(user)
    return {name: getattr(now, name) for name in RULES}


@transaction.atomic
def change_preferences(
    user: User,
    *,
    keys: dict[str, str | list[str]] | None = None,
    loaded: versions.Stamps | None = None,
    **habits: Any,
) -> Preferences:
    """Store the given keys and habits; nothing is changed when one of them is wrong.

    With the stamps of what a form had loaded, only the habits that were changed in it.
    """
    _read_again(user)
    habits = versions.merge(habits, loaded or {}, habits_of(user))
    wished, errors = _understood(keys or {})
    errors += _doubles(user, wished) + _on_labels(user, wished) + _against_rules(habits)
    if errors:
        raise Invalid(errors[0]["code"], errors[0]["detail"], errors=errors)
    _store(user, {**_own_keys(user), **wished}, {**user.desk, **habits})
    return preferences_of(user)


@transaction.atomic
def reset_keys(user: User) -> None:
    """Give every action its default keys again."""
    _read_again(user)
    _store(user, {}, user.desk)


def _read_again(user: User) -> None:
    """Lock the person's row and take what is there now: another tab may have changed it."""
    user.desk = User.objects.select_for_update().get(pk=user.pk).desk


def _understood(given: dict[str, str | list[str]]) -> tuple[Keys, list[dict[str, str]]]:
    """Return the keys as browsers name them, and what cannot be understood."""
    wished: Keys = {}
    errors = []
    for name, texts in given.items():
        try:
            wished[name] = _read(name, [texts] if isinstance(texts, str) else texts)
        except Invalid as refusal:
            errors += refusal.errors
    return wished, errors


def _read(name: str, texts: list[str]) -> list[str]:
    if name not in ACTIONS:
        words = _("Unknown action %s.") % name
        raise Invalid("unknown_action", words, field=name)
    if not isinstance(texts, list) or not 1 <= len(texts) <= MOST_KEYS:
        words = _("An action needs between 1 and %d keys.") % MOST_KEYS
        raise Invalid("key_count", words, field=name)
    read = [understood(text) if isinstance(text, str) else None for text in texts]
    if None in read:
        words = _(
            "This isn't a key. Press the key here, or type one character, Space, Enter or Left."
        )
        raise Invalid("no_key", words, field=name)
    if any(is_digit(key) for key in read if key):
        words = _("Digits choose labels. Use a letter or a symbol.")
        raise Invalid("digit", words, field=name)
    return list(dict.fromkeys(key for key in read if key))


def _doubles(user: User, wished: Keys) -> list[dict[str, str]]:
    """Return a refusal for each action that would share a key with another one."""
    merged = keys_of(user) | wished
    errors = []
    for name, keys in wished.items():
        for key in keys:
            other = next((each for each in merged if each != name and key in merged[each]), None)
            if other:
                words = _(
                    "%(key)s is already the key for “%(other)s”. Choose another key, or change "
                    "both."
                )
                given = {"key": cap(key), "other": ACTIONS[other].title}
                errors.append(_error(name, "key_twice", words % given))
    return errors


def _on_labels(user: User, wished: Keys) -> list[dict[str, str]]:
    """Return a refusal for each new key that chooses a label in one of the person's projects."""
    now = keys_of(user)
    # What they have already, and the defaults, give way to labels in silence; see `keys_for`.
    new = {
        key: name
        for name, keys in wished.items()
        for key in keys
        if key not in (*now[name], *ACTIONS[name].keys)
    }
    labels = Label.objects.filter(
        hotkey__in=list(new), project__deleted_at=None, project__memberships__user=user
    )
    named = {each.hotkey: each for each in labels.select_related("project").order_by("-pk")}
    words = _(
        "%(key)s chooses the label “%(label)s” in the project “%(project)s”. Choose another key."
    )
    return [
        _error(
            new[key],
            "key_of_a_label",
            words % {"key": cap(key), "label": label.name, "project": label.project.name},
        )
        for key, label in named.items()
    ]


def _against_rules(habits: dict[str, Any]) -> list[dict[str, str]]:
    errors = []
    for name, value in habits.items():
        if name not in RULES:
            words = _("Unknown setting %s.") % name
            errors.append(_error(name, "unknown_field", words))
        elif not RULES[name][0](value):
            errors.append(_error(name, "invalid", str(RULES[name][1])))
    return errors


def _error(field: str, code: str, detail: str) -> dict[str, str]:
    return {"field": field, "code": code, "detail": detail}


def _store(user: User, keys: Keys, habits: dict[str, Any]) -> None:
    """Keep what differs from the default."""
    own = {name: given for name, given in keys.items() if given != list(ACTIONS[name].keys)}
    user.desk = {
        name: habits[name]
        for name in RULES
        if name in habits and habits[name] != getattr(Preferences, name)
    }
    if own:
        user.desk["keys"] = own
    user.save(update_fields=["desk"])


# What is shown with an item ----------------------------------------------------------------------


def shown_of(project: Project, user: User) -> dict[str, Any]:
    """Return the project data that a window shows beside items, with its `version`."""
    own_keys = keys_for(user, project)
    return {
        "version": naming.version(project),
        "labels": naming.buttons(project),
        "guidelines": project.guidelines,
        "fields": project.shown_fields,
        "keys": own_keys,
        # As they are printed on buttons.
        "caps": {name: cap(each[0]) for name, each in own_keys.items() if each},
    }


def shown(project: Project, item: Item) -> list[tuple[str, str]]:
    """Return the fields that the lead wants to be seen, each with its value as a short text."""
    values = ((name, item.meta.get(name)) for name in project.shown_fields)
    return [(name, _short(value)) for name, value in values if value not in (None, "", [], {})]


def field_names(project: Project) -> list[str]:
    """Return the names of the fields that the first items have."""
    items = Item.objects.filter(project=project).order_by("position")
    metas: Iterable[dict[str, Any]] = items.values_list("meta", flat=True)[:SAMPLE]
    return list(dict.fromkeys(name for meta in metas for name in meta))[:MOST_NAMES]


def _short(value: Any) -> str:
    text = " ".join(_words(value).split())
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and not any(isinstance(each, (list, dict)) for each in value):
        return ", ".join(_words(each) for each in value if each is not None)
    return json.dumps(value, ensure_ascii=False)
