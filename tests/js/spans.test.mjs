// Marks in texts: offsets, words, selections, overlap, and steps that are undone.

import assert from "node:assert/strict";
import test from "node:test";
import { Marks, Suggestions } from "../../static/answers/spans/marks.js";
import { SpanText } from "../../static/answers/spans/text.js";

const FIRE = "\u{1f469}\u{1f3fd}\u200d\u{1f692}";
const FAMILY = "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}";

const at = (text, part, from = 0) => {
  const start = text.indexOf(part, from);
  return { start, end: start + part.length };
};

const words = (text) => {
  const made = new SpanText(text);
  const found = [];
  for (let word = made.wordAfter(0); word; word = made.wordAfter(word.end)) found.push(made.slice(word));
  return found;
};

test("code points and units are each other's, also beyond the basic plane", () => {
  const text = `${FIRE} Ana \u{20bb7}\u91ce`;
  const made = new SpanText(text);
  const points = [...text];
  for (let point = 0; point <= points.length; point += 1) {
    const unit = points.slice(0, point).join("").length;
    assert.equal(made.unit(point), unit);
    assert.equal(made.point(unit), point);
  }
});

test("a border within a visible character moves to its end", () => {
  const text = `a ${FAMILY} Rene\u0301 \u{1f1eb}\u{1f1f7}.`;
  const made = new SpanText(text);
  assert.equal(made.slice(made.snapped({ start: 4, end: 6 }, { byWord: false })), FAMILY);
  const accent = text.indexOf("\u0301");
  assert.equal(made.slice(made.snapped({ start: accent - 4, end: accent }, { byWord: false })), "Rene\u0301");
  const flag = text.indexOf("\u{1f1eb}");
  assert.equal(made.slice(made.snapped({ start: flag, end: flag + 2 }, { byWord: false })), "\u{1f1eb}\u{1f1f7}");
});

test("words are what people take for words", () => {
  assert.deepEqual(words("Ana-Li met O'Neil (Dr. Wu), 3.5 %."), [
    ..."Ana - Li met O'Neil ( Dr . Wu ) , 3.5 % .".split(" "),
  ]);
  assert.deepEqual(words("\u200bData\u200bbase by Ka\u00adrin\u00a0Ltd"), ["Data\u200bbase", "by", "Ka\u00adrin", "Ltd"]);
  assert.deepEqual(words("\u738b\u5c0f\u660e\u8bfb\u4e66"), ["\u738b", "\u5c0f", "\u660e", "\u8bfb", "\u4e66"]);
  assert.deepEqual(words("\u0642\u0627\u0644 \u0645\u064f\u062d\u0645\u062f"), ["\u0642\u0627\u0644", "\u0645\u064f\u062d\u0645\u062f"]);
  assert.deepEqual(words(`${FIRE} Ana`), [FIRE, "Ana"]);
});

test("words backwards are those forwards", () => {
  const made = new SpanText(`  Bob Carl (Dr. Wu), ${FAMILY} \u5317\u4eac\n`);
  const back = [];
  for (let word = made.wordBefore(made.length); word; word = made.wordBefore(word.start)) back.unshift(made.slice(word));
  assert.deepEqual(back, words(made.text));
});

test("a selection takes whole words, and leaves out blanks and what touches them", () => {
  const text = `  Bob \u201cCarl (Dr. Wu)\u201d, Paris\u00a0\t\n`;
  const made = new SpanText(text);
  const snap = (start, end) => made.slice(made.snapped({ start, end }, { byWord: true }) ?? { start: 0, end: 0 });
  const wu = at(text, "(Dr. Wu)");
  assert.equal(snap(wu.start, wu.end), "Dr. Wu");
  assert.equal(snap(wu.end + 2, wu.start), "Dr. Wu");
  assert.equal(snap(0, 3), "Bob");
  const paris = at(text, "aris");
  assert.equal(snap(paris.start, text.length), "Paris");
  assert.equal(snap(paris.end, text.length), "");
  assert.equal(snap(0, 2), "");
  assert.equal(made.slice(made.snapped(wu, { byWord: false })), "(Dr. Wu)");
});

test("a selection leaves out controls, as the server does", () => {
  const made = new SpanText("Max\u0002Graz\u001d\u0085 Riga\u206a");
  const snap = (start, end) => made.snapped({ start, end }, { byWord: true });
  assert.equal(made.slice(snap(3, 10)), "Graz");
  assert.equal(made.slice(snap(10, 16)), "Riga");
  assert.equal(snap(3, 4), null);
  assert.equal(snap(8, 11), null);
});

