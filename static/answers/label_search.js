// Finding one of many labels: words in any order narrow the list, arrows move the highlight, Enter
// takes what is highlighted.

import { searchWith } from "./choices.js";

// What a decomposition does not take apart.
const ALIKE = { ß: "ss", ı: "i", ø: "o", ł: "l", đ: "d", æ: "ae", œ: "oe", þ: "th", ς: "σ" };

// Without case, accents and what is invisible, so that "Café" is found by "cafe" however either is
// encoded, and by what was copied from a page.
export const fold = (text) =>
  text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[\u0300-\u036f\u00ad\u200b\u200e\u200f\u2060\ufeff]/g, "")
    .replace(/[ßıøłđæœþς]/g, (letter) => ALIKE[letter]);

// A separator between words names nothing, unless there is nothing else.
export const termsOf = (query) => {
  const terms = fold(query).split(/\s+/).filter(Boolean);
  const named = terms.filter((term) => /[\p{L}\p{N}]/u.test(term));
  return named.length ? named : terms;
};

// The test of whether a folded name has all the words of a query.
export const finds = (query) => {
  const terms = termsOf(query);
  return (name) => terms.every((term) => name.includes(term));
};

const nameOf = (choice) => choice.closest("li").querySelector(".choice-name").textContent.trim();

export class LabelSearch {
  #highlighted = null;
  #isOpen = false;

  // `pick(choice)` takes a label, `accept` saves; `told(number, name)` says how many were found, null
  // where nothing is searched, and which one Enter takes. `multiple`: taking one is not the end.
  constructor({ input, choices, multiple, pick, accept, told }) {
    Object.assign(this, { input, multiple, pick, accept, told });
    this.list = document.querySelector(".choice-list");
    this.#know(choices);
    input.addEventListener("input", () => this.#narrow());
    input.addEventListener("keydown", (event) => this.#fromInput(event));
    input.addEventListener("focus", () => (this.#isOpen = true));
    this.list.addEventListener("keydown", (event) => this.#fromList(event));
    this.list.addEventListener("focusin", (event) => this.#follow(event.target));
    this.list.addEventListener("focusout", (event) => this.#leaveList(event.relatedTarget));
  }

  // The labels were made anew.
  take(choices) {
    this.#know(choices);
    this.#highlighted = null;
    this.#narrow();
  }

  #know(choices) {
    this.choices = choices;
    this.names = new Map(choices.map((choice) => [choice, fold(nameOf(choice))]));
  }

  get query() {
    return this.input.value;
  }

  set query(query) {
    if (query === this.input.value) return;
    this.input.value = query;
    this.#narrow();
  }

  get #hits() {
    return this.choices.filter((choice) => !choice.closest("li").hidden);
  }

  // Narrowing -----------------------------------------------------------------------------------

  #narrow() {
    const isSearched = termsOf(this.query).length > 0;
    const isFound = finds(this.query);
    // The list keeps its height while it is searched, or the item above it would jump.
    const { style } = this.list;
    style.minBlockSize = isSearched ? style.minBlockSize || `${this.list.getBoundingClientRect().height}px` : "";
    this.list.classList.toggle("searched", isSearched);
    for (const choice of this.choices) {
      choice.closest("li").hidden = !isFound(this.names.get(choice));
    }
    this.#highlight(isSearched ? (this.#hits[0] ?? null) : null);
    this.#tell(isSearched);
  }

  #tell(isSearched) {
    const hits = this.#hits;
    this.told(isSearched ? hits.length : null, hits.length ? nameOf(hits[0]) : "");
  }

  #highlight(choice) {
    this.#highlighted?.closest(".choice").classList.remove("highlighted");
    this.#highlighted = choice;
    choice?.closest(".choice").classList.add("highlighted");
    choice?.closest("li").scrollIntoView({ block: "nearest" });
  }

  // Keys ----------------------------------------------------------------------------------------

  #fromInput(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const does = {
      ArrowDown: () => this.#into(1),
      ArrowUp: () => this.#into(-1),
      Enter: () => event.repeat || this.#take(),
      Escape: () => this.leave(),
    }[event.key];
    // The key of the search, pressed again in it, as between labels that are searched one after the other.
    if (!does && !(event.key === "/" && this.query === "")) return;
    event.preventDefault();
    does?.();
  }

  // What is highlighted is seen already, so an arrow goes to the one beside it.
  #into(by) {
    const hits = this.#hits;
    const at = hits.indexOf(this.#highlighted);
    const next = at < 0 ? (by > 0 ? 0 : hits.length - 1) : at + by;
    if (next < 0) return;
    hits[Math.min(next, hits.length - 1)]?.focus();
  }

  #take() {
    if (!this.query.trim()) return this.multiple ? this.accept() : undefined;
    const choice = this.#highlighted;
    if (!choice) return;
    this.query = "";
    // Several labels are searched one after the other.
    if (!this.multiple) this.leave();
    this.pick(choice);
  }

  #fromList(event) {
    if (!this.#isOpen || event.isComposing || !this.choices.includes(event.target)) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const does = {
      ArrowDown: () => this.#step(1),
      ArrowUp: () => this.#step(-1),
      Home: () => this.#hits[0].focus(),
      End: () => this.#hits.at(-1).focus(),
      Enter: () => event.repeat || this.#takeFocused(event.target),
      Escape: () => this.input.focus(),
    }[event.key];
    if (does) {
      event.preventDefault();
      event.stopPropagation();
      return does();
    }
    if ((event.key.length > 1 && event.key !== "Backspace") || event.key === " ") return;
    // Who types on searches on; the letter goes where the focus is by then.
    event.stopPropagation();
    this.input.focus();
  }

  #step(by) {
    const hits = this.#hits;
    const at = hits.indexOf(document.activeElement) + by;
    if (at < 0) return this.input.focus();
    hits[Math.min(at, hits.length - 1)].focus();
  }

  #takeFocused(choice) {
    if (!this.multiple) this.leave();
    this.pick(choice);
  }

  #follow(element) {
    if (this.#isOpen && this.choices.includes(element)) this.#highlight(element);
  }

  #leaveList(to) {
    if (to === this.input || this.list.contains(to)) return;
    this.#isOpen = false;
    this.#highlight(null);
  }

  // Show all labels again and give the keys back to the desk.
  leave() {
    this.#isOpen = false;
    this.query = "";
    this.#highlight(null);
    document.activeElement.blur();
  }
}

searchWith(LabelSearch);
