"""Shortcuts of the labelling page: actions, default keys and names."""

import unicodedata
from dataclasses import dataclass

from django.utils.functional import Promise

from annotator.i18n import shortcut_texts


@dataclass(frozen=True)
class Action:
    """An action of the labelling page; keys have the browser's names, in lower case."""

    name: str
    keys: tuple[str, ...]
    group: str

    @property
    def title(self) -> Promise:
        """Return what it does in the reader's words."""
        return shortcut_texts.ACTIONS[self.name]


GROUPS = ("deciding", "moving", "marking", "looking")

ACTIONS = {
    action.name: action
    for action in (
        Action("accept", ("Enter",), "deciding"),
        Action("skip", (" ",), "deciding"),
        Action("skip_reason", ("s",), "deciding"),
        Action("unsure", ("x",), "deciding"),
        Action("note", ("n",), "deciding"),
        Action("undo", ("z", "Backspace"), "deciding"),
        Action("back", ("ArrowLeft", "b"), "moving"),
        Action("forward", ("ArrowRight",), "moving"),
        Action("find_label", ("/",), "moving"),
        Action("guidelines", ("g",), "moving"),
        Action("summary", ("t",), "moving"),
        Action("help", ("?",), "moving"),
        Action("nothing_here", ("e",), "marking"),
        Action("accept_span", ("a",), "marking"),
        Action("reject_span", ("d",), "marking"),
        Action("same_string", ("m",), "marking"),
        Action("by_character", ("c",), "marking"),
        Action("attribute", ("v",), "marking"),
        Action("zoom_in", ("+", "="), "looking"),
        Action("zoom_out", ("-",), "looking"),
        Action("fit", ("f",), "looking"),
        Action("rotate", ("r",), "looking"),
        Action("brighter", (".",), "looking"),
        Action("darker", (",",), "looking"),
        Action("more_contrast", (">",), "looking"),
        Action("less_contrast", ("<",), "looking"),
        Action("original", ("o",), "looking"),
    )
}

# The keys that have a name in place of a sign. Tab and Escape stay with the browser, and so do
# those that scroll by a page: a long text must stay readable by keyboard.
NAMED_KEYS = shortcut_texts.KEYS
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
