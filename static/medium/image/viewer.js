// Image viewer: fit, zoom, pan, rotate, brightness. It shows a thumbnail of screen size first, and
// loads the original when the user zooms in further.
//
//   const viewer = new Viewer(box, tools);
//   viewer.show({ url, original, width, alt }); // width: the original's, in pixels
//
// Every action returns { key, value }: what it did, for the page to announce (viewer.words formats it
// with the texts in the tools). Gestures and later results are reported by the event "picture:said"
// on the box. A pointer that moved the picture has its pointermove and pointerup default-prevented;
// the page handles all others, such as a swipe over a fitted picture.

import { media } from "../../labelling/registry.js";
import { fill } from "../../labelling/view.js";
import { Gestures, Light, Preloader, View, canPaint, imageOf, isWhole } from "./picture.js";

const STEP = 1.25;
const CRISP_FROM = 6; // screen pixels per image pixel from which pixels are shown as squares
const PATIENCE_MS = 150; // a faster load is not announced

// The viewer ------------------------------------------------------------------------------------

export class Viewer {
  #box;
  #tools;
  #words;
  #stage = document.createElement("div");
  #state = document.createElement("p");
  #view = new View();
  #light = new Light();
  #preloader = new Preloader();
  #gone = new AbortController();
  #asked = null;
  #copy = null;
  #original = null;
  #image = null; // the visible one of the two
  #isFetching = false;
  #timer = null;

  constructor(box, tools) {
    this.#box = box;
    this.#tools = tools ?? null;
    this.#words = { ...tools?.dataset, ...box.dataset };
    this.#furnish();
    this.#listen();
    this.clear();
  }

  get adjusted() {
    return this.#light.adjusted;
  }

  get zoomed() {
    return this.#view.zoomed;
  }

  get zoom() {
    return this.#view.zoom;
  }

  show(asked) {
    this.#empty();
    this.#asked = asked;
    this.#load(asked);
  }

  clear() {
    this.#empty();
    this.#preloader.hold(false);
  }

  preload(pictures) {
    this.#preloader.want(pictures.map(({ url }) => url));
  }

  unmount() {
    this.clear();
    this.#preloader.want([]);
    this.#gone.abort();
    this.#box.classList.remove("picture-box");
    this.#box.replaceChildren();
  }

  words({ key, value }) {
    const words = this.#words[`said${key[0].toUpperCase()}${key.slice(1)}`] ?? "";
    return words.replace("{n}", value);
  }

  tell(said) {
    this.#box.dispatchEvent(new CustomEvent("picture:said", { bubbles: true, detail: said }));
  }

  // Actions -------------------------------------------------------------------------------------

  zoomIn() {
    return this.zoomTo(this.zoom * STEP);
  }

  zoomOut() {
    return this.zoomTo(this.zoom / STEP);
  }

  fit() {
    return this.zoomTo(1);
  }

