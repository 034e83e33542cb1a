// What the viewer is made of: loading images, their position and zoom, brightness and contrast, and
// gestures.

const AT_ONCE = 2; // images that are loaded ahead at the same time
const LEAST_REACH = 8; // minimum zoom limit, relative to the fitted size
const CLOSEST = 16; // screen pixels per image pixel, if that allows more
const LARGEST_FIT = 12; // the same limit for fitting a tiny image
const LIGHT_STEP = 1.25;
const DARKEST = -4; // steps
const BRIGHTEST = 7;
const PAN_SHARE = 0.15; // of the box, per step
const SLOP = 4; // a pointer that moves less is still a click
const DOUBLE_MS = 350;
const DOUBLE_NEAR = 24;

// Preloading ------------------------------------------------------------------------------------

// Preloads a few images at a time, and none while the current one is loading.
export class Preloader {
  #waiting = [];
  #images = new Map();
  #decoded = new WeakSet();
  #loading = 0;
  #isHeld = false;

  want(urls) {
    for (const url of this.#images.keys()) if (!urls.includes(url)) this.#images.delete(url);
    this.#waiting = [...new Set(urls)].filter((url) => !this.#images.has(url));
    this.#go();
  }

  take(url) {
    this.#waiting = this.#waiting.filter((each) => each !== url);
    const image = this.#images.get(url) ?? null;
    this.#images.delete(url);
    return image;
  }

  // Whether it can be painted at once, because it is decoded.
  isReady(image) {
    return this.#decoded.has(image);
  }

  hold(isHeld) {
    this.#isHeld = isHeld;
    this.#go();
  }

  #go() {
    while (!this.#isHeld && this.#loading < AT_ONCE && this.#waiting.length) {
      this.#load(this.#waiting.shift());
    }
  }

  async #load(url) {
    const image = imageOf(url, "low");
    this.#images.set(url, image);
    this.#loading += 1;
    // A failed image is requested once more when it is shown.
    if (await canPaint(image)) this.#decoded.add(image);
    else if (this.#images.get(url) === image) this.#images.delete(url);
    this.#loading -= 1;
    this.#go();
  }
}

export const imageOf = (url, priority) => {
  const image = new Image();
  image.fetchPriority = priority;
  image.className = "picture-image";
  image.draggable = false;
  // Decode synchronously, so that it is painted in the frame in which it is inserted.
  image.decoding = "sync";
  image.src = url;
  return image;
};

export const canPaint = (image) => image.decode().then(() => true, () => false);

// The server never enlarges: an image smaller than the requested size is the original.
export const isWhole = (image, url) => {
  const size = Number(new URL(url, document.baseURI).searchParams.get("size"));
  return size > 0 && Math.max(image.naturalWidth, image.naturalHeight) < size;
};

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// Position --------------------------------------------------------------------------------------

// All sizes but the image's own are in screen pixels. Sizes and offsets are [x, y].
export class View {
  #room = [0, 0];
  #size = [1, 1];
  #zoom = 1; // relative to the fitted size
  #turn = 0;
  #pan = [0, 0]; // from the middle of the box to the middle of the image

  get zoom() {
    return this.#zoom;
  }

  get zoomed() {
    return this.#zoom > 1;
  }

  get turn() {
    return this.#turn;
  }

  get scale() {
    return this.#fit() * this.#zoom;
  }

  // The largest zoom.
  get reach() {
    return Math.max(LEAST_REACH, CLOSEST / this.#fit());
  }

  // The zoom that shows image pixels one to one; at least 2, if the fitted image shows them
  // already.
  get actual() {
    return Math.max(2, 1 / this.#fit());
  }

  reset() {
    this.#zoom = 1;
    this.#turn = 0;
    this.#pan = [0, 0];
  }

  // The original replaces its thumbnail: larger, but fitted into the same box.
  take(width, height) {
    this.#size = [width, height];
    this.#keepInside();
  }

  resize(width, height) {
    this.#keepMiddle(() => (this.#room = [width, height]));
  }

  rotate() {
    this.#keepMiddle(() => {
      this.#turn = (this.#turn + 90) % 360;
      this.#pan = [-this.#pan[1], this.#pan[0]];
    });
  }