test("in Chinese a selection takes what it covers", () => {
  const made = new SpanText("\u738b\u5c0f\u660e\u5728\u5317\u4eac\u5927\u5b66\u3002");
  assert.deepEqual(made.snapped({ start: 4, end: 6 }, { byWord: true }), { start: 4, end: 6 });
  assert.deepEqual(made.wordAt(5), { start: 5, end: 6 });
});

test("the same string elsewhere is found as whole words, by place", () => {
  const text = "Paris and Parisian, in Paris. PARIS (Paris)";
  const made = new SpanText(text);
  const first = at(text, "Paris");
  assert.deepEqual(made.occurrences(first).map((each) => each.start), [23, 37]);
});

test("each step is undone and done again", () => {
  const marks = new Marks();
  const one = { start: 0, end: 3, label: 1 };
  marks.add([one]);
  marks.add([{ start: 5, end: 8, label: 2 }]);
  const changed = marks.change(one, { label: 2 });
  marks.change(changed, { end: 4 });
  marks.remove([{ start: 5, end: 8, label: 2 }]);
  assert.deepEqual(marks.all, [{ start: 0, end: 4, label: 2 }]);
  for (let step = 0; step < 5; step += 1) marks.undo();
  assert.deepEqual(marks.all, []);
  assert.equal(marks.canUndo, false);
  for (let step = 0; step < 5; step += 1) marks.redo();
  assert.deepEqual(marks.all, [{ start: 0, end: 4, label: 2 }]);
  marks.undo();
  marks.add([{ start: 9, end: 10, label: 1 }]);
  assert.equal(marks.redo().length, 3);
});

test("many marks at once are one step", () => {
  const marks = new Marks();
  marks.add([{ start: 0, end: 1, label: 1 }, { start: 2, end: 3, label: 1 }, { start: 2, end: 4, label: 1 }]);
  assert.equal(marks.all.length, 2);
  assert.deepEqual(marks.undo(), []);
});

test("overlap is as the project has it, and nothing else is removed", () => {
  const outer = { start: 0, end: 10, label: 1 };
  const inner = { start: 2, end: 5, label: 2 };
  const crossing = { start: 8, end: 12, label: 2 };
  for (const [overlap, expected] of [["none", 1], ["nested", 2], ["any", 3]]) {
    const marks = new Marks({ overlap });
    for (const each of [outer, inner, crossing]) marks.add([each]);
    assert.equal(marks.all.length, expected, overlap);
    assert.deepEqual(marks.add([outer]), []);
  }
});

test("marks of a label that is gone are in no step", () => {
  const marks = new Marks();
  marks.add([{ start: 0, end: 1, label: 1 }]);
  marks.add([{ start: 2, end: 3, label: 2 }]);
  marks.remove([{ start: 0, end: 1, label: 1 }]);
  marks.keep(({ label }) => label !== 2);
  assert.deepEqual(marks.all, []);
  assert.deepEqual(marks.undo(), [{ start: 0, end: 1, label: 1 }]);
  assert.deepEqual(marks.redo(), []);
});

test("the innermost mark is found first", () => {
  const marks = new Marks({ overlap: "nested" });
  marks.reset([{ start: 0, end: 10, label: 1 }, { start: 2, end: 5, label: 2 }]);
  assert.deepEqual(marks.at(3).map(({ label }) => label), [2, 1]);
  assert.deepEqual(marks.at(10), []);
});

test("a suggestion waits until it is accepted, rejected or in the way", () => {
  const marks = new Marks();
  const [one, two, three] = [[0, 3], [5, 8], [10, 12]].map(([start, end]) => ({ start, end, label: 1 }));
  const suggestions = new Suggestions([one, two, three]);
  assert.equal(suggestions.pending(marks).length, 3);
  marks.add([one]);
  marks.remove([], [two]);
  assert.deepEqual(suggestions.pending(marks), [three]);
  marks.add([{ start: 11, end: 14, label: 2 }]);
  assert.deepEqual(suggestions.pending(marks), []);
  // Each of these is a step.
  for (const left of [[three], [two, three], [one, two, three]]) {
    marks.undo();
    assert.deepEqual(suggestions.pending(marks), left);
  }
  assert.equal(marks.canUndo, false);
  marks.add([{ ...two, label: 2 }], [two]);
  assert.deepEqual(suggestions.pending(marks), [one, three]);
  marks.undo();
  assert.deepEqual(suggestions.pending(marks), [one, two, three]);
});
