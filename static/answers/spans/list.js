// The marks as a list beside the text: for reading them one by one, and for screen readers.

import { fill } from "../../labelling/view.js";
import { dress } from "./paint.js";

const MOST_QUOTED = 80;

export class SpanList {
  #rows = new Map();
  #current = null;
  #isDue = false;
  #marks = [];
  #listed = null; // the marks that have rows
  #focused = null;

  // `labels` gives the name and place of a label, `quote` the text of a mark; `words` are said of them.
  constructor({ list, count, labels, quote, words }) {
    Object.assign(this, { list, count, labels, quote, words });
  }

  begin() {
    this.#rows.clear();
    this.#current = null;
    this.#listed = null;
    this.list.replaceChildren();
  }

  // After the marks are painted: a key is answered by the text first. `then` is called after that, where
  // there are others.
  show(marks, focused, then) {
    this.#marks = marks;
    this.#focused = focused;
    this.then = then;
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => setTimeout(() => this.#paint()));
  }

  #paint() {
    this.#isDue = false;
    if (this.#marks !== this.#listed) this.#change();
    this.#point();
  }

  #change() {
    this.#listed = this.#marks;
    this.#order();
    const made = this.#marks.filter(({ kind }) => kind === "made").length;
    const told = fill(this.words.count, { n: made, suggested: this.#marks.length - made });
    if (this.count.textContent !== told) this.count.textContent = told;
    this.then();
  }

  // A step changes a row or two of many: the others stay where they are.
  #order() {
    const wanted = new Map(this.#marks.map((mark) => [mark.key, mark]));
    for (const [key, row] of this.#rows) if (!wanted.has(key)) this.#drop(key, row);
    let place = this.list.firstChild;
    for (const [key, mark] of wanted) {
      const row = this.#rows.get(key) ?? this.#row(mark);
      this.#rows.set(key, row);
      if (row === place) place = place.nextSibling;
      else this.list.insertBefore(row, place);
    }
  }

  #drop(key, row) {
    row.remove();
    this.#rows.delete(key);
  }

  #point() {
    const row = this.#focused && this.#rows.get(this.#focused.key);
    if (row === this.#current) return;
    this.#current?.firstChild.removeAttribute("aria-current");
    this.#current = row;
    row?.firstChild.setAttribute("aria-current", "true");
    row?.scrollIntoView({ block: "nearest" });
  }

  #row(mark) {
    const row = document.createElement("li");
    const button = document.createElement("button");
    const [label, text] = [document.createElement("b"), document.createElement("span")];
    const { name, place } = this.labels(mark);
    button.type = "button";
    button.className = `span-row ${mark.kind}`;
    button.dataset.span = mark.key;
    dress(button, place);
    label.textContent = name;
    label.dir = text.dir = "auto";
    const quote = this.quote(mark);
    text.textContent = quote.length > MOST_QUOTED ? `${quote.slice(0, MOST_QUOTED)}…` : quote;
    button.append(label, " ", text);
    if (mark.kind === "suggested") {
      const note = document.createElement("i");
      note.textContent = this.words.suggested;
      button.append(" ", note);
    }
    row.append(button);
    return row;
  }

  // The mark of a clicked row; null elsewhere.
  markOf(element) {
    const key = element.closest("[data-span]")?.dataset.span;
    return this.#marks.find((mark) => mark.key === key) ?? null;
  }
}
