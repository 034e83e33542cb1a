// Decisions as they go to the server, and what Enter does.

import assert from "node:assert/strict";
import test from "node:test";
import { Decisions, sendable, undoTarget } from "../../static/labelling/decisions.js";
import { History } from "../../static/labelling/state.js";

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

test("a skip has a reason, the note of its item and no answer", () => {
  const entry = { kind: "skip", client_id: "c", lease: "l", reason: "broken", note: "half a page", served: {} };
  const sent = { kind: "skip", client_id: "c", lease: "l", reason: "broken", note: "half a page" };
  assert.deepEqual(sendable(entry), sent);
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

// Undo after something was not saved ----------------------------------------------------------------

const field = { textContent: "" };
globalThis.document = { getElementById: () => field };

// Two labels: the first is saved, the second waits for its response.
const twoDecided = () => {
  const outbox = {
    waiting: [],
    get refused() {
      return this.waiting.filter((entry) => entry.refused);
    },
    keep() {},
    add(entry) {
      this.waiting.push(entry);
    },
    remove(ids) {
      this.waiting = this.waiting.filter((entry) => !ids.includes(entry.client_id));
    },
  };
  const painted = [];
  const noticed = [];
  const answer = { said: (value) => value.join(), learn() {}, received: ({ label_ids: ids }) => ids };
  answer.sent = (value) => ({ labels: value });
  const remarks = { note: "", unsure: false };
  const medium = { excerpt: (item) => item };
  const view = { answer, remarks, medium, say() {}, refused: (entry) => noticed.push(entry?.client_id ?? null) };
  const history = new History();
  const stage = { view, announceNext() {}, keepDraft() {}, settleDraft() {}, isUnseen: () => false };
  stage.paintBefore = (...shown) => painted.push(shown);
  stage.toPresent = () => history.end();
  const config = { project: 1, person: 5, words: { undone: "undone", corrected: "{labels}", troubles: {} } };
  const decisions = new Decisions({ config, tab: {}, items: {}, history, outbox, stage });
  decisions.client = { inFlight: [], turns: Promise.resolve(), wake() {} };
  const entries = ["first", "second"].map((name) => ({
    kind: "label", client_id: name, project: 1, at: 1, value: [name], note: "", unsure: false, served: { item: name },
  }));
  entries.forEach((entry) => history.add(entry, entry.served));
  outbox.waiting.push(...entries);
  decisions.settle({ client_id: "first", state: "saved", words: "", annotation: { id: 4 } }, entries);
  return { decisions, history, entries, outbox, painted, noticed };
};

test("undo goes past a label of an item that was removed meanwhile", () => {
  const { decisions, history, entries } = twoDecided();
  decisions.settle({ client_id: "second", state: "done", words: "removed", annotation: null }, entries);
  assert.equal(field.textContent, "removed");
  assert.deepEqual(undoTarget(history.last), { annotation: 4 });
});

test("undo goes past a refused label that was discarded or is decided again", () => {
  for (const act of ["discard", "decideAgain"]) {
    const { decisions, history, entries } = twoDecided();
    decisions.settle({ client_id: "second", state: "refused", words: "gone" }, entries);
    decisions[act]();
    assert.deepEqual(undoTarget(history.last), { annotation: 4 }, act);
  }
});

test("undo goes past a label whose item was removed since it was saved", () => {
  const { decisions, history, entries } = twoDecided();
  decisions.settle({ client_id: "second", state: "saved", words: "", annotation: { id: 5 } }, entries);
  decisions.undone({ state: "refused", words: "not found", next: null, given: {} });
  assert.deepEqual(undoTarget(history.last), { annotation: 4 });
});

test("undo of a refused label shows its item and takes the notice away", async () => {
  const { decisions, entries, outbox, painted, noticed } = twoDecided();
  decisions.settle({ client_id: "second", state: "refused", words: "gone" }, entries);
  assert.deepEqual(noticed, ["second"]);
  await decisions.undo();
  assert.deepEqual(painted.map(([served]) => served.item), ["second"]);
  assert.deepEqual([outbox.waiting, noticed], [[], ["second", null]]);
});

test("what was undone of an earlier load is shown as the server sends it", () => {
  const { decisions, history, painted } = twoDecided();
  history.pop();
  history.pop();
  const undone = { state: "done", words: "", next: { item: "old" } };
  decisions.undone({ ...undone, given: { label_ids: [7], note: "why", unsure: true } });
  assert.deepEqual(painted.at(-1)[1], { given: [7], note: "why", unsure: true });
  decisions.undone({ ...undone, given: { note: "a skip" } });
  assert.deepEqual(painted.at(-1)[1], { given: undefined, note: "a skip", unsure: undefined });
});

// Corrections -----------------------------------------------------------------------------------------

const goBack = (history) => {
  history.begin();
  history.step(1);
};

test("a correction names an answer that was saved while one looked at it", () => {
  const { decisions, history, entries, outbox } = twoDecided();
  goBack(history);
  assert.equal(history.answer.id, null);
  decisions.settle({ client_id: "second", state: "saved", words: "", annotation: { id: 5 } }, entries);
  decisions.decide(["other"]);
  const correction = outbox.waiting.at(-1);
  assert.deepEqual([correction.annotation, correction.value], [5, ["other"]]);
});

test("a correction of a label that was not stored goes with it", () => {
  const { decisions, history, entries, outbox } = twoDecided();
  decisions.client.inFlight = entries;
  goBack(history);
  decisions.decide(["other"]);
  assert.deepEqual(outbox.waiting.map(({ of }) => of), [undefined, "second"]);
  decisions.settle({ client_id: "second", state: "done", words: "removed", annotation: null }, entries);
  assert.deepEqual(outbox.waiting, []);
});

test("undo after a correction takes the correction back, and then the newest label", async () => {
  const { decisions, history, entries, outbox } = twoDecided();
  decisions.settle({ client_id: "second", state: "saved", words: "", annotation: { id: 5 } }, entries);
  goBack(history);
  decisions.decide(["other"]);
  await decisions.undo();
  assert.deepEqual(outbox.waiting.map(({ annotation, sent }) => [annotation, sent.labels]), [
    [5, ["other"]],
    [5, ["second"]],
  ]);
  assert.deepEqual(undoTarget(history.last), { annotation: 5 });
  const asked = [];
  decisions.client.request = ({ decision }) => asked.push(decision.annotation);
  await decisions.undo();
  assert.deepEqual(asked, [5]);
});
