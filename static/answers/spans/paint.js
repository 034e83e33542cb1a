// Marks on the screen: boxes that lie over the text and follow its lines. The text itself stays one
// node, so that offsets are places in it, a label changes no word order, and copying copies the text.

export const TONES = 8;
export const LINES = ["solid", "double", "dotted", "thick"];

const LINE_STEP_PX = 3; // how much lower the line of a mark within another one is
const LEAST_TAG_PX = 14;
const BAND_PX = 600;

// Of one line there are several places where the browser lays out its parts by themselves, such as the
// space at its end.
const touches = (one, other) =>
  Math.abs(one.top - other.top) < 1 &&
  Math.max(one.left, other.left) - Math.min(one.left + one.width, other.left + other.width) < 1;

const widen = (rect, { left, width }) => {
  const right = Math.max(rect.left + rect.width, left + width);
  rect.left = Math.min(rect.left, left);
  rect.width = right - rect.left;
};

const element = (className) => {
  const made = document.createElement("span");
  made.className = className;
  return made;
};

const lay = (made, { left, top, width, height }) => {
  made.style.cssText = `left:${left}px;top:${top}px;width:${width}px;height:${height}px`;
  return made;
};

// How a label looks, by its place among the labels: a colour and a line, so that neither is alone.
export const dress = (made, place) => {
  made.dataset.tone = place % TONES;
  made.dataset.line = LINES[Math.floor(place / TONES + place) % LINES.length];
};

export class Paint {
  #layer = element("span-layer");
  #shown = new Map(); // by key: the mark, its boxes, and where they lie
  #cursor = [];
  #handles = [];
  #bands = new Map(); // by number, from the top: what holds the boxes that begin in it
  #last = null; // the list of marks that is shown
  #bright = []; // the boxes of the mark that has the focus
  #node = null;

