// What a window has at hand, and what was done in it.

import assert from "node:assert/strict";
import test from "node:test";
import { History, Items } from "../../static/labelling/state.js";

const served = (...names) => names.map((lease) => ({ lease, item: { id: lease } }));
const nothing = { next: [], spares: [], lost: [] };
const calm = { decided: [], isPaused: false };

const filled = ({ ahead = 2, spares = 4 } = {}) => {
  const items = new Items({ ahead, spares });
  items.ask({ fillsBuffer: true });
  items.fill({ ...nothing, next: served("a", "b"), spares: served("s", "t", "u", "v") }, calm);
  items.current = items.next();
  return items;
};

test("what was prefetched comes before the offline buffer, in its order", () => {
  const items = filled();
  const leases = [items.current.lease];
  for (let each = items.next(); each; each = items.next()) leases.push(each.lease);
  assert.deepEqual(leases, ["a", "b", "s", "t", "u", "v"]);
});

test("an item that another one comes before is the next", () => {
  const items = filled();
  items.putBack();
  items.current = served("z")[0];
  assert.deepEqual(items.prefetched.map(({ lease }) => lease), ["a", "b"]);
});

test("as many are asked for as were decided since the last call, up to a bound", () => {
  const items = filled();
  assert.equal(items.wanted, 1);
  items.decidedSince = 3;
  assert.deepEqual(items.ask({ fillsBuffer: false }), { want: 4, spares: 0 });
  assert.equal(items.wanted, 1);
  items.decidedSince = 50;
  assert.equal(items.wanted, 11);
});

test("one more is asked for where nothing is on the screen", () => {
  assert.equal(new Items({ ahead: 2, spares: 4 }).wanted, 3);
});

test("the buffer is filled once half of it is gone", () => {
  const items = filled();
  assert.equal(items.bufferWanted, 0);
  items.offlineBuffer.splice(0, 2);
  assert.equal(items.bufferWanted, 2);
});

test("a small project is not asked for the same buffer again, until it was paused", () => {
  const items = new Items({ ahead: 2, spares: 20 });
  items.ask({ fillsBuffer: true });
  items.fill({ ...nothing, spares: served("s", "t") }, calm);
  assert.equal(items.bufferWanted, 0);
  items.resume();
  assert.equal(items.bufferWanted, 18);
});

test("a pause says nothing of how many there are", () => {
  const items = new Items({ ahead: 2, spares: 20 });
  items.ask({ fillsBuffer: true });
  items.fill(nothing, { decided: [], isPaused: true });
  assert.equal(items.bufferWanted, 20);
});

test("what is lost goes, and what is held or decided comes once", () => {
  const items = filled();
  const answer = { next: served("a", "c", "d", "c2"), spares: served("s", "w"), lost: ["b", "t"] };
  items.fill(answer, { decided: ["d"], isPaused: false });
  assert.deepEqual(items.leases, ["a", "c", "c2", "s", "u", "v", "w"]);
  assert.equal(items.isLost(["a"]), true);
  assert.equal(items.isLost(["b"]), false);
});

// History ---------------------------------------------------------------------------------------

const label = (id, value, more = {}) => ({ kind: "label", client_id: id, value, at: 0, ...more });

const decided = () => {
  const history = new History();
  history.add(label("one", [1]), { item: { key: "1" } });
  history.add({ kind: "skip", client_id: "two", at: 0 }, { item: { key: "2" } });
  history.add(label("three", [2], { note: "so" }), { item: { key: "3" } });
  history.find("one").annotation = { id: 11 };
  return history;
};

test("one looks back at one's own answers, newest first and without what was skipped", () => {
  const history = decided();
  history.begin();
  assert.equal(history.answer, null);
  assert.equal(history.step(1), true);
  assert.deepEqual([history.answer.value, history.answer.note, history.answer.id], [[2], "so", null]);
  history.step(1);
  assert.deepEqual([history.answer.value, history.answer.id, history.isAtEnd], [[1], 11, true]);
  assert.equal(history.step(1), false);
  assert.equal(history.answer.id, 11);
});

test("forward from the newest answer leads to the present", () => {
  const history = decided();
  history.begin();
  history.step(1);
  assert.equal(history.step(-1), false);
  history.end();
  assert.equal(history.answer, null);
});

test("older answers follow without those of this page", () => {
  const history = decided();
  const reviewing = history.begin();
  history.extend(reviewing, [{ id: 11 }, { id: 7 }], "page 2");
  assert.deepEqual(reviewing.answers.map(({ id }) => id), [null, 11, 7]);
  assert.equal(reviewing.isComplete, false);
  history.extend(reviewing, [{ id: 3 }], null);
  assert.equal(reviewing.isComplete, true);
});
