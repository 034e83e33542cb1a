"use strict";

// A picture in a box: fitted, zoomed, panned, turned, made brighter. What is shown first is a copy of
// the screen's size; the original is fetched where somebody looks closer than the copy can show.
//
// It needs picture_view.js before it.
//
//   const viewer = Winnow.picture.mount(box, { tools });
//   viewer.show({ url, original, width, alt }); // width: the original's, in pixels
//
// Every action returns { key, value }: what it did, for the page to say (viewer.words puts it in the
// words that the tools carry). What the pointer does, and what comes later, is told by the event
// "picture:said" on the box. A pointer that moved the picture has its pointermove and pointerup
// default-prevented; all others, a swipe over a fitted picture say, are the page's.
window.Winnow ??= {};

window.Winnow.picture = (() => {
  const { View, Light, Gestures } = window.Winnow.pictureView;
  const SIZES = [160, 640, 1280, 2560]; // the copies that the server makes
  const STEP = 1.25;
  const CRISP_FROM = 6; // screen pixels for one of the picture's, to show it as a square
  const PATIENCE_MS = 150; // a picture that comes sooner is not announced as loading
  const AT_ONCE = 2; // pictures that are loaded ahead

  // What comes next -------------------------------------------------------------------------------

  // Loads pictures ahead, a few at a time and none while the one in sight is on its way.
  class Ahead {
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

    // Whether it can be painted at once, and not only once it has been decoded.
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
      // One that did not come is asked for once more when its turn comes.
      if (await canPaint(image)) this.#decoded.add(image);
      else if (this.#images.get(url) === image) this.#images.delete(url);
      this.#loading -= 1;
      this.#go();
    }
  }

  const imageOf = (url, priority) => {
    const image = new Image();
    image.fetchPriority = priority;
    image.className = "picture-image";
    image.draggable = false;
    // It is painted with the frame that it comes into, never after it.
    image.decoding = "sync";
    image.src = url;
    return image;
  };

  const canPaint = (image) => image.decode().then(() => true, () => false);

  // The server never enlarges: what is shorter than the size in its address is the original itself.
  const isWhole = (image, url) => {
    const size = Number(new URL(url, document.baseURI).searchParams.get("size"));
    return size > 0 && Math.max(image.naturalWidth, image.naturalHeight) < size;
  };

  // The viewer ------------------------------------------------------------------------------------

  class Viewer {
    #box;
    #tools;
    #words;
    #stage = document.createElement("div");
    #state = document.createElement("p");
    #view = new View();
    #light = new Light();
    #ahead = new Ahead();
    #gone = new AbortController();
    #asked = null;
    #copy = null;
    #original = null;
    #image = null; // the one of the two that is in sight
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
      this.#ahead.hold(false);
    }

    preload(pictures) {
      this.#ahead.want(pictures.map(({ url }) => url));
    }

    unmount() {
      this.clear();
      this.#ahead.want([]);
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

    // Between the whole picture and its own pixels, one for one on the screen.
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
      const image = this.#ahead.take(asked.url) ?? imageOf(asked.url, "high");
      // What was loaded and decoded ahead is there with the next frame.
      if (!this.#ahead.isReady(image)) {
        this.#showState("loading");
        this.#ahead.hold(true);
        const arrived = await canPaint(image);
        if (this.#asked !== asked) return;
        this.#ahead.hold(false);
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
      window.addEventListener("online", () => this.#isFailed() && this.#again(), { signal });
      new Gestures(this, this.#box, signal);
    }

    #isFailed() {
      return this.#box.dataset.pictureState === "failed";
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

  return {
    // Put a viewer into an empty box.
    mount: (box, { tools } = {}) => new Viewer(box, tools),

    // The size to ask for, so that a picture fitted into the box is as sharp as the screen.
    sizeFor: (box) => {
      const wanted = Math.max(box.clientWidth, box.clientHeight) * Math.min(devicePixelRatio, 2);
      return SIZES.find((size) => size >= wanted) ?? SIZES.at(-1);
    },
  };
})();
