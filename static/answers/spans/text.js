// A text as the browser counts it, in UTF-16 units, and as the server does, in code points; where its
// words and its visible characters begin and end. No document, so node can test it.

const ASTRAL = /[\ud800-\udfff]/;
// White space, controls, and what takes no room: neither begins or ends a mark.
const BLANK = /[\s\p{Cc}\u200b-\u200f\u2060-\u2064\ufeff\u00ad\u061c\u202a-\u202e\u2066-\u206f]/u;
// Scripts that write no spaces: each character is a word of its own.
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD = /[\p{L}\p{N}\p{M}_]/u;
// Within a word only: a soft hyphen, joiners, an apostrophe, a point between digits.
const INNER = /[\u00ad\u200b-\u200d\u2060'’.·]/u;
// What word mode leaves out at the ends.
const EDGE = /[()[\]{}<>"'“”„‟‘’‚‛«»‹›,;،、，]/u;
const WINDOW = 80; // a visible character is shorter, so one is found within it

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export class SpanText {
  #units = null; // the unit at which each code point begins, where the two differ

  constructor(text) {
    this.text = text;
    if (ASTRAL.test(text)) this.#units = unitsOf(text);
  }

  get length() {
    return this.text.length;
  }

  // Code points to units, and back.
  unit(point) {
    return this.#units ? (this.#units[point] ?? this.text.length) : point;
  }

  point(unit) {
    if (!this.#units) return unit;
    let [low, high] = [0, this.#units.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#units[middle] < unit) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  slice({ start, end }) {
    return this.text.slice(start, end);
  }

  // The character at a unit, whole.
  #at(unit) {
    const code = this.text.codePointAt(unit);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  #before(unit) {
    const low = this.text.charCodeAt(unit - 1);
    const isPair = low >= 0xdc00 && low <= 0xdfff && unit > 1;
    return unit > 0 ? this.text.slice(unit - (isPair ? 2 : 1), unit) : "";
  }

  // Visible characters --------------------------------------------------------------------------

  // The visible character around a unit: [start, end]; both are the unit where it is a border.
  #around(unit) {
    if (unit <= 0 || unit >= this.length) return [unit, unit];
    let from = Math.max(0, unit - WINDOW);
    if (/[\udc00-\udfff]/.test(this.text[from])) from -= 1;
    const near = this.text.slice(from, unit + WINDOW);
    const { index, segment } = graphemes.segment(near).containing(unit - from);
    const start = from + index;
    return start === unit ? [unit, unit] : [start, start + segment.length];
  }

  // The stretch with whole visible characters at both ends.
  whole({ start, end }) {
    return { start: this.#around(start)[0], end: this.#around(end)[1] };
  }

  next(unit) {
    if (unit >= this.length) return this.length;
    return this.#around(unit + 1)[1];
  }

  previous(unit) {
    return unit <= 0 ? 0 : this.#around(unit - 1)[0];
  }

  // Words ---------------------------------------------------------------------------------------

  #isWord(character) {
    return character !== "" && WORD.test(character) && !UNSPACED.test(character);
  }

  // Whether a word goes on across a unit.
  #joins(unit) {
    if (unit <= 0 || unit >= this.length) return false;
    const [left, right] = [this.#before(unit), this.#at(unit)];
    if (this.#isWord(left) && this.#isWord(right)) return true;
    if (INNER.test(left)) return this.#isWord(right) && this.#isWord(this.#before(unit - left.length));
    return INNER.test(right) && this.#isWord(left) && this.#isWord(this.#at(unit + right.length));
  }

  // The word, or else the visible character, that begins at or contains a unit; null for a blank.
  wordAt(unit) {
    if (unit < 0 || unit >= this.length || BLANK.test(this.#at(unit))) {
      const isInside = this.#joins(unit);
      if (!isInside) return null;
    }
    let [start, end] = [unit, unit + (this.#at(unit).length || 1)];
    while (this.#joins(start)) start -= this.#before(start).length;
    while (this.#joins(end)) end += this.#at(end).length;
    return this.whole({ start, end });
  }

  // The words beside a unit; null at the ends of the text.
  wordAfter(unit) {
    for (let at = unit; at < this.length; at += this.#at(at).length) {
      const word = this.wordAt(at);
      if (word && word.start >= unit) return word;
    }
    return null;
  }

  wordBefore(unit) {
    for (let at = unit; at > 0; ) {
      at -= this.#before(at).length;
      const word = this.wordAt(at);
      if (word && word.end <= unit) return word;
    }
    return null;
  }

  // Selections ----------------------------------------------------------------------------------

  // Without blanks at its ends; null if nothing else is left.
  trimmed({ start, end }) {
    while (start < end && BLANK.test(this.#at(start))) start += this.#at(start).length;
    while (end > start && BLANK.test(this.#before(end))) end -= this.#before(end).length;
    return start < end ? { start, end } : null;
  }

  // What a selection means: whole words without what touches them, or visible characters.
  snapped(selected, { byWord }) {
    const ordered = { start: Math.min(selected.start, selected.end), end: Math.max(selected.start, selected.end) };
    const kept = this.trimmed(ordered);
    if (!kept) return null;
    const found = this.trimmed(this.whole(kept));
    return byWord && found ? this.#toWords(found) : found;
  }

  #toWords(selected) {
    let { start, end } = selected;
    while (this.#joins(start)) start -= this.#before(start).length;
    while (this.#joins(end)) end += this.#at(end).length;
    const bare = this.#bare({ start, end });
    return this.whole(bare ?? { start, end });
  }

  // Without brackets, quotes and commas at the ends; null if there is nothing else.
  #bare({ start, end }) {
    const isLeft = (character) => EDGE.test(character) || BLANK.test(character);
    while (start < end && isLeft(this.#at(start))) start += this.#at(start).length;
    while (end > start && isLeft(this.#before(end))) end -= this.#before(end).length;
    return start < end ? { start, end } : null;
  }

  // Whether a stretch begins and ends where words do.
  areWords({ start, end }) {
    return !this.#joins(start) && !this.#joins(end);
  }

  // The other places of a stretch's string, as whole words.
  occurrences({ start, end }) {
    const wanted = this.slice({ start, end });
    const found = [];
    for (let at = this.text.indexOf(wanted); at >= 0; at = this.text.indexOf(wanted, at + wanted.length)) {
      const place = { start: at, end: at + wanted.length };
      if (at !== start && this.areWords(place)) found.push(place);
    }
    return found;
  }
}

const unitsOf = (text) => {
  const units = new Uint32Array(text.length + 1);
  let points = 0;
  for (let unit = 0; unit < text.length; points += 1) {
    units[points] = unit;
    unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
  }
  units[points] = text.length;
  return units.slice(0, points + 1);
};

const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

// Whether the paragraph around a unit runs from right to left: its first strong character says so.
export const isRightToLeft = (text, unit) => {
  const start = text.lastIndexOf("\n", unit - 1) + 1;
  const end = text.indexOf("\n", unit);
  const strong = /\p{L}/u.exec(text.slice(start, end < 0 ? text.length : end));
  return strong !== null && RIGHT_TO_LEFT.test(strong[0]);
};

// What is selected by keys: from one word, or character, to another, where the last step led.
export class Cursor {
  #anchor = null;
  #head = null;

  constructor(text) {
    this.text = text;
  }

  get range() {
    if (!this.#head) return null;
    return {
      start: Math.min(this.#anchor.start, this.#head.start),
      end: Math.max(this.#anchor.end, this.#head.end),
    };
  }

  get head() {
    return this.#head;
  }

  clear() {
    this.#anchor = this.#head = null;
  }

  set(range) {
    this.#anchor = this.#head = range;
  }

  // Go one step on (1) or back (-1), from `from` where nothing is selected; returns whether it could.
  step(by, { extends: isExtending, byWord, from = by > 0 ? 0 : this.text.length }) {
    const at = this.#head ?? { start: from, end: from };
    const found = byWord ? this.#word(by, at) : this.#character(by, at);
    if (!found) return false;
    this.#head = found;
    if (!isExtending || !this.#anchor) this.#anchor = found;
    return true;
  }

  #word(by, at) {
    return by > 0 ? this.text.wordAfter(at.end) : this.text.wordBefore(at.start);
  }

  #character(by, at) {
    const isEnd = by > 0 ? at.end >= this.text.length : at.start <= 0;
    if (isEnd) return null;
    return by > 0
      ? { start: at.end, end: this.text.next(at.end) }
      : { start: this.text.previous(at.start), end: at.start };
  }

  // The head goes to a stretch, such as a word in another line.
  to(range, isExtending) {
    this.#head = range;
    if (!isExtending || !this.#anchor) this.#anchor = range;
  }
}
