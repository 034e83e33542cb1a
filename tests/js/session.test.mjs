// The pace of a session, and drafts that outlive a reload.

import assert from "node:assert/strict";
import test from "node:test";
import { Drafts, Pace } from "../../static/labelling/state.js";

const MINUTE = 60_000;

test("the summary has the median and counts long times as everywhere else", () => {
  const pace = new Pace({ breakMinutes: 0, mostSeconds: 300, now: 0 });
  assert.deepEqual(pace.summary, { labels: 0, median: null, hourly: null });
  for (const seconds of [2, 9000, 4]) pace.count(seconds, 1000);
  assert.deepEqual(pace.summary, { labels: 3, median: 4, hourly: Math.round((3600 * 3) / 306) });
});

test("a break is due once after a long stretch, and again after a pause", () => {
  const pace = new Pace({ breakMinutes: 15, mostSeconds: 300, now: 0 });
  const due = [4, 8, 12, 16, 20, 40, 44, 48, 52, 56].map((minute) => pace.count(1, minute * MINUTE));
  assert.deepEqual(due.flatMap((isDue, at) => (isDue ? [at] : [])), [3, 9]);
});

test("who wants no break is told of none", () => {
  const pace = new Pace({ breakMinutes: 0, mostSeconds: 300, now: 0 });
  assert.equal(pace.count(1, 4 * MINUTE) || pace.count(1, 300 * MINUTE), false);
});

// Drafts ----------------------------------------------------------------------------------------

const stored = new Map();
globalThis.sessionStorage = {
  getItem: (key) => stored.get(key) ?? null,
  setItem: (key, value) => stored.set(key, value),
  removeItem: (key) => stored.delete(key),
};

test("a draft belongs to its item and its person, and outlives the page", () => {
  new Drafts(5, 1).keep("item/7", { note: "so" });
  assert.deepEqual(new Drafts(5, 1).of("item/7"), { note: "so" });
  assert.equal(new Drafts(5, 1).of("item/8"), null);
  assert.equal(new Drafts(6, 1).of("item/7"), null);
  new Drafts(5, 1).keep("item/7", null);
  assert.equal(stored.size, 0);
});

test("of many drafts the newest stay", () => {
  const drafts = new Drafts(5, 1);
  for (let each = 0; each < 60; each += 1) drafts.keep(`item/${each}`, { note: "so" });
  assert.equal(drafts.of("item/9"), null);
  assert.deepEqual(drafts.of("item/10"), { note: "so" });
});

test("stored nonsense is no draft", () => {
  stored.set("winnow-drafts/5/2", "{");
  assert.equal(new Drafts(5, 2).of("item/7"), null);
});
