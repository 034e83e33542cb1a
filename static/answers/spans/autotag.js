// The auto-tag: a string that was tagged nearly always in the texts of this window is suggested wherever
// it stands next. No document, so node can test it.

import { overlaps } from "./marks.js";
import { SpanText } from "./text.js";

const LEAST_SHARE = 0.6; // of the occurrences of a string in answered texts that are tagged
const SHORTEST = 3; // characters; shorter strings are mostly something else
const LONGEST = 200;
const MOST_TEXTS = 500;
const MOST_UNITS = 400_000; // of the texts that are remembered
// Where a string may begin; the borders of what is found are checked.
const FIRST = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}\p{M}_]+|\S/gu;

const firstOf = (string) => string.match(FIRST)[0];

// In lower case, as long as before: places stay what they are.
const folded = (text) => {
  const low = text.toLowerCase();
  if (low.length === text.length) return low;
  return [...text].map((each) => (each.toLowerCase().length === each.length ? each.toLowerCase() : each)).join("");
};

// A text, with the places of its words.
class Read {
  #places = new Map();

  constructor(text) {
    this.text = new SpanText(folded(text));
    for (const { 0: word, index } of this.text.text.matchAll(FIRST)) {
      const there = this.#places.get(word);
      if (there) there.push(index);
      else this.#places.set(word, [index]);
    }
  }

  get words() {
    return this.#places.keys();
  }

  // Where a string stands as whole words.
  find(string) {
    const places = (this.#places.get(firstOf(string)) ?? []).map((start) => ({ start, end: start + string.length }));
    return places.filter((each) => this.text.text.startsWith(string, each.start) && this.text.areWords(each));
  }
}

export class AutoTag {
  #answers = new Map(); // by item: its text, and the strings that are tagged in it with their labels
  #strings = new Map(); // by string: how often it is tagged with each label, and how often it stands anywhere
  #byFirst = new Map(); // the strings by their first word
  #units = 0;

  // An answered text with its marks, in units; an answer of before is replaced. Null: it is open again.
  learn(item, text, marks) {
    this.#forget(item);
    if (!marks) return;
    const read = new Read(text);
    const tagged = marks.map(({ start, end, label }) => [read.text.slice({ start, end }), label]);
    this.#count(read, 1);
    this.#answers.set(item, { read, tagged: tagged.filter(([string]) => mayBeTagged(string)) });
    this.#units += read.text.length;
    for (const each of this.#answers.get(item).tagged) this.#tag(...each);
    while (this.#answers.size > 1 && (this.#answers.size > MOST_TEXTS || this.#units > MOST_UNITS)) {
      this.#forget(this.#answers.keys().next().value);
    }
  }

  #tag(string, label) {
    if (!this.#strings.has(string)) this.#strings.set(string, this.#fresh(string));
    const { labels } = this.#strings.get(string);
    labels.set(label, (labels.get(label) ?? 0) + 1);
  }

  #fresh(string) {
    const first = firstOf(string);
    if (!this.#byFirst.has(first)) this.#byFirst.set(first, new Set());
    this.#byFirst.get(first).add(string);
    let seen = 0;
    for (const { read } of this.#answers.values()) seen += read.find(string).length;
    return { labels: new Map(), seen };
  }

  #forget(item) {
    const answer = this.#answers.get(item);
    if (!answer) return;
    this.#answers.delete(item);
    this.#units -= answer.read.text.length;
    for (const [string, label] of answer.tagged) {
      const { labels } = this.#strings.get(string);
      labels.set(label, labels.get(label) - 1);
    }
    this.#count(answer.read, -1);
  }

  // How often the strings stand in a text that comes (1) or goes (-1).
  #count(read, by) {
    for (const string of this.#known(read)) this.#strings.get(string).seen += by * read.find(string).length;
  }

  // The strings whose first word is in a text.
  *#known(read) {
    for (const word of read.words) yield* this.#byFirst.get(word) ?? [];
  }

  #verdict(string) {
    const { labels, seen } = this.#strings.get(string);
    const [[label, times]] = [...labels].sort(([a, n], [b, m]) => m - n || a - b);
    return times > 0 && times / Math.max(seen, times) >= LEAST_SHARE ? label : null;
  }

  // What to suggest in a text, in units: none overlap, and the longest come first.
  suggest(text) {
    if (!this.#strings.size) return [];
    const read = new Read(text);
    const strings = [...this.#known(read)].sort((a, b) => b.length - a.length);
    const taken = [];
    for (const string of strings) {
      const label = this.#verdict(string);
      if (label === null) continue;
      for (const place of read.find(string)) {
        if (!taken.some((each) => overlaps(each, place))) taken.push({ ...place, label });
      }
    }
    return taken.sort((a, b) => a.start - b.start);
  }
}

const mayBeTagged = (string) => string.length <= LONGEST && [...string].length >= SHORTEST && /\S/.test(string);
