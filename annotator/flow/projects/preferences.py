"""Labelling preferences of a user: keys, habits, and fields shown with an item."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from annotator.errors import Invalid
from annotator.flow.labels import naming
from annotator.flow.projects import versions
from annotator.flow.projects.shortcuts import ACTIONS, Action, cap, is_digit, understood
from annotator.models import Item, Label, Project, User

Keys = dict[str, list[str]]

MOST_KEYS = 4
READING_SIZES = ("s", "m", "l")
FEWEST_AHEAD, MOST_AHEAD = 1, 10
MOST_SPARES = 40
SHORTEST_BREAK, LONGEST_BREAK = 15, 240

SAMPLE = 200
MOST_NAMES = 50


# Keys --------------------------------------------------------------------------------------------


def keys_of(user: User) -> Keys:
    """Return the keys of every action: the user's own, else the defaults."""
    own = _own_keys(user)
    # A newer action may have a default key that the user has assigned elsewhere before.
    taken = {key for keys in own.values() for key in keys}
    return {
        name: own.get(name) or [key for key in action.keys if key not in taken]
        for name, action in ACTIONS.items()
    }


def keys_for(user: User, project: Project) -> Keys:
    """Return the keys of every action in this project, without those that its labels use."""
    letters = _letters(project)
    return {
        name: [key for key in keys if key not in letters] for name, keys in keys_of(user).items()
    }


@dataclass(frozen=True)
class Taken:
    """A key that chooses a label in a project, and so not its usual action."""

    action: Action
    key: str
    label: str


def conflicts(user: User, project: Project) -> list[Taken]:
    """Return the keys that labels of this project override."""
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
    return {label.hotkey: label.name for label in naming.offered(project) if label.hotkey}


# Preferences -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preferences:
    """A user's labelling preferences."""

    keys: Keys
    # How many items the window prefetches, and how many its offline buffer holds.
    ahead: int = 2
    spares: int = 20
    # Suggest a break after this many minutes; 0 for never.
    break_minutes: int = 0
    # Whether a label's key saves at once in single choice, or Enter does.
    submit_at_once: bool = True
    reading_size: str = "m"
    # Whether pictures stand on a dark ground, also on a light page.
    dark_surround: bool = False


