// The marks of an item, with every step undone and redone: made, removed, relabelled, moved, in bulk,
// and suggestions rejected. A mark is { start, end, label }, in code points, as the server counts, with
// an attribute where it has one. Nothing is painted here.

const MOST_STEPS = 200;

const inOrder = (one, other) => one.start - other.start || other.end - one.end || one.label - other.label;

export const isSame = (one, other) =>
  one.start === other.start && one.end === other.end && one.label === other.label;

// What a mark is called on the screen, by its kind as well.
export const keyOf = ({ start, end, label, attribute, kind }) => `${kind}/${start}/${end}/${label}/${attribute ?? ""}`;

export const overlaps = (one, other) => one.start < other.end && other.start < one.end;

const holds = (one, other) => one.start <= other.start && other.end <= one.end;

// Whether two marks may both be there: `overlap` is none, nested or any.
export const mayBoth = (one, other, overlap) => {
  if (isSame(one, other)) return false;
  if (overlap === "any" || !overlaps(one, other)) return true;
  return overlap === "nested" && (holds(one, other) || holds(other, one));
};

export class Marks {
  #steps = [{ all: [], rejected: [] }]; // states, oldest first
  #at = 0;
  #longest = [[], 0]; // of a state: the longest mark

  constructor({ overlap = "none" } = {}) {
    this.overlap = overlap;
  }

  get all() {
    return this.#steps[this.#at].all;
  }

  // The suggestions that are rejected.
  get rejected() {
    return this.#steps[this.#at].rejected;
  }

  // Start anew, without anything to undo.
  reset(marks, rejected = []) {
    this.#steps = [{ all: [...marks].sort(inOrder), rejected }];
    this.#at = 0;
  }

  #become(marks, rejects = []) {
    this.#steps.length = this.#at + 1;
    const rejected = rejects.length ? [...this.rejected, ...rejects] : this.rejected;
    this.#steps.push({ all: marks.sort(inOrder), rejected });
    if (this.#steps.length > MOST_STEPS) this.#steps.shift();
    this.#at = this.#steps.length - 1;
  }

  get canUndo() {
    return this.#at > 0;
  }

  get canRedo() {
    return this.#at < this.#steps.length - 1;
  }

  undo() {
    if (this.canUndo) this.#at -= 1;
    return this.all;
  }

  redo() {
    if (this.canRedo) this.#at += 1;
    return this.all;
  }

  // In every step, keep only such marks.
  keep(isKept) {
    this.#steps = this.#steps.map(({ all, rejected }) => ({ all: all.filter(isKept), rejected }));
  }

  // The marks that stand in the way of one. Only those nearby are looked at, as texts have hundreds.
  conflicts(mark, but = null) {
    const { all } = this;
    const found = [];
    for (let n = this.#firstAfter(mark.start - this.#mostLength); n < all.length; n += 1) {
      if (all[n].start > mark.end) break;
      if (all[n] !== but && !mayBoth(all[n], mark, this.overlap)) found.push(all[n]);
    }
    return found;
  }

  get #mostLength() {
    const { all } = this;
    if (this.#longest[0] !== all) {
      this.#longest = [all, all.reduce((most, { start, end }) => Math.max(most, end - start), 0)];
    }
    return this.#longest[1];
  }

  // The place of the first mark that starts there or later.
  #firstAfter(start) {
    let [low, high] = [0, this.all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.all[middle].start < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Returns what was added: marks that may not be there beside others are left out. `rejects` are
  // suggestions that go in the same step.
  add(marks, rejects = []) {
    const added = [];
    for (const mark of marks) {
      const isFree = !this.conflicts(mark).length && added.every((each) => mayBoth(each, mark, this.overlap));
      if (isFree) added.push(mark);
    }
    if (added.length) this.#become([...this.all, ...added], rejects);
    return added;
  }

  remove(marks, rejects = []) {
    const left = this.all.filter((each) => !marks.some((mark) => isSame(each, mark)));
    if (left.length < this.all.length || rejects.length) this.#become(left, rejects);
  }

  // Another label or other borders for a mark; returns the changed one, null if it may not be.
  change(mark, changed) {
    const found = this.all.find((each) => isSame(each, mark));
    const next = { ...mark, ...changed };
    if (!found || next.start >= next.end || this.conflicts(next, found).length) return null;
    if (!isSame(found, next) || found.attribute !== next.attribute) this.#become(this.all.map((each) => (each === found ? next : each)));
    return next;
  }

  // The marks at an offset, the innermost first.
  at(offset) {
    const found = this.all.filter(({ start, end }) => start <= offset && offset < end);
    return found.sort((one, other) => one.end - one.start - (other.end - other.start));
  }
}

// Suggestions: what a model thinks is there, until each is accepted, changed or rejected.
export class Suggestions {
  constructor(given = []) {
    this.given = given;
  }

  // Those that still wait beside the marks: none that is there already, or stands in its way.
  pending(marks) {
    const isRejected = (each) => marks.rejected.some((gone) => isSame(gone, each));
    return this.given.filter((each) => !isRejected(each) && !marks.conflicts(each).length);
  }
}
