// Labels by their ids, the search among them, and the registry of media and answers.

import assert from "node:assert/strict";
import test from "node:test";
import { Labels } from "../../static/answers/choices.js";
import { finds, fold } from "../../static/answers/label_search.js";
import { answers, media } from "../../static/labelling/registry.js";

const list = [
  { id: 1, name: "spam", key: "1" },
  { id: 2, name: "ham", key: "2" },
];
const words = {
  labels_changed: "changed: {changes}",
  label_renamed: "{old} is {name}",
  label_new: "{name} is new",
  label_gone: "{name} is gone",
  label_details: "details",
};

test("ids and old names become names and ids", () => {
  const labels = new Labels(list);
  assert.deepEqual(labels.names([2, "old", 9]), ["ham", "old", "?"]);
  assert.deepEqual(labels.ids([2, "spam", 9, "old"]), [2, 1]);
});

test("a suggestion with a removed label is none", () => {
  const labels = new Labels(list);
  assert.deepEqual(labels.suggested({ label_ids: [2] }), [2]);
  assert.deepEqual(labels.suggested({ label_ids: [] }), []);
  assert.equal(labels.suggested({ label_ids: [2, 9] }), null);
  assert.equal(labels.suggested(null), null);
});

test("what changed is said in words, and removed labels keep their names", () => {
  const labels = new Labels(list);
  const now = [{ id: 1, name: "junk", key: "1" }, { id: 3, name: "new", key: "2" }];
  assert.equal(labels.replace(now, words), "changed: spam is junk; new is new; ham is gone");
  assert.deepEqual(labels.names([1, 2]), ["junk", "ham"]);
  assert.equal(labels.replace(now, words), "");
  assert.equal(labels.replace([now[1], now[0]], words), "details");
});

test("words are found in any order, case and spelling", () => {
  const found = (query, name) => finds(query)(fold(name));
  assert.ok(found("fraud  DELIVERY", "Delivery > after purchase > fraud"));
  assert.ok(found("cafe", "Café"));
  assert.ok(found("strasse", "Straße"));
  assert.ok(found("cafe\u0301", "CAFÉ"));
  assert.ok(found("lodz", "Łódź"));
  assert.ok(!found("fraud praise", "Delivery > fraud"));
});

test("a sign between words names nothing, unless it is alone", () => {
  assert.ok(finds("delivery > fraud")(fold("fraud Delivery")));
  assert.ok(!finds(">")(fold("Delivery")));
  assert.ok(finds("")(fold("Delivery")));
  // Copied from a page, with what is invisible in it.
  assert.ok(finds("\ufeff deli\u00advery\u200b")(fold("Delivery")));
});

// Registry --------------------------------------------------------------------------------------

test("what is registered is found by its name, with a default for all that is optional", () => {
  media.register("sound", { show() {}, announce: ({ key }) => key });
  const sound = media.of("sound");
  assert.equal(sound.excerpt({ key: "7" }), "7");
  assert.equal(sound.obstacle(), null);
  assert.equal(sound.ownsPointer(), false);
  assert.deepEqual(sound.actions, {});
  answers.register("pair", { blank: null });
  assert.equal(answers.of("pair").allowsBlank, false);
  assert.equal(answers.of("pair").take({}), "");
});

test("what registers a member keeps it", () => {
  media.register("own", { excerpt: () => "own", announce: () => "long" });
  assert.equal(media.of("own").excerpt({}), "own");
});

test("an unknown name is an error at once", () => {
  assert.throws(() => media.of("smell"), RangeError);
});

test("text and both kinds of choices are there", () => {
  assert.equal(media.of("text").announce({ text: "words" }), "words");
  assert.equal(answers.of("single_choice").allowsBlank, false);
  assert.equal(answers.of("multiple_choice").allowsBlank, true);
});

test("choices are sent by ids, and by names only where they are older than that", () => {
  const single = answers.of("single_choice");
  assert.deepEqual(single.sent([1]), { label_ids: [1] });
  assert.deepEqual(single.sent(["spam"]), { labels: ["spam"] });
  assert.deepEqual(single.received({ labels: ["spam"], label_ids: [1] }), [1]);
  assert.deepEqual(single.received({ labels: ["spam"] }), ["spam"]);
});
