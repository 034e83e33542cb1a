// The auto-tag at the desk: what was tagged a moment ago is suggested next.

import assert from "node:assert/strict";
import test from "node:test";
import { AutoTag } from "../../static/answers/spans/autotag.js";

const marksOf = (text, ...tagged) =>
  tagged.map(([part, label, from = 0]) => {
    const start = text.indexOf(part, from);
    return { start, end: start + part.length, label };
  });

const learn = (auto, item, text, ...tagged) => auto.learn(item, text, marksOf(text, ...tagged));
const quotes = (auto, text) => auto.suggest(text).map(({ start, end, label }) => [text.slice(start, end), label]);

test("a tagged string is suggested next, whatever its case, as whole words", () => {
  const auto = new AutoTag();
  learn(auto, 1, "Ana met Bob.", ["Ana", 7]);
  assert.deepEqual(quotes(auto, "Then ANA and Anabel saw ana."), [["ANA", 7], ["ana", 7]]);
});

test("two characters are too short", () => {
  const auto = new AutoTag();
  learn(auto, 1, "Li met Bob.", ["Li", 7]);
  assert.deepEqual(quotes(auto, "Li again"), []);
});

test("a string that is often left untagged is not suggested", () => {
  const auto = new AutoTag();
  learn(auto, 1, "Lyon and Lyon and Lyon.", ["Lyon", 7], ["Lyon", 7, 5]);
  assert.deepEqual(quotes(auto, "Lyon"), [["Lyon", 7]]); // two of three
  learn(auto, 2, "Lyon, too.");
  assert.deepEqual(quotes(auto, "Lyon"), []); // two of four
  learn(auto, 3, "Lyon.", ["Lyon", 7]);
  assert.deepEqual(quotes(auto, "Lyon"), [["Lyon", 7]]); // three of five
});

test("occurrences before the first tag count as well", () => {
  const auto = new AutoTag();
  learn(auto, 1, "Rome is Rome.");
  learn(auto, 2, "In Rome.", ["Rome", 7]);
  assert.deepEqual(quotes(auto, "Rome"), []);
});

test("the longest string comes first, and nothing overlaps", () => {
  const auto = new AutoTag();
  learn(auto, 1, "New York and York.", ["New York", 7], ["York", 8, 9]);
  assert.deepEqual(quotes(auto, "In New York, in York."), [["New York", 7]]); // York: one of two
  learn(auto, 2, "York.", ["York", 8]);
  assert.deepEqual(quotes(auto, "In New York, in York."), [["New York", 7], ["York", 8]]);
});

test("an answer that changes, or is taken back, leaves nothing behind", () => {
  const auto = new AutoTag();
  learn(auto, 1, "Ana met Bob.", ["Ana", 7]);
  learn(auto, 1, "Ana met Bob.", ["Bob", 8]);
  assert.deepEqual(quotes(auto, "Ana, Bob"), [["Bob", 8]]);
  auto.learn(1, "Ana met Bob.", null);
  assert.deepEqual(quotes(auto, "Ana, Bob"), []);
  learn(auto, 2, "Bob.", ["Bob", 9]);
  assert.deepEqual(quotes(auto, "Bob"), [["Bob", 9]]);
});

test("places are right where case changes the length, and beyond the basic plane", () => {
  const auto = new AutoTag();
  learn(auto, 1, "\u{1f469}\u200d\u{1f692} \u0130stanbul \u{20bb7}\u91ce\u5bb6", ["\u0130stanbul", 7], ["\u{20bb7}\u91ce\u5bb6", 8]);
  const text = "\u0130\u0130 \u0130stanbul \u{1f600} \u{20bb7}\u91ce\u5bb6\u5de5";
  assert.deepEqual(quotes(auto, text), [["\u0130stanbul", 7], ["\u{20bb7}\u91ce\u5bb6", 8]]);
});

test("the oldest texts are forgotten", () => {
  const auto = new AutoTag();
  learn(auto, 0, "Ana here.", ["Ana", 7]);
  for (let item = 1; item <= 500; item += 1) learn(auto, item, `nothing ${item}`);
  assert.deepEqual(quotes(auto, "Ana"), []);
});
