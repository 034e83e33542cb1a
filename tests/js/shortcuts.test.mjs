// One reading of keys for all pages: what a press means on keyboards of all kinds.

import assert from "node:assert/strict";
import test from "node:test";
import { find, nameOf } from "../../static/shortcuts.js";

const LABELS = ["1", "2", "6", "a", "é", "ж", "@"];
const ACTIONS = ["Enter", " ", "z", "s", "/", "?", "-", ".", "<", "f"];

const PRESSES = [
  // American, and what Caps Lock and Shift make of it.
  [{ key: "1", code: "Digit1" }, "label 1"],
  [{ key: "!", code: "Digit1", shiftKey: true }, null],
  [{ key: "A", code: "KeyA" }, "label a"],
  [{ key: "Z", code: "KeyZ", shiftKey: true }, "action z"],
  [{ key: "?", code: "Slash", shiftKey: true }, "action ?"],
  [{ key: "1", code: "Numpad1" }, "label 1"],
  [{ key: "End", code: "Numpad1" }, null],
  // AZERTY: digits are under Shift, letters elsewhere.
  [{ key: "&", code: "Digit1" }, "label 1"],
  [{ key: "1", code: "Digit1", shiftKey: true }, "label 1"],
  [{ key: "é", code: "Digit2" }, "label é"],
  [{ key: "-", code: "Digit6" }, "label 6"],
  [{ key: "a", code: "KeyQ" }, "label a"],
  [{ key: "q", code: "KeyA" }, null],
  [{ key: "z", code: "KeyW" }, "action z"],
  // Czech, where a dead key may stand in the upper row.
  [{ key: "ě", code: "Digit2" }, "label 2"],
  [{ key: "Dead", code: "Digit1" }, "label 1"],
  // Dvorak: every letter can be typed, so places count for nothing.
  [{ key: "o", code: "KeyS" }, null],
  [{ key: "s", code: "Semicolon" }, "action s"],
  [{ key: "'", code: "KeyQ" }, null],
  [{ key: "a", code: "KeyA" }, "label a"],
  // QWERTZ.
  [{ key: "z", code: "KeyY" }, "action z"],
  [{ key: "/", code: "Digit7", shiftKey: true }, "action /"],
  // Cyrillic, Greek, Hebrew, Arabic, Thai, Korean.
  [{ key: "ф", code: "KeyA" }, "label a"],
  [{ key: "Я", code: "KeyZ", shiftKey: true }, "action z"],
  [{ key: "ж", code: "Semicolon" }, "label ж"],
  [{ key: "ю", code: "Period" }, "action ."],
  [{ key: "Б", code: "Comma", shiftKey: true }, "action <"],
  [{ key: "?", code: "Digit7", shiftKey: true }, "action ?"],
  [{ key: "α", code: "KeyA" }, "label a"],
  [{ key: "ש", code: "KeyA" }, "label a"],
  [{ key: "١", code: "Digit1" }, "label 1"],
  [{ key: "۲", code: "Numpad2" }, "label 2"],
  [{ key: "ๅ", code: "Digit1" }, "label 1"],
  [{ key: "ㅁ", code: "KeyA" }, "label a"],
  // With AltGr a key is what it types, and nothing else.
  [{ key: "@", code: "KeyQ", altGraph: true }, "label @"],
  [{ key: "@", code: "KeyQ", altGraph: true, ctrlKey: true, altKey: true }, "label @"],
  [{ key: "~", code: "Digit2", altGraph: true }, null],
  [{ key: "1", code: "Digit1", altGraph: true }, null],
  [{ key: "€", code: "KeyA", altGraph: true }, null],
  // What is not for the page.
  [{ key: "1", code: "Digit1", ctrlKey: true }, null],
  [{ key: "1", code: "Digit1", altKey: true }, null],
  [{ key: "1", code: "Digit1", metaKey: true }, null],
  [{ key: "a", code: "KeyA", isComposing: true }, null],
  [{ key: "Process", code: "KeyA" }, null],
  [{ key: "Unidentified", code: "Digit1" }, null],
  [{ key: "", code: "" }, null],
  [{ key: "Enter", code: "NumpadEnter" }, "action Enter"],
  [{ key: " ", code: "Space" }, "action  "],
];

const event = ({ altGraph = false, ...press }) => ({
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  isComposing: false,
  ...press,
  getModifierState: (name) => name === "AltGraph" && altGraph,
});

const meaning = (press, labels, actions) => {
  const at = (kind, keys) => (key) => (keys.includes(key) ? `${kind} ${key}` : null);
  return find(event(press), at("label", labels), at("action", actions));
};

for (const [press, meant] of PRESSES) {
  test(`${JSON.stringify(press)} means ${meant}`, () => assert.equal(meaning(press, LABELS, ACTIONS), meant));
}

test("a place gives way to a letter that is somebody's own key", () => {
  const press = { key: "č", code: "Digit2" };
  assert.equal(meaning(press, ["2"], ["č"]), "action č");
  assert.equal(meaning(press, ["2"], []), "label 2");
});

test("a field stores the key that the desk will read", () => {
  const stored = [["ф", "KeyA"], ["&", "Digit1"], ["o", "KeyS"], ["Process", "KeyA"]];
  assert.deepEqual(stored.map(([key, code]) => nameOf(event({ key, code }))), ["ф", "1", "o", null]);
});
