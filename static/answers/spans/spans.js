// Stretches of a text, each with a label. A label is chosen after the stretch, or before it. The value
// is a list of [start, end, label id] in code points; in here, places are in units of the browser.

import { answers } from "../../labelling/registry.js";
import { fill } from "../../labelling/view.js";
import { idOf } from "../choices.js";
import { listen } from "./keys.js";
import { SpanList } from "./list.js";
import { Marks, isSame } from "./marks.js";
import { Paint, dress } from "./paint.js";
import { Pointer } from "./pointer.js";
import { Cursor, isRightToLeft } from "./text.js";
import { SpanValue } from "./value.js";

const byId = (id) => document.getElementById(id);

class Spans extends SpanValue {
  cursor = new Cursor(this.text);
  focused = null; // a mark or a suggestion, in units, with its kind
  armed = null; // the label that the next selection gets
  byWord = true;

  constructor() {
    super();
    this.actions = {
      ...this.actions,
      accept: () => this.#accept(),
      nothing_here: () => this.desk.decide([]),
      accept_span: () => this.#settle((mark) => this.#take(mark)),
      reject_span: () => this.#settle((mark) => this.#reject(mark)),
      same_string: () => this.#markSame(),
      by_character: () => this.#turnMode(),
      attribute: () => this.#turnAttribute(),
    };
  }

  mount(desk) {
    super.mount(desk);
    this.words = { ...byId("span-words").dataset };
    this.marks = new Marks({ overlap: desk.config.overlap });
    const labels = (mark) => this.called(mark);
    this.paint = new Paint({ box: document.querySelector("#item .text"), scroller: byId("item"), labels });
    this.paint.isLeftToRight = ({ start }) => !isRightToLeft(this.text.text, start);
    this.list = new SpanList({
      list: byId("span-list"),
      count: byId("span-count"),
      labels,
      quote: (mark) => this.text.slice(mark),
      words: this.words,
    });
    this.#makeContext();
    this.pointer = new Pointer({
      paint: this.paint,
      select: (range, { isTouch }) => this.#select(range, { isTouch }),
      click: (offset) => this.#click(offset),
      move: (side, offset, isDone) => this.#drag(side, offset, isDone),
    });
    byId("span-list").addEventListener("click", (event) => this.#fromList(event));
    byId("span-mode").addEventListener("click", () => this.#turnMode());
    byId("span-attribute")?.addEventListener("click", () => this.#turnAttribute());
    byId("nothing-here").addEventListener("click", () => desk.decide([]));
    listen(this);
    for (const choice of this.choices) this.#dressChoice(choice);
    for (const button of document.querySelectorAll("#answer [data-scripted]")) button.hidden = false;
  }

  // What stands before and after a paragraph: to read, not to mark.
  #makeContext() {
    this.context = ["before", "after"].map((side) => {
      const box = document.createElement("p");
      box.className = "span-context";
      box.dir = "auto";
      box.setAttribute("aria-label", this.words[side]);
      this.paint.box[side](box);
      return [side, box];
    });
  }

  suggest(suggestion, served) {
    for (const [side, box] of this.context) {
      box.textContent = served?.item?.[side] ?? "";
      box.hidden = !box.textContent;
    }
    super.suggest(suggestion, served);
    this.#turnCaps();
  }

  #dressChoice(choice) {
    dress(choice, this.label(idOf(choice)).place);
  }

  take(shown) {
    const told = super.take(shown);
    for (const choice of this.choices) this.#dressChoice(choice);
    this.paint.begin();
    this.list.begin();
    this.#turnCaps();
    this.show();
    return told;
  }

  // A new text is shown, in which nothing is selected.
  fresh() {
    this.cursor = new Cursor(this.text);
    this.focused = null;
    this.#arm(null);
  }

  // The arrow of "Back" points against the reading direction.
  #turnCaps() {
    const [back, forward] = isRightToLeft(this.text.text, 0) ? ["→", "←"] : ["←", "→"];
    for (const [action, arrow] of Object.entries({ back, forward })) {
      for (const cap of document.querySelectorAll(`[data-action=${action}] kbd`)) {
        if (/^[←→]$/.test(cap.textContent)) cap.textContent = arrow;
      }
    }
  }

  // What is there, in units ----------------------------------------------------------------------

  show() {
    const { all } = this;
    this.shown = all;
    const is = (each) => this.focused && isSame(each, this.focused) && each.kind === this.focused.kind;
    this.focused = all.find(is) ?? null;
    // First, while nothing is changed yet that would have to be laid out to measure it.
    this.paint.cursor(this.focused ? null : this.cursor.range);
    this.paint.marks(all, this.focused);
    this.list.show(all, this.focused, () => this.#offer());
  }

  // The hint above the labels: what Enter saves.
  #offer() {
    const { suggested } = this;
    const box = byId("suggestion");
    box.hidden = suggested === null;
    if (suggested) box.querySelector("b").textContent = this.said(suggested);
  }

