// Decisions as they go to the server, and what Enter does.

import assert from "node:assert/strict";
import test from "node:test";
import { Decisions, sendable, undoTarget } from "../../static/labelling/decisions.js";

test("an answer goes out in the words of its kind, and nothing that only the page needs", () => {
  const entry = {
    kind: "label", client_id: "c", lease: "l", seconds: 2, note: "", unsure: false,
    value: "a", sent: { choice: "a" }, said: "A", about: "text", served: {}, project: 1, person: 5,
  };
  assert.deepEqual(sendable(entry), {
    kind: "label", client_id: "c", lease: "l", seconds: 2, note: "", unsure: false, choice: "a",
  });
});

test("what an older page kept is still sent, by ids or by names", () => {
  const old = { kind: "correct", client_id: "c", annotation: 3, note: "", unsure: true };
  assert.deepEqual(sendable({ ...old, labels: [7] }).label_ids, [7]);
  assert.deepEqual(sendable({ ...old, labels: ["spam"] }).labels, ["spam"]);
});

test("a skip has a reason and no answer", () => {
  const entry = { kind: "skip", client_id: "c", lease: "l", reason: "broken", served: {} };
  assert.deepEqual(sendable(entry), { kind: "skip", client_id: "c", lease: "l", reason: "broken" });
});

test("an undo names what the server knows", () => {
  assert.deepEqual(undoTarget(null), { annotation: null });
  assert.deepEqual(undoTarget({ entry: { kind: "skip", lease: "l" } }), { lease: "l" });
  assert.deepEqual(undoTarget({ entry: { kind: "label" }, annotation: { id: 4 } }), { annotation: 4 });
  assert.equal(undoTarget({ entry: { kind: "label" }, annotation: null }), null);
});

const atDesk = (answer) => {
  const said = [];
  const view = { answer: { blank: [], suggested: null, allowsBlank: false, ...answer }, say: (words) => said.push(words) };
  const config = { words: { nothing_suggested: "nothing suggested", none_chosen: "none chosen" } };
  const stage = { view, isBlankAsked: false };
  const decisions = new Decisions({ config, stage, history: { reviewing: null } });
  const decided = [];
  decisions.decide = (value) => decided.push(value);
  return { decisions, decided, said };
};

test("Enter saves what is chosen, before what is suggested", () => {
  const { decisions, decided } = atDesk({ value: [1], suggested: [2] });
  decisions.accept();
  assert.deepEqual(decided, [[1]]);
});

test("Enter saves what is suggested where nothing is chosen", () => {
  const { decisions, decided } = atDesk({ value: [], suggested: [2] });
  decisions.accept();
  assert.deepEqual(decided, [[2]]);
});

test("Enter without either says so, and saves nothing where nothing is no answer", () => {
  const { decisions, decided, said } = atDesk({ value: [] });
  decisions.accept();
  decisions.accept();
  assert.deepEqual([decided, said], [[], ["nothing suggested", "nothing suggested"]]);
});

test("nothing chosen is saved by Enter twice, where it is an answer", () => {
  const { decisions, decided, said } = atDesk({ value: [], suggested: [], allowsBlank: true });
  decisions.accept();
  assert.deepEqual([decided, said], [[], ["none chosen"]]);
  decisions.accept();
  assert.deepEqual(decided, [[]]);
});

test("what the model suggested is not accepted for an answer that is looked at again", () => {
  const { decisions, decided } = atDesk({ value: [], suggested: [2] });
  decisions.history.reviewing = { answers: [] };
  decisions.accept();
  assert.deepEqual(decided, []);
});
