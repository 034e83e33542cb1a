"""One reading of keys for all pages: what a press means on keyboards of all kinds."""

import pytest
from django.urls import reverse

from tests.views.in_browser import MARKS, sign_in

pytestmark = MARKS

LABELS = ["1", "2", "6", "a", "é", "ж", "@"]
ACTIONS = ["Enter", " ", "z", "s", "/", "?", "-", ".", "<", "f"]
FIND = """async ({ labels, actions, press }) => {
  const { find } = await import("/static/shortcuts.js");
  const { altGraph, ...rest } = press;
  const event = new KeyboardEvent("keydown", { ...rest, modifierAltGraph: Boolean(altGraph) });
  const at = (kind, keys) => (key) => (keys.includes(key) ? `${kind} ${key}` : null);
  return find(event, at("label", labels), at("action", actions));
}"""

PRESSES = [
    # American, and what Caps Lock and Shift make of it.
    ({"key": "1", "code": "Digit1"}, "label 1"),
    ({"key": "!", "code": "Digit1", "shiftKey": True}, None),
    ({"key": "A", "code": "KeyA"}, "label a"),
    ({"key": "Z", "code": "KeyZ", "shiftKey": True}, "action z"),
    ({"key": "?", "code": "Slash", "shiftKey": True}, "action ?"),
    ({"key": "1", "code": "Numpad1"}, "label 1"),
    ({"key": "End", "code": "Numpad1"}, None),
    # AZERTY: digits are under Shift, letters elsewhere.
    ({"key": "&", "code": "Digit1"}, "label 1"),
    ({"key": "1", "code": "Digit1", "shiftKey": True}, "label 1"),
    ({"key": "é", "code": "Digit2"}, "label é"),
    ({"key": "-", "code": "Digit6"}, "label 6"),
    ({"key": "a", "code": "KeyQ"}, "label a"),
    ({"key": "q", "code": "KeyA"}, None),
    ({"key": "z", "code": "KeyW"}, "action z"),
    # Czech, where a dead key may stand in the upper row.
    ({"key": "ě", "code": "Digit2"}, "label 2"),
    ({"key": "Dead", "code": "Digit1"}, "label 1"),
    # Dvorak: every letter can be typed, so places count for nothing.
    ({"key": "o", "code": "KeyS"}, None),
    ({"key": "s", "code": "Semicolon"}, "action s"),
    ({"key": "'", "code": "KeyQ"}, None),
    ({"key": "a", "code": "KeyA"}, "label a"),
    # QWERTZ.
    ({"key": "z", "code": "KeyY"}, "action z"),
    ({"key": "/", "code": "Digit7", "shiftKey": True}, "action /"),
    # Cyrillic, Greek, Hebrew, Arabic, Thai, Korean.
    ({"key": "ф", "code": "KeyA"}, "label a"),
    ({"key": "Я", "code": "KeyZ", "shiftKey": True}, "action z"),
    ({"key": "ж", "code": "Semicolon"}, "label ж"),
    ({"key": "ю", "code": "Period"}, "action ."),
    ({"key": "Б", "code": "Comma", "shiftKey": True}, "action <"),
    ({"key": "?", "code": "Digit7", "shiftKey": True}, "action ?"),
    ({"key": "α", "code": "KeyA"}, "label a"),
    ({"key": "ש", "code": "KeyA"}, "label a"),
    ({"key": "١", "code": "Digit1"}, "label 1"),
    ({"key": "۲", "code": "Numpad2"}, "label 2"),
    ({"key": "ๅ", "code": "Digit1"}, "label 1"),
    ({"key": "ㅁ", "code": "KeyA"}, "label a"),
    # With AltGr a key is what it types, and nothing else.
    ({"key": "@", "code": "KeyQ", "altGraph": True}, "label @"),
    ({"key": "@", "code": "KeyQ", "altGraph": True, "ctrlKey": True, "altKey": True}, "label @"),
    ({"key": "~", "code": "Digit2", "altGraph": True}, None),
    ({"key": "1", "code": "Digit1", "altGraph": True}, None),
    ({"key": "€", "code": "KeyA", "altGraph": True}, None),
    # What is not for the page.
    ({"key": "1", "code": "Digit1", "ctrlKey": True}, None),
    ({"key": "1", "code": "Digit1", "altKey": True}, None),
    ({"key": "1", "code": "Digit1", "metaKey": True}, None),
    ({"key": "a", "code": "KeyA", "isComposing": True}, None),
    ({"key": "Process", "code": "KeyA"}, None),
    ({"key": "Unidentified", "code": "Digit1"}, None),
    ({"key": "", "code": ""}, None),
    ({"key": "Enter", "code": "NumpadEnter"}, "action Enter"),
    ({"key": " ", "code": "Space"}, "action  "),
]


@pytest.fixture
def keys_page(page, context, live_server, ana):
    sign_in(context, live_server, ana)
    page.goto(live_server.url + reverse("desk_preferences"))
    return page


def test_press_means_what_it_types_else_its_place(keys_page):
    wrong = {}
    for press, meant in PRESSES:
        asked = {"labels": LABELS, "actions": ACTIONS, "press": press}
        found = keys_page.evaluate(FIND, asked)
        if found != meant:
            wrong[str(press)] = found
    assert wrong == {}


def test_place_gives_way_to_a_letter_that_is_somebodys_own_key(keys_page):
    asked = {"labels": ["2"], "actions": ["č"], "press": {"key": "č", "code": "Digit2"}}
    assert keys_page.evaluate(FIND, asked) == "action č"
    asked["actions"] = []
    assert keys_page.evaluate(FIND, asked) == "label 2"


@pytest.mark.parametrize(
    ("press", "stored"),
    [
        ({"key": "ф", "code": "KeyA"}, "Ф"),
        ({"key": "&", "code": "Digit1"}, "1"),
        ({"key": "o", "code": "KeyS"}, "O"),
        ({"key": "Process", "code": "KeyA"}, ""),
    ],
)
def test_fields_store_the_key_that_the_desk_will_read(keys_page, press, stored):
    field = keys_page.get_by_label("Skip", exact=True)
    field.evaluate(
        "(field, press) => field.dispatchEvent("
        "new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...press }))",
        press,
    )
    assert field.input_value() == stored