  zoomTo(zoom, at = [0, 0]) {
    const reached = clamp(zoom, 1, this.reach);
    // Zooming in and out again must end at exactly 1, whatever the rounding.
    const next = reached < 1.001 ? 1 : reached;
    const grown = next / this.#zoom;
    this.#pan = this.#pan.map((offset, axis) => at[axis] - (at[axis] - offset) * grown);
    this.#zoom = next;
    this.#keepInside();
  }

  panBy(x, y) {
    this.#pan = [this.#pan[0] + x, this.#pan[1] + y];
    this.#keepInside();
  }

  step(x, y) {
    this.panBy(x * PAN_SHARE * this.#room[0], y * PAN_SHARE * this.#room[1]);
  }

  // For an image in the upper left corner, rotated about its middle.
  transform() {
    const sides = this.#sides();
    const move = sides.map((side, axis) => {
      // Align edges to whole pixels, or an image at actual size would be blurred.
      const edge = Math.round((this.#room[axis] - side) / 2 + this.#pan[axis]);
      return `${edge + (side - this.#size[axis]) / 2}px`;
    });
    return `translate(${move.join(", ")}) rotate(${this.#turn}deg) scale(${this.scale})`;
  }

  #fit() {
    const [width, height] = this.#turned();
    return Math.min(this.#room[0] / width, this.#room[1] / height, LARGEST_FIT) || 1;
  }

  #turned() {
    return this.#turn % 180 ? [...this.#size].reverse() : this.#size;
  }

  #sides() {
    return this.#turned().map((side) => side * this.scale);
  }

  #keepMiddle(change) {
    const before = this.#fit();
    change();
    const grown = this.#fit() / before;
    this.#pan = this.#pan.map((offset) => offset * grown);
    this.#keepInside();
  }

  #keepInside() {
    const sides = this.#sides();
    this.#pan = this.#pan.map((offset, axis) => {
      const most = Math.max(0, (sides[axis] - this.#room[axis]) / 2);
      return clamp(offset, -most, most);
    });
  }
}

// Brightness and contrast -----------------------------------------------------------------------

// Dark images come in series, so the setting stays for the session, on this page only.
export class Light {
  #key = `winnow.light:${location.pathname}`;
  #steps = { brightness: 0, contrast: 0 };