  #announce(words) {
    byId("announce").textContent = words;
  }

  #describe(mark) {
    const { name } = this.called(mark);
    const form = mark.kind === "made" ? this.words.isMark : this.words.isSuggestion;
    return fill(form, { text: this.text.slice(mark), label: name });
  }

  focus(mark) {
    this.focused = mark;
    if (mark) {
      this.cursor.set({ start: mark.start, end: mark.end });
      this.paint.reveal(mark);
      this.#announce(this.#describe(mark));
    }
    this.show();
  }

  // Selecting ------------------------------------------------------------------------------------

  #select(selected, { isTouch = false } = {}) {
    const range = this.text.snapped(selected, { byWord: this.byWord });
    this.focused = null;
    if (!range) return this.#clear();
    this.cursor.set(range);
    // By finger the selection is not done yet.
    if (this.armed !== null && !isTouch) return this.#mark(range, this.armed);
    this.show();
    this.#announce(this.text.slice(range));
  }

  #click(offset) {
    const there = this.all.filter(({ start, end }) => start <= offset && offset <= end);
    there.sort((a, b) => a.end - a.start - (b.end - b.start));
    if (there.length) {
      const at = there.findIndex((each) => this.focused && isSame(each, this.focused));
      return this.focus(there[(at + 1) % there.length]);
    }
    const word = this.text.wordAt(offset) ?? this.text.wordAt(offset - 1);
    if (word) this.#select(word);
    else this.#clear();
  }

  #clear() {
    this.cursor.clear();
    this.focused = null;
    this.show();
  }

  // Marking --------------------------------------------------------------------------------------

  // A label was chosen: for what has the focus, for what is selected, or for what comes next.
  pick(choice) {
    const label = idOf(choice);
    if (this.focused) return this.#relabel(label);
    const { range } = this.cursor;
    if (range) return this.#mark(range, label);
    this.#arm(this.armed === label ? null : label);
    const { name } = this.label(label);
    this.desk.say(fill(this.armed === null ? this.words.disarmed : this.words.armed, { label: name }));
  }

  #arm(label) {
    this.armed = label;
    for (const choice of this.choices) choice.setAttribute("aria-pressed", String(idOf(choice) === label));
  }

  #mark(range, label) {
    const found = this.text.snapped(range, { byWord: false });
    const mark = found && { ...this.there(found), label };
    const [added] = mark ? this.marks.add([mark]) : [];
    if (!added) return this.#refuse(mark);
    getSelection().removeAllRanges();
    // The cursor stays at the word, so that the next key goes on from there.
    this.cursor.set(found);
    this.focused = this.here(added, "made");
    this.show();
    this.#tellMade();
  }

  #tellMade() {
    const others = this.#sameString().length;
    const told = this.#describe(this.focused);
    const offer = others ? fill(this.words.others, { n: others }) : "";
    this.desk.say([told, offer].filter(Boolean).join(" "));
  }

  #refuse(mark) {
    const isThere = mark && this.marks.all.some((each) => isSame(each, mark));
    this.desk.say(isThere ? this.words.twice : this.words.overlaps);
  }

  #relabel(label) {
    const { kind } = this.focused;
    const before = this.there(this.focused);
    if (kind === "suggested") return this.#change(before, { label });
    const changed = this.marks.change(before, { label });
    if (!changed) return this.#refuse({ ...before, label });
    this.focused = this.here(changed, "made");
    this.show();
    this.#tellMade();
  }

  // A suggestion becomes a mark with another label or other borders.
  #change(suggested, changed) {
    const [added] = this.marks.add([{ ...suggested, ...changed }], [suggested]);
    if (!added) return this.#refuse(suggested);
    this.focused = this.here(added, "made");
    this.show();
    this.#tellMade();
  }

  // The next attribute of the list for the mark that has the focus; after the last one, none.
  #turnAttribute() {
    const { attributes } = this.desk.config;
    if (!attributes.length) return;
    if (!this.focused) return this.desk.say(this.words.noSpan);
    const before = this.there(this.focused);
    const attribute = attributes[attributes.indexOf(before.attribute ?? "") + 1] ?? "";
    if (this.focused.kind === "suggested") return this.#change(before, { attribute });
    this.focused = this.here(this.marks.change(before, { attribute }), "made");
    this.show();
    this.desk.say(this.#describe(this.focused));
  }

  remove() {
    const marks = this.focused ? [this.focused] : [];
    const { range } = this.cursor;
    if (!marks.length && range) {
      marks.push(...this.all.filter(({ start, end }) => range.start <= start && end <= range.end));
    }
    if (!marks.length) return false;
    const of = (wanted) => marks.filter(({ kind }) => kind === wanted).map((each) => this.there(each));
    this.marks.remove(of("made"), of("suggested"));
    this.focused = null;
    this.show();
    this.desk.say(fill(this.words.removed, { text: this.text.slice(marks[0]) }));
    return true;
  }

  // A border of the mark that has the focus.
  moveBorder(side, unit) {
    const { start, end, kind } = this.focused;
    const range = this.text.trimmed(this.text.whole({ start, end, [side]: unit }));
    if (!range) return;
    const [before, borders] = [this.there(this.focused), this.there({ ...range, label: 0 })];
    const changed = { start: borders.start, end: borders.end };
    if (kind === "suggested") return this.#change(before, changed);
    const moved = this.marks.change(before, changed);
    if (!moved) return this.#refuse({ ...before, ...changed });
    this.focused = this.here(moved, "made");
    this.cursor.set(range);
    this.show();
    this.#announce(this.#describe(this.focused));
  }

  #drag(side, offset, isDone) {
    if (!this.focused || offset === null) return this.show();
    const range = { start: this.focused.start, end: this.focused.end, [side]: offset };
    if (range.start >= range.end) return;
    const snapped = this.text.snapped(range, { byWord: this.byWord });
    if (!isDone) return this.paint.cursor(snapped);
    if (snapped) this.moveBorder(side, snapped[side]);
    else this.show();
  }

  // The same string elsewhere --------------------------------------------------------------------

  #sameString() {
    if (!this.focused) return [];
    const { label } = this.focused;
    const places = this.text.occurrences(this.focused).map((each) => ({ ...this.there(each), label }));
    return places.filter((each) => !this.marks.conflicts(each).length);
  }

  #markSame() {
    const added = this.marks.add(this.#sameString());
    this.show();
    this.desk.say(added.length ? fill(this.words.marked, { n: added.length }) : this.words.noOthers);
  }

  // Suggestions ----------------------------------------------------------------------------------

  #accept() {
    const { suggested } = this;
    if (suggested) this.desk.decide(suggested);
    else this.desk.accept();
  }

  // Decide on the suggestion that has the focus, and go to the next one; without one, go to the first.
  #settle(does) {
    const [first] = this.all.filter(({ kind }) => kind === "suggested");
    if (this.focused?.kind !== "suggested") return first && this.focus(first);
    const { start } = this.focused;
    does(this.there(this.focused));
    const left = this.all.filter(({ kind }) => kind === "suggested");
    this.focus(left.find((each) => each.start >= start) ?? left[0] ?? null);
  }

  #take(mark) {
    this.marks.add([mark]);
  }

  #reject(mark) {
    this.marks.remove([], [mark]);
    this.desk.say(fill(this.words.rejected, { text: this.text.slice(this.here(mark, "suggested")) }));
  }

  #turnMode() {
    this.byWord = !this.byWord;
    const button = byId("span-mode");
    button.setAttribute("aria-pressed", String(!this.byWord));
    this.desk.say(this.byWord ? this.words.byWord : this.words.byCharacter);
  }

  #fromList(event) {
    const mark = this.list.markOf(event.target);
    if (mark) this.focus(mark);
  }

  // What keys act on -----------------------------------------------------------------------------

  // A step of the marks back (-1) or forth (1).
  step(by) {
    if (!(by < 0 ? this.marks.canUndo : this.marks.canRedo)) return this.desk.say(this.words.noStep);
    if (by < 0) this.marks.undo();
    else this.marks.redo();
    this.focused = null;
    this.show();
    this.desk.say(fill(by < 0 ? this.words.undone : this.words.redone, { n: this.marks.all.length }));
  }

  // The cursor has moved: whatever had the focus has it no more.
  moved() {
    const { range } = this.cursor;
    this.focused = null;
    this.paint.reveal(this.cursor.head);
    this.show();
    const marks = this.shown.filter(({ start, end }) => start <= range.start && range.end <= end);
    this.#announce([this.text.slice(range), ...marks.map((each) => this.called(each).name)].join(", "));
  }

  // Nothing is selected, chosen or waited for; returns whether anything was.
  escape() {
    if (!this.cursor.range && this.armed === null) return false;
    this.#arm(null);
    this.#clear();
    return true;
  }
}

answers.register("spans", new Spans());
