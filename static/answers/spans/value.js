// What is marked in the text on the screen, and what is suggested there, as the desk knows a value: a
// list of [start, end, label id] in code points. In here, places are in units of the browser.

import { Choices } from "../choices.js";
import { AutoTag } from "./autotag.js";
import { Marks, Suggestions, keyOf, overlaps } from "./marks.js";
import { SpanText } from "./text.js";

const asMark = ([start, end, label, attribute]) => ({ start, end, label, ...(attribute && { attribute }) });
const asValue = ({ start, end, label, attribute }) =>
  attribute ? [start, end, label, attribute] : [start, end, label];

// `paint` and `list` are there once it is mounted; `show` paints them, and `fresh` follows a new text.
export class SpanValue extends Choices {
  text = new SpanText("");
  marks;
  suggestions = new Suggestions();
  given = null; // the suggestion that is shown, as the server sent it
  auto = new AutoTag();
  tagged = []; // what that suggests in this text
  isTaking = false;
  #all = { of: [], found: [] };
  #here = new WeakMap(); // by mark, as the server counts

  constructor() {
    super({ multiple: true });
    // What is suggested depends on the marks, so here it is worked out.
    delete this.suggested;
  }

  label(id) {
    const place = this.labels.list.findIndex((label) => label.id === id);
    return { name: this.labels.names([id])[0], place: Math.max(place, 0) };
  }

  // How a mark is called, with its attribute, and the place of its label.
  called({ label, attribute }) {
    const { name, place } = this.label(label);
    return { name: attribute ? `${name} (${attribute})` : name, place };
  }

  get value() {
    return this.marks.all.map(asValue);
  }

  put(value, { rejected } = {}) {
    if (this.isTaking) return;
    this.begin();
    this.marks.reset(this.#known(value.map(asMark)), rejected ? JSON.parse(rejected) : []);
    this.show();
  }

  // Those whose label is one now.
  #known(marks) {
    const known = new Set(this.labels.list.map(({ id }) => id));
    return marks.filter(({ label }) => known.has(label));
  }

  // Labels changed elsewhere: marks with one that is gone go with it, and what is suggested is worked
  // out again.
  take(shown) {
    this.isTaking = true;
    const told = super.take(shown);
    this.isTaking = false;
    const known = new Set(this.labels.list.map(({ id }) => id));
    this.marks.keep(({ label }) => known.has(label));
    this.given = null;
    return told;
  }

  // A new text is there once the medium has shown it.
  begin() {
    if (this.paint.node && this.paint.node === this.paint.box.firstChild) return;
    this.paint.begin();
    this.list.begin();
    this.#here = new WeakMap();
    this.text = new SpanText(this.paint.node?.data ?? "");
    this.marks.reset([]);
    this.suggestions = new Suggestions();
    this.given = null;
    this.tagged = [];
    this.fresh();
  }

  // `served` says whether this item may have suggestions at all: a blind one has none from anywhere.
  suggest(suggestion, served = {}) {
    this.begin();
    const refs = suggestion?.label_ids ?? [];
    const known = new Set(this.labels.list.map(({ id }) => id));
    const given = JSON.stringify(refs.filter((ref) => Array.isArray(ref) && known.has(ref[2])));
    if (given === this.given) return;
    this.given = given;
    const found = JSON.parse(given).map(asMark);
    this.tagged = served.tags ? this.#taggedBeside(found) : [];
    this.suggestions = new Suggestions([...found, ...this.tagged]);
    this.show();
  }

  // What the answers of this window suggest, where the model says nothing.
  #taggedBeside(found) {
    const known = new Set(this.labels.list.map(({ id }) => id));
    const tagged = this.auto.suggest(this.text.text).map((each) => this.there(each));
    return tagged.filter((each) => known.has(each.label) && !found.some((other) => overlaps(each, other)));
  }

  // An item was answered; null: its answer was taken back.
  learn({ id, text }, value) {
    const there = new SpanText(text);
    const marks = value?.map(asMark).map(({ start, end, label }) => {
      return { start: there.unit(start), end: there.unit(end), label };
    });
    this.auto.learn(id, text, marks ?? null);
  }

  get pending() {
    return this.suggestions.pending(this.marks);
  }

  get suggested() {
    const pending = this.pending;
    if (!pending.length) return null;
    const both = new Marks({ overlap: this.marks.overlap });
    both.reset(this.marks.all);
    both.add(pending);
    return both.all.map(asValue);
  }

  said(value) {
    const counts = new Map();
    for (const [, , label] of value) counts.set(label, (counts.get(label) ?? 0) + 1);
    const told = [...counts].map(([label, n]) => {
      const { name } = this.label(label);
      return n > 1 ? `${n} × ${name}` : name;
    });
    return told.join(", ") || this.words.nothing;
  }

  sent(value) {
    const spans = value.map(asMark);
    return this.tagged.length ? { spans, tagged: this.tagged.map(asValue) } : { spans };
  }

  received({ label_ids: refs }) {
    return refs.map((ref) => ref.slice(0, 4));
  }

  get draft() {
    const { rejected } = this.marks;
    return { ...super.draft, rejected: rejected.length ? JSON.stringify(rejected) : "" };
  }

  // In units -------------------------------------------------------------------------------------

  // A mark that is there twice is the same object, so that of hundreds few are made anew by a step.
  here(mark, kind) {
    const known = this.#here.get(mark);
    if (known && known.kind === kind) return known;
    const found = { ...mark, start: this.text.unit(mark.start), end: this.text.unit(mark.end), kind };
    found.key = keyOf(found);
    this.#here.set(mark, found);
    return found;
  }

  there({ start, end, label, attribute }) {
    return { start: this.text.point(start), end: this.text.point(end), label, ...(attribute && { attribute }) };
  }

  // The same list until a mark or a suggestion changes: what shows it compares no more than that.
  get all() {
    const of = [this.marks.all, this.marks.rejected, this.suggestions];
    if (of.some((each, n) => each !== this.#all.of[n])) this.#all = { of, found: this.#inOrder() };
    return this.#all.found;
  }

  #inOrder() {
    const made = this.marks.all.map((each) => this.here(each, "made"));
    const suggested = this.pending.map((each) => this.here(each, "suggested"));
    return [...made, ...suggested].sort((a, b) => a.start - b.start || b.end - a.end);
  }
}
