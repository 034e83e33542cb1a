"""Shortcuts of the labelling page: actions, default keys and names."""

import unicodedata
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy


@dataclass(frozen=True)
class Action:
    """An action of the labelling page; keys have the browser's names, in lower case."""

    name: str
    keys: tuple[str, ...]
    title: Promise
    group: str


GROUPS = {
    "deciding": gettext_lazy("Labelling"),
    "moving": gettext_lazy("Navigation"),
    "looking": gettext_lazy("Images"),
}

ACTIONS = {
    action.name: action
    for action in (
        Action("accept", ("Enter",), gettext_lazy("save, or accept the suggestion"), "deciding"),
        Action("skip", (" ",), gettext_lazy("skip"), "deciding"),
        Action("skip_reason", ("s",), gettext_lazy("skip with a reason"), "deciding"),
        Action("unsure", ("x",), gettext_lazy("mark as not sure"), "deciding"),
        Action("note", ("n",), gettext_lazy("write a note"), "deciding"),
        Action("undo", ("z", "Backspace"), gettext_lazy("undo the last one"), "deciding"),
        Action("back", ("ArrowLeft",), gettext_lazy("previous item"), "moving"),
        Action("forward", ("ArrowRight",), gettext_lazy("next item"), "moving"),
        Action("find_label", ("/",), gettext_lazy("find a label"), "moving"),
        Action("guidelines", ("g",), gettext_lazy("guidelines"), "moving"),
        Action("summary", ("t",), gettext_lazy("today's totals"), "moving"),
        Action("help", ("?",), gettext_lazy("keyboard shortcuts"), "moving"),
        Action("zoom_in", ("+", "="), gettext_lazy("zoom in"), "looking"),
        Action("zoom_out", ("-",), gettext_lazy("zoom out"), "looking"),
        Action("fit", ("f",), gettext_lazy("fit to window"), "looking"),
        Action("rotate", ("r",), gettext_lazy("rotate"), "looking"),
        Action("brighter", (".",), gettext_lazy("brighter"), "looking"),
        Action("darker", (",",), gettext_lazy("darker"), "looking"),
        Action("more_contrast", (">",), gettext_lazy("more contrast"), "looking"),
        Action("less_contrast", ("<",), gettext_lazy("less contrast"), "looking"),
        Action("original", ("o",), gettext_lazy("original image"), "looking"),
    )
}

# Keys with a name instead of a character. Tab and Escape stay with the browser, as do those that
# scroll by a page: a long text must stay readable by keyboard.
NAMED_KEYS = {
    " ": pgettext_lazy("key", "Space"),
    "Enter": pgettext_lazy("key", "Enter"),
    "Backspace": pgettext_lazy("key", "Backspace"),
    "Delete": pgettext_lazy("key", "Delete"),
    "Insert": pgettext_lazy("key", "Insert"),
    "ArrowLeft": pgettext_lazy("key", "Left"),
    "ArrowRight": pgettext_lazy("key", "Right"),
    "ArrowUp": pgettext_lazy("key", "Up"),
    "ArrowDown": pgettext_lazy("key", "Down"),
}
CAPS = {"Backspace": "⌫", "ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓"}

# Help and the label search must have a key in every project.
NEVER_LABELS = "?/"


def cap(key: str) -> str:
    """Return the text on a key cap."""
    if key in NAMED_KEYS:
        return CAPS.get(key) or str(NAMED_KEYS[key])
    large = key.upper()
    return large if len(large) == 1 else key


def understood(text: str) -> str | None:
    """Return the key that a text names by character, cap or name, if it names one."""
    if text in NAMED_KEYS:
        return text
    typed = text.strip()
    for key, words in NAMED_KEYS.items():
        if typed.casefold() in {key.casefold(), str(words).casefold(), CAPS.get(key)}:
            return key
    sign = unicodedata.normalize("NFC", typed).lower()
    return sign if _is_sign(sign) else None


def is_digit(key: str) -> bool:
    """Return whether this key chooses a label by position, in any script's digits."""
    return len(key) == 1 and key.isdigit()


def may_be_labels(key: str) -> bool:
    """Return whether a label may have this key: one visible character, or an ASCII digit."""
    if key in NEVER_LABELS or not _is_sign(key):
        return False
    return key.isascii() or not is_digit(key)


def _is_sign(key: str) -> bool:
    return len(key) == 1 and key.isprintable() and not key.isspace()