  constructor() {
    for (const [name, step] of Object.entries(this.#kept())) {
      if (Object.hasOwn(this.#steps, name)) this.#set(name, Number(step) || 0);
    }
  }

  get adjusted() {
    return Object.values(this.#steps).some(Boolean);
  }

  get filter() {
    if (!this.adjusted) return "none";
    return Object.keys(this.#steps).map((name) => `${name}(${this.percent(name)}%)`).join(" ");
  }

  percent(name) {
    return Math.round(100 * LIGHT_STEP ** this.#steps[name]);
  }

  can(name, by) {
    return by < 0 ? this.#steps[name] > DARKEST : this.#steps[name] < BRIGHTEST;
  }

  change(name, by) {
    this.#set(name, this.#steps[name] + by);
    this.#keep();
  }

  reset() {
    this.#steps = { brightness: 0, contrast: 0 };
    this.#keep();
  }

  #set(name, step) {
    this.#steps[name] = clamp(Math.round(step), DARKEST, BRIGHTEST);
  }

  // A browser may refuse storage; then the setting lasts as long as the page.
  #kept() {
    try {
      return JSON.parse(sessionStorage.getItem(this.#key)) ?? {};
    } catch {
      return {};
    }
  }

  #keep() {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(this.#steps));
    } catch {}
  }
}

// Mouse, touch and wheel ------------------------------------------------------------------------

export class Gestures {
  #viewer;
  #box;
  #fingers = new Map();
  #start = null;
  #pinch = null;
  #moved = false;
  #tap = null;

  constructor(viewer, box, signal) {
    this.#viewer = viewer;
    this.#box = box;
    const on = (name, does) => box.addEventListener(name, does, { signal, passive: false });
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", (event) => this.#up(event));
    on("click", (event) => this.#click(event));
    on("wheel", (event) => this.#wheel(event));
    // Otherwise the browser scrolls with two fingers, and cancels the pointers.
    for (const name of ["touchstart", "touchmove"]) {
      on(name, (event) => event.touches.length > 1 && event.cancelable && event.preventDefault());
    }
  }

  #down(event) {
    if (event.button !== 0 || event.target.closest("button")) return;
    if (!this.#fingers.size) {
      this.#moved = false;
      this.#start = this.#at(event);
    }
    this.#fingers.set(event.pointerId, this.#at(event));
    this.#beginPinch();
  }

  #beginPinch() {
    const isPinch = this.#fingers.size === 2;
    this.#pinch = isPinch ? { spread: this.#spread(), zoom: this.#viewer.zoom } : null;
  }

  #move(event) {
    const before = this.#fingers.get(event.pointerId);
    if (!before) return;
    // The button was released outside the box.
    if (!event.buttons) return this.#up(event);
    const now = this.#at(event);
    const middle = this.#middle();
    this.#fingers.set(event.pointerId, now);
    if (this.#pinch) this.#pinchFrom(middle);
    else if (this.#isDrag(now)) this.#viewer.panBy(now[0] - before[0], now[1] - before[1]);
    else return;
    this.#moved = true;
    event.preventDefault();
    this.#box.setPointerCapture(event.pointerId);
  }

  #isDrag(now) {
    if (this.#fingers.size !== 1 || !this.#viewer.zoomed) return false;
    return this.#moved || apart(now, this.#start) > SLOP;
  }

  #pinchFrom(before) {
    const middle = this.#middle();
    this.#viewer.panBy(middle[0] - before[0], middle[1] - before[1]);
    const grown = this.#spread() / Math.max(1, this.#pinch.spread);
    this.#viewer.zoomTo(this.#pinch.zoom * grown, middle);
  }

  #up(event) {
    if (!this.#fingers.delete(event.pointerId)) return;
    if (this.#moved) event.preventDefault();
    this.#pinch = null;
  }

  #click(event) {
    if (this.#moved || event.target.closest("button")) return;
    const tap = { at: this.#at(event), time: event.timeStamp };
    const isSecond = this.#tap !== null && isDouble(this.#tap, tap);
    this.#tap = isSecond ? null : tap;
    if (isSecond) this.#viewer.tell(this.#viewer.toggleZoom(tap.at));
  }

  #wheel(event) {
    // Zooming out of a fitted image does nothing, so the page may scroll instead.
    if (event.deltaY > 0 && !this.#viewer.zoomed) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 16;
    const grown = Math.exp(-clamp(event.deltaY * lines, -200, 200) * 0.002);
    this.#viewer.zoomTo(this.#viewer.zoom * grown, this.#at(event));
  }

  // Relative to the middle of the box, like the image.
  #at(event) {
    const { left, top, width, height } = this.#box.getBoundingClientRect();
    return [event.clientX - left - width / 2, event.clientY - top - height / 2];
  }

  #middle() {
    const points = [...this.#fingers.values()];
    return [0, 1].map((axis) => points.reduce((sum, at) => sum + at[axis], 0) / points.length);
  }

  #spread() {
    const [one, other] = this.#fingers.values();
    return apart(one, other);
  }
}

const apart = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);

const isDouble = (first, second) =>
  second.time - first.time < DOUBLE_MS && apart(first.at, second.at) < DOUBLE_NEAR;