  rotate() {
    if (!this.#image) return { key: "none" };
    this.#view.rotate();
    this.#refresh();
    return { key: "turned", value: this.#view.turn };
  }

  brighter() {
    return this.#changeLight("brightness", 1);
  }

  darker() {
    return this.#changeLight("brightness", -1);
  }

  moreContrast() {
    return this.#changeLight("contrast", 1);
  }

  lessContrast() {
    return this.#changeLight("contrast", -1);
  }

  toggleOriginal() {
    if (!this.#image) return { key: "none" };
    if (!this.#hasMore()) return { key: "whole" };
    if (this.#isFetching || this.#image === this.#original) {
      this.#isFetching = false;
      this.#put(this.#copy);
      return { key: "copy" };
    }
    this.#fetchOriginal();
    return { key: "original" };
  }

  reset() {
    this.#light.reset();
    this.#view.reset();
    this.#refresh();
    return { key: "reset" };
  }

  // Toggle between the fitted image and actual size.
  toggleZoom(at) {
    if (!this.#image) return { key: "none" };
    if (this.zoomed) return this.fit();
    if (this.#isBest()) return this.zoomTo(this.#view.actual, at);
    this.#zoomOnceWhole(at);
    return { key: "original" };
  }

  zoomTo(zoom, at) {
    if (!this.#image) return { key: "none" };
    this.#view.zoomTo(zoom, at);
    this.#refresh();
    if (this.#isTooClose()) this.#fetchOriginal();
    return this.zoomed ? { key: "zoom", value: this.#percent() } : { key: "fit" };
  }

  panBy(x, y) {
    this.#view.panBy(x, y);
    this.#draw();
  }

  // Of the original's own size, whichever of the two is in sight.
  #percent() {
    const { naturalWidth } = this.#image;
    const whole = this.#isBest() ? naturalWidth : (this.#asked.width ?? naturalWidth);
    return Math.round((100 * this.#view.scale * naturalWidth) / whole);
  }

  #empty() {
    this.#asked = this.#copy = this.#original = this.#image = null;
    this.#isFetching = false;
    this.#stage.replaceChildren();
    this.#showState("empty");
    this.#view.reset();
    this.#refresh();
  }

  #changeLight(name, by) {
    this.#light.change(name, by);
    this.#refresh();
    return { key: name, value: this.#light.percent(name) };
  }

  // Loading -------------------------------------------------------------------------------------

  async #load(asked) {
    const image = this.#preloader.take(asked.url) ?? imageOf(asked.url, "high");
    // What was loaded and decoded ahead is there with the next frame.
    if (!this.#preloader.isReady(image)) {
      this.#showState("loading");
      this.#preloader.hold(true);
      const arrived = await canPaint(image);
      if (this.#asked !== asked) return;
      this.#preloader.hold(false);
      if (!arrived) return this.#fail();
    }
    this.#copy = image;
    this.#put(image);
    this.tell({ key: "shown" });
  }

  #fail() {
    this.#showState("failed");
    this.tell({ key: "failed" });
  }

  #again() {
    // The button goes, and its focus would go nowhere.
    if (this.#state.contains(document.activeElement)) this.#box.focus();
    this.show(this.#asked);
  }

  #put(image) {
    image.alt = this.#asked.alt ?? "";
    this.#image = image;
    this.#view.take(image.naturalWidth, image.naturalHeight);
    this.#stage.replaceChildren(image);
    this.#showState("shown");
    this.#refresh();
  }

  #hasMore() {
    const { url, original } = this.#asked;
    return Boolean(original) && original !== url && !isWhole(this.#copy, url);
  }

  #isTooClose() {
    if (this.#isFetching || this.#isBest()) return false;
    return this.zoomed && this.#view.scale * devicePixelRatio > 1;
  }

  // The copy stays in sight until the original can be painted in its place.
  async #fetchOriginal() {
    const asked = this.#asked;
    const image = this.#original ?? imageOf(asked.original, "high");
    this.#isFetching = true;
    this.#showState("fetching");
    this.#refresh();
    const arrived = await canPaint(image);
    if (this.#asked !== asked || !this.#isFetching) return;
    this.#isFetching = false;
    if (arrived) this.#original = image;
    this.#put(arrived ? image : this.#copy);
    this.tell({ key: arrived ? "originalShown" : "originalFailed" });
  }

  async #zoomOnceWhole(at) {
    const asked = this.#asked;
    await this.#fetchOriginal();
    if (this.#asked !== asked || this.zoomed) return;
    this.tell(this.zoomTo(this.#view.actual, at));
  }

  // Drawing -------------------------------------------------------------------------------------

  #draw() {
    if (!this.#image) return;
    const { naturalWidth: width, naturalHeight: height, style, classList } = this.#image;
    style.setProperty("inline-size", `${width}px`);
    style.setProperty("block-size", `${height}px`);
    style.setProperty("transform", this.#view.transform());
    // The squares of a copy would not be the picture's.
    classList.toggle("crisp", this.#view.scale >= CRISP_FROM && this.#isBest());
  }

  #isBest() {
    return this.#image === this.#original || !this.#hasMore();
  }

  #refresh() {
    this.#draw();
    this.#box.toggleAttribute("data-zoomed", this.zoomed);
    this.#stage.style.setProperty("filter", this.#light.filter);
    if (this.#tools) this.#showTools();
  }

  #showTools() {
    const can = this.#possible();
    this.#tools.toggleAttribute("data-adjusted", this.adjusted);
    for (const button of this.#tools.querySelectorAll("[data-picture]")) {
      // Not the attribute "disabled", which would take the focus from who presses it last.
      if (can[button.dataset.picture]) button.removeAttribute("aria-disabled");
      else button.setAttribute("aria-disabled", "true");
      if (button.dataset.picture !== "original") continue;
      const isOn = this.#isFetching || (this.#image !== null && this.#image === this.#original);
      button.setAttribute("aria-pressed", String(isOn));
    }
  }

  #possible() {
    const isThere = this.#image !== null;
    return {
      zoomIn: isThere && this.zoom < this.#view.reach,
      zoomOut: this.zoomed,
      fit: this.zoomed,
      rotate: isThere,
      brighter: isThere && this.#light.can("brightness", 1),
      darker: isThere && this.#light.can("brightness", -1),
      moreContrast: isThere && this.#light.can("contrast", 1),
      lessContrast: isThere && this.#light.can("contrast", -1),
      original: isThere && this.#hasMore(),
      reset: this.adjusted || this.zoomed || this.#view.turn !== 0,
    };
  }

  #showState(state) {
    clearTimeout(this.#timer);
    const [words, again] = this.#state.children;
    const isWaiting = state === "loading" || state === "fetching";
    this.#box.dataset.pictureState = state;
    this.#stage.setAttribute("aria-busy", String(isWaiting));
    words.textContent = state === "failed" ? (this.#words.failed ?? "") : "";
    again.hidden = state !== "failed";
    if (!isWaiting) return;
    this.#timer = setTimeout(() => (words.textContent = this.#words[state] ?? ""), PATIENCE_MS);
  }

  // The box and its tools -----------------------------------------------------------------------

  #furnish() {
    const words = document.createElement("span");
    const again = document.createElement("button");
    words.setAttribute("role", "status");
    again.type = "button";
    again.textContent = this.#words.again ?? "";
    this.#stage.className = "picture-stage";
    this.#state.className = "picture-state";
    this.#state.append(words, again);
    this.#box.classList.add("picture-box");
    if (!this.#box.hasAttribute("tabindex")) this.#box.tabIndex = 0;
    this.#box.replaceChildren(this.#stage, this.#state);
    again.addEventListener("click", () => this.#again());
  }

  #listen() {
    const { signal } = this.#gone;
    const size = new ResizeObserver(() => this.#measure());
    size.observe(this.#box);
    signal.addEventListener("abort", () => size.disconnect());
    this.#measure();
    this.#box.addEventListener("keydown", (event) => this.#panByKey(event), { signal });
    this.#tools?.addEventListener("click", (event) => this.#press(event), { signal });
    window.addEventListener("online", () => this.state === "failed" && this.#again(), { signal });
    new Gestures(this, this.#box, signal);
  }

  get state() {
    return this.#box.dataset.pictureState;
  }

  #measure() {
    this.#view.resize(this.#box.clientWidth, this.#box.clientHeight);
    this.#refresh();
  }

  #panByKey(event) {
    const ways = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const isOurs = this.zoomed && event.target === this.#box && Object.hasOwn(ways, event.key);
    if (!isOurs || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#view.step(...ways[event.key]);
    this.#draw();
  }

  #press(event) {
    const button = event.target.closest("[data-picture]");
    if (!button || button.getAttribute("aria-disabled") === "true") return;
    const action = ACTIONS[button.dataset.picture];
    if (action) this.tell(action(this));
  }
}

const ACTIONS = {
  zoomIn: (viewer) => viewer.zoomIn(),
  zoomOut: (viewer) => viewer.zoomOut(),
  fit: (viewer) => viewer.fit(),
  rotate: (viewer) => viewer.rotate(),
  brighter: (viewer) => viewer.brighter(),
  darker: (viewer) => viewer.darker(),
  moreContrast: (viewer) => viewer.moreContrast(),
  lessContrast: (viewer) => viewer.lessContrast(),
  original: (viewer) => viewer.toggleOriginal(),
  reset: (viewer) => viewer.reset(),
};

// At the desk -------------------------------------------------------------------------------------

const DESK_ACTIONS = {
  zoom_in: "zoomIn",
  zoom_out: "zoomOut",
  fit: "fit",
  rotate: "rotate",
  brighter: "brighter",
  darker: "darker",
  more_contrast: "moreContrast",
  less_contrast: "lessContrast",
  original: "original",
};

class ImageMedium {
  actions = {};

  mount({ config, say }) {
    this.config = config;
    const box = document.getElementById("item");
    this.viewer = new Viewer(box, document.getElementById("picture-tools"));
    const tell = (said) => {
      const words = this.viewer.words(said);
      if (words) say(words);
    };
    for (const [name, action] of Object.entries(DESK_ACTIONS)) {
      this.actions[name] = () => tell(ACTIONS[action](this.viewer));
    }
    box.addEventListener("picture:said", ({ detail }) => {
      if (detail.key === "shown") box.dispatchEvent(new CustomEvent("item:shown"));
      tell(detail);
    });
  }

  show(item) {
    this.viewer.show({ ...this.#sources(item), alt: this.announce(item) });
  }

  preload(items) {
    this.viewer.preload(items.map((item) => this.#sources(item)));
  }

  // The copy that the screen can show; the original only when it is asked for.
  #sources({ image_url: original, width }) {
    const pixels = Math.max(innerWidth, innerHeight) * devicePixelRatio;
    const sizes = this.config.image_sizes;
    const size = sizes.find((each) => each >= pixels) ?? sizes.at(-1);
    return { url: `${original}?size=${size}`, original, width };
  }

  announce(item) {
    return fill(this.config.words.item, item);
  }

  excerpt({ key }) {
    return key;
  }

  obstacle() {
    const { state } = this.viewer;
    return state === "loading" || state === "failed" ? state : null;
  }

  ownsPointer() {
    return this.viewer.zoomed;
  }
}

media.register("image", new ImageMedium());