  // `labels` gives the name and the place of a label; `scroller` is what the text scrolls in.
  constructor({ box, scroller, labels }) {
    Object.assign(this, { box, scroller, labels });
    this.#layer.setAttribute("aria-hidden", "true");
    this.#handles = ["start", "end"].map((side) => {
      const handle = element("span-handle");
      handle.dataset.side = side;
      handle.hidden = true;
      return handle;
    });
    // Another width or size of letters moves every line.
    new ResizeObserver(() => this.again()).observe(box);
  }

  get node() {
    return this.#node;
  }

  // A new text is shown: nothing of the last one stays.
  begin() {
    this.#node = this.box.firstChild;
    this.#shown.clear();
    this.#bands.clear();
    this.#cursor = [];
    this.#bright = [];
    this.#last = null;
    this.#layer.replaceChildren(...this.#handles);
    for (const handle of this.#handles) handle.hidden = true;
    this.box.append(this.#layer);
  }

  // Measure and paint everything anew.
  again() {
    const marks = [...(this.#last ?? [])];
    for (const { boxes } of this.#shown.values()) boxes.forEach((each) => each.remove());
    this.#shown.clear();
    this.marks(marks, this.focused);
    if (this.cursorRange) this.cursor(this.cursorRange);
  }

  // Marks are in units of the browser and in order, each with a key and a kind: made or suggested.
  marks(marks, focused = null) {
    if (marks === this.#last) return this.focus(focused);
    this.#last = marks;
    const wanted = new Map(marks.map((mark) => [mark.key, mark]));
    for (const [key, { boxes }] of this.#shown) {
      if (wanted.has(key)) continue;
      boxes.forEach((each) => each.remove());
      this.#shown.delete(key);
    }
    const fresh = [...wanted].filter(([key]) => !this.#shown.has(key));
    this.#place(fresh);
    this.#levels();
    this.#tags();
    this.focus(focused);
  }

  // Read every place before anything is written, so that the page is laid out once.
  #place(fresh) {
    if (!fresh.length) return;
    const origin = this.box.getBoundingClientRect();
    const found = fresh.map(([key, mark]) => [key, mark, this.#rects(mark, origin)]);
    for (const [key, mark, rects] of found) {
      const boxes = rects.map((rect) => this.#box(mark, rect));
      this.#shown.set(key, { mark, rects, boxes });
    }
  }

  // A step lays out and paints the boxes of one band anew, not those of the whole text.
  #band(number) {
    const found = this.#bands.get(number);
    if (found) return found;
    const band = element("span-band");
    band.style.top = `${number * BAND_PX}px`;
    this.#bands.set(number, band);
    this.#layer.append(band);
    return band;
  }

  #rects({ start, end }, origin) {
    if (!this.#node) return [];
    const range = document.createRange();
    range.setStart(this.#node, start);
    range.setEnd(this.#node, Math.min(end, this.#node.length));
    const rects = [];
    for (const { left, top, width, height } of range.getClientRects()) {
      if (width <= 0) continue;
      const rect = { left: left - origin.left, top: top - origin.top, width, height };
      const last = rects.at(-1);
      if (last && touches(last, rect)) widen(last, rect);
      else rects.push(rect);
    }
    return rects;
  }

  #box(mark, { left, top, width, height }) {
    const made = element(`span-mark ${mark.kind}`);
    const { name, place } = this.labels(mark);
    made.dataset.name = name;
    dress(made, place);
    const number = Math.floor(top / BAND_PX);
    lay(made, { left, top: top - number * BAND_PX, width, height });
    this.#band(number).append(made);
    return made;
  }

  // A mark within another one, or across it, has its line below the other's.
  #levels() {
    const open = [];
    for (const each of this.#last.map(({ key }) => this.#shown.get(key))) {
      for (let n = 0; n < open.length; n += 1) if (open[n] && open[n].end <= each.mark.start) open[n] = null;
      let level = open.findIndex((taken) => !taken);
      if (level < 0) level = open.length;
      open[level] = each.mark;
      if (each.level === level) continue;
      each.level = level;
      for (const box of each.boxes) box.style.setProperty("--drop", `${level * LINE_STEP_PX}px`);
    }
  }

  // The name of a label stands above the first box, as wide as there is room before the next one.
  #tags() {
    const shown = [...this.#shown.values()].filter(({ rects }) => rects.length);
    shown.sort(({ rects: [a] }, { rects: [b] }) => a.top - b.top || a.left - b.left);
    for (const [n, each] of shown.entries()) {
      const [own] = each.rects;
      const next = shown[n + 1]?.rects[0];
      const gap = next && Math.abs(next.top - own.top) < own.height / 2 ? next.left - own.left - 2 : Infinity;
      const room = gap < LEAST_TAG_PX ? 0 : gap;
      if (each.room === room) continue;
      each.room = room;
      each.boxes[0].classList.toggle("first", room > 0);
      each.boxes[0].style.setProperty("--room", Number.isFinite(room) ? `${room}px` : "none");
    }
  }

  // Focus and cursor ----------------------------------------------------------------------------

  focus(mark) {
    this.focused = mark;
    const { rects = [], boxes = [] } = (mark && this.#shown.get(mark.key)) ?? {};
    for (const box of this.#bright) if (!boxes.includes(box)) box.classList.remove("focused");
    for (const box of boxes) box.classList.add("focused");
    this.#bright = boxes;
    const isMovable = rects.length > 0 && mark.kind === "made";
    const ends = isMovable ? [rects[0], rects.at(-1)] : [];
    this.#handles.forEach((handle, n) => {
      handle.hidden = !isMovable;
      if (!isMovable) return;
      const { left, top, width, height } = ends[n];
      const x = (n === 0) === this.isLeftToRight(mark) ? left : left + width;
      Object.assign(handle.style, { left: `${x}px`, top: `${top}px`, height: `${height}px` });
    });
  }

  isLeftToRight = () => true;

  cursor(range) {
    this.cursorRange = range;
    this.#cursor.forEach((each) => each.remove());
    const rects = range ? this.#rects(range, this.box.getBoundingClientRect()) : [];
    this.#cursor = rects.map((rect) => lay(element("span-cursor"), rect));
    this.#layer.append(...this.#cursor);
  }

  // Scroll only as far as needed, and only the text.
  reveal({ start, end }) {
    const [rect] = this.#rects({ start, end }, { left: 0, top: 0 });
    if (!rect) return;
    const view = this.scroller.getBoundingClientRect();
    const margin = rect.height * 1.5;
    if (rect.top - margin < view.top) this.scroller.scrollTop += rect.top - margin - view.top;
    else if (rect.top + margin > view.bottom) this.scroller.scrollTop += rect.top + margin - view.bottom;
  }

  // Places --------------------------------------------------------------------------------------

  // The offset in the text at a point of the screen; null beside it.
  offsetAt(x, y) {
    const found = document.caretPositionFromPoint?.(x, y) ?? document.caretRangeFromPoint?.(x, y);
    const [node, offset] = [found?.offsetNode ?? found?.startContainer, found?.offset ?? found?.startOffset];
    return node === this.#node && node ? offset : null;
  }

  // The offset in the line above (-1) or below (1) a stretch.
  offsetInLine({ start, end }, by) {
    const [rect] = this.#rects({ start, end }, { left: 0, top: 0 });
    if (!rect) return null;
    const step = parseFloat(getComputedStyle(this.box).lineHeight) || rect.height;
    return this.offsetAt(rect.left + rect.width / 2, rect.top + rect.height / 2 + by * step);
  }

  // What the browser has selected in the text, in units; null if nothing is.
  get selected() {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    if (!range.intersectsNode(this.#node)) return null;
    const start = range.startContainer === this.#node ? range.startOffset : 0;
    const end = range.endContainer === this.#node ? range.endOffset : this.#node.length;
    return { start, end };
  }
}