def _is_between(least: int, most: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and least <= value <= most


_is_no_break = _is_between(0, 0)
_is_break = _is_between(SHORTEST_BREAK, LONGEST_BREAK)

RULES: dict[str, Callable[[Any], bool]] = {
    "ahead": _is_between(FEWEST_AHEAD, MOST_AHEAD),
    "spares": _is_between(0, MOST_SPARES),
    "break_minutes": lambda value: _is_no_break(value) or _is_break(value),
    "submit_at_once": lambda value: isinstance(value, bool),
    "reading_size": lambda value: isinstance(value, str) and value in READING_SIZES,
    "dark_surround": lambda value: isinstance(value, bool),
}


def preferences_of(user: User) -> Preferences:
    """Return the user's preferences, with defaults for the rest."""
    said = {name: user.desk[name] for name in RULES if name in user.desk}
    return Preferences(keys=keys_of(user), **said)


def habits_of(user: User) -> dict[str, Any]:
    """Return the preferences other than keys."""
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
    """Store the given keys and habits: all, or none if one is invalid.

    With the stamps of a loaded form, only the habits changed in it.
    """
    _read_again(user)
    habits = versions.merge(habits, loaded or {}, habits_of(user))
    wished, refused = _understood(keys or {})
    refused += _doubles(user, wished) + _on_labels(user, wished) + _against_rules(habits)
    if refused:
        raise _together(refused)
    _store(user, {**_own_keys(user), **wished}, {**user.desk, **habits})
    return preferences_of(user)


@transaction.atomic
def reset_keys(user: User) -> None:
    """Reset all actions to their default keys."""
    _read_again(user)
    _store(user, {}, user.desk)


def _read_again(user: User) -> None:
    """Lock the user's row and read it again: another tab may have changed it."""
    user.desk = User.objects.select_for_update().get(pk=user.pk).desk


def _together(refused: list[Invalid]) -> Invalid:
    """Return one refusal with the errors of all; its own code and words are those of the first."""
    errors = [error for each in refused for error in each.errors]
    return Invalid(refused[0].code, detail=refused[0].detail, errors=errors)


def _understood(given: dict[str, str | list[str]]) -> tuple[Keys, list[Invalid]]:
    """Return the keys as browsers name them, and what cannot be understood."""
    wished: Keys = {}
    refused = []
    for name, texts in given.items():
        try:
            wished[name] = _read(name, [texts] if isinstance(texts, str) else texts)
        except Invalid as refusal:
            refused.append(refusal)
    return wished, refused


def _read(name: str, texts: list[str]) -> list[str]:
    if name not in ACTIONS:
        raise Invalid("unknown_action", field=name, name=name)
    if not isinstance(texts, list) or not 1 <= len(texts) <= MOST_KEYS:
        raise Invalid("key_count", field=name, most=MOST_KEYS)
    read = [understood(text) if isinstance(text, str) else None for text in texts]
    if None in read:
        raise Invalid("no_key", field=name)
    if any(is_digit(key) for key in read if key):
        raise Invalid("digit", field=name)
    return list(dict.fromkeys(key for key in read if key))


def _doubles(user: User, wished: Keys) -> list[Invalid]:
    """Return a refusal for each action that would share a key with another one."""
    merged = keys_of(user) | wished
    refused = []
    for name, keys in wished.items():
        for key in keys:
            other = next((each for each in merged if each != name and key in merged[each]), None)
            if other:
                title = ACTIONS[other].title
                refused.append(Invalid("key_twice", field=name, key=cap(key), other=title))
    return refused


def _on_labels(user: User, wished: Keys) -> list[Invalid]:
    """Return a refusal for each new key that chooses a label in one of the person's projects."""
    now = keys_of(user)
    # Existing keys and defaults are overridden by labels without an error; see `keys_for`.
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
    return [
        Invalid(
            "key_of_a_label",
            field=new[key],
            key=cap(key),
            label=label.name,
            project=label.project.name,
        )
        for key, label in named.items()
    ]


def _against_rules(habits: dict[str, Any]) -> list[Invalid]:
    refused = []
    for name, value in habits.items():
        if name not in RULES:
            refused.append(Invalid("unknown_field", field=name, name=name))
        elif not RULES[name](value):
            refused.append(Invalid("invalid", field=name))
    return refused


def _store(user: User, keys: Keys, habits: dict[str, Any]) -> None:
    """Store the differences from the defaults."""
    own = {name: given for name, given in keys.items() if given != list(ACTIONS[name].keys)}
    user.desk = {
        name: habits[name]
        for name in RULES
        if name in habits and habits[name] != getattr(Preferences, name)
    }
    if own:
        user.desk["keys"] = own
    user.save(update_fields=["desk"])


# Metadata shown with an item ----------------------------------------------------------------------


def shown_of(project: Project, user: User) -> dict[str, Any]:
    """Return the project data that a window shows beside items, with its `version`."""
    own_keys = keys_for(user, project)
    return {
        "version": naming.version(project),
        "labels": naming.buttons(project),
        "guidelines": project.guidelines,
        "guidelines_number": project.guidelines_number,
        "fields": project.shown_fields,
        "keys": own_keys,
        # As they are printed on buttons.
        "caps": {name: cap(each[0]) for name, each in own_keys.items() if each},
    }


def shown(project: Project, item: Item) -> list[tuple[str, Any]]:
    """Return the fields that the lead wants to be seen, each with its value, if it has one."""
    values = ((name, item.meta.get(name)) for name in project.shown_fields)
    return [(name, value) for name, value in values if value not in (None, "", [], {})]


def field_names(project: Project) -> list[str]:
    """Return the field names of the first items."""
    items = Item.objects.present(project).order_by("position")
    metas: Iterable[dict[str, Any]] = items.values_list("meta", flat=True)[:SAMPLE]
    return list(dict.fromkeys(name for meta in metas for name in meta))[:MOST_NAMES]
