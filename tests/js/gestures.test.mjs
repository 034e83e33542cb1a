// Where a picture lies in its box, how bright it is, and what a finger's way means.

import assert from "node:assert/strict";
import test from "node:test";
import { swipe } from "../../static/labelling/input.js";
import { Light, View } from "../../static/medium/image/picture.js";

const fitted = (width, height) => {
  const view = new View();
  view.resize(600, 400);
  view.take(width, height);
  return view;
};

const lies = (view) => {
  const [, x, y, turn, scale] = /translate\((.+)px, (.+)px\) rotate\((.+)deg\) scale\((.+)\)/.exec(view.transform());
  return [x, y, turn, scale].map(Number);
};

test("a picture is fitted, and a tiny one is enlarged only so far", () => {
  assert.equal(fitted(3000, 2000).scale, 0.2);
  assert.equal(fitted(100, 400).scale, 1);
  assert.equal(fitted(10, 10).scale, 12);
});

test("the original in place of its copy lies as the copy did", () => {
  const view = fitted(600, 400);
  view.zoomTo(2, [100, 0]);
  const before = view.scale * 600;
  view.take(3000, 2000);
  assert.equal(view.scale * 3000, before);
});

test("zooming keeps what is under the pointer where it is", () => {
  const view = fitted(600, 400);
  view.zoomTo(3, [150, 100]);
  const [x, y] = lies(view);
  // A quarter to the right of the middle before, and after: 150 = pan + 3 * 150.
  assert.deepEqual([x + 300, y + 200], [300 - 300, 200 - 200]);
  assert.equal(view.zoomed, true);
});

test("zooming ends somewhere, and steps up and down end at the very start", () => {
  const view = fitted(3000, 2000);
  for (let step = 0; step < 50; step += 1) view.zoomTo(view.zoom * 1.25);
  assert.equal(view.zoom, view.reach);
  for (let step = 0; step < 50; step += 1) view.zoomTo(view.zoom / 1.25);
  assert.equal(view.zoom, 1);
});

test("a picture moves as far as there is picture", () => {
  const view = fitted(600, 400);
  const before = lies(view);
  view.panBy(50, 50);
  assert.deepEqual(lies(view), before);
  view.zoomTo(2);
  view.panBy(10_000, -10_000);
  assert.deepEqual(lies(view).slice(0, 2), [300, -200]);
});

test("a turned picture is fitted, and what is in the middle stays there", () => {
  const view = fitted(600, 400);
  view.rotate();
  assert.equal(view.turn, 90);
  assert.ok(Math.abs(view.scale - 400 / 600) < 1e-9);
  for (let turn = 0; turn < 3; turn += 1) view.rotate();
  assert.deepEqual([view.turn, view.scale], [0, 1]);
});

test("the zoom of a picture's own pixels is twice the fitted one where that shows them all", () => {
  assert.equal(fitted(3000, 2000).actual, 5);
  assert.equal(fitted(300, 200).actual, 2);
});

// Light -----------------------------------------------------------------------------------------

const stored = new Map();
globalThis.location = { pathname: "/projects/1/label" };
globalThis.sessionStorage = {
  getItem: (key) => stored.get(key) ?? null,
  setItem: (key, value) => stored.set(key, value),
};

test("brightness goes in steps between two ends, and stays for the series", () => {
  const light = new Light();
  assert.equal(light.filter, "none");
  for (let step = 0; step < 20; step += 1) light.change("brightness", 1);
  assert.equal(light.can("brightness", 1), false);
  assert.equal(new Light().percent("brightness"), light.percent("brightness"));
  light.reset();
  assert.equal(new Light().adjusted, false);
});

test("stored nonsense is not believed", () => {
  for (const nonsense of ["{", "null", '{"brightness": "x", "sepia": 3}']) {
    stored.set("winnow.light:/projects/1/label", nonsense);
    assert.equal(new Light().adjusted, false);
  }
});

// Swipes ----------------------------------------------------------------------------------------

test("a long way to one side decides; a short or steep one does not", () => {
  const from = { x: 200, y: 100 };
  assert.equal(swipe(from, { x: 300, y: 110 }), "accept");
  assert.equal(swipe(from, { x: 100, y: 90 }), "skip");
  assert.equal(swipe(from, { x: 270, y: 100 }), null);
  assert.equal(swipe(from, { x: 300, y: 160 }), null);
});
