// Reading time, scrolling, and the pace of a session.

const PAUSE_MS = 5 * 60_000; // longer than this without a decision is a break
const STEP_PX = 60;
const PAGE_SHARE = 0.88; // of the visible height, so that a line or two stay in sight
const LATE_MS = 250; // wait for frames that take longer than this
const SLACK_PX = 2; // browsers may stop a pixel before the end

// Time on an item, without the time during which the page is hidden.
export class Clock {
  #startedAt = 0;
  #away = 0;
  #awaySince = null;
  #isFresh = true;

  constructor() {
    this.start();
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#awaySince = performance.now();
      else if (this.#awaySince !== null) this.#away += performance.now() - this.#awaySince;
      if (!document.hidden) this.#awaySince = null;
    });
  }

  start() {
    this.#startedAt = performance.now();
    this.#away = 0;
    this.#awaySince = document.hidden ? this.#startedAt : null;
    this.#isFresh = true;
  }

  // For items that arrive late, such as images.
  startLate() {
    if (this.#isFresh) this.start();
  }

  get sinceStart() {
    return performance.now() - this.#startedAt;
  }

  get seconds() {
    return Math.max(0, Math.round((this.sinceStart - this.#away) / 10) / 100);
  }

  // Return a function that restores the clock, as if no time had passed since.
  stop() {
    const [startedAt, away, since] = [this.#startedAt, this.#away, performance.now()];
    return () => {
      this.#startedAt = startedAt;
      this.#away = away + performance.now() - since;
      this.#isFresh = false;
    };
  }
}

// The pace of this page: times of decisions, and when to suggest a break.
export class Pace {
  #times = [];
  #breakMs;
  #mostSeconds;
  #startedAt;
  #lastAt;
  #isHinted = false;

  constructor({ breakMinutes, mostSeconds, now = performance.now() }) {
    this.#breakMs = breakMinutes * 60_000;
    this.#mostSeconds = mostSeconds;
    this.#startedAt = this.#lastAt = now;
  }

  // Count a decision, and return whether to suggest a break; once per session.
  count(seconds, now = performance.now()) {
    if (now - this.#lastAt > PAUSE_MS) [this.#startedAt, this.#isHinted] = [now, false];
    this.#lastAt = now;
    this.#times.push(Math.min(seconds, this.#mostSeconds));
    const isDue = this.#breakMs > 0 && now - this.#startedAt >= this.#breakMs && !this.#isHinted;
    this.#isHinted ||= isDue;
    return isDue;
  }

  // Labels, median seconds per item and labels per hour, computed as on the server.
  get summary() {
    const sorted = [...this.#times].sort((a, b) => a - b);
    const sum = sorted.reduce((total, each) => total + each, 0);
    return {
      labels: sorted.length,
      median: sorted[Math.floor(sorted.length / 2)] ?? null,
      hourly: sum > 0 ? Math.round((3600 * sorted.length) / sum) : null,
    };
  }
}

// From the clock of input events, which differs from the scripts' clock where that is mocked.
const now = () => new Event("now").timeStamp;

// Call back after the next paint: the message is delivered after the frame.
const afterPaint = (then) =>
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = then;
    port2.postMessage(null);
  });

export class Reading {
  #box;
  #cue;
  #words;
  #putAt = 0; // when the item was inserted,
  #seenAt = null; // and when it was painted
  #isFresh = true; // inserted by a script that is still running
  #pressedAt = 0;
  #turn = 0;
  #medium;

  // `words(share)` describes how much of the item was visible.
  constructor({ box, cue, medium, words }) {
    this.#box = box;
    this.#cue = cue;
    this.#medium = medium;
    this.#words = words;
    this.clock = new Clock();
    this.#listen();
    new ResizeObserver(() => this.#showCue()).observe(box);
  }

  #listen() {
    const box = this.#box;
    const pressed = (event) => {
      // A pointer's click belongs to the time of its pointerdown.
      if (event.type !== "click" || event.detail === 0) this.#pressedAt = event.timeStamp;
    };
    for (const name of ["keydown", "pointerdown", "click"]) {
      document.addEventListener(name, pressed, true);
    }
    box.addEventListener("item:shown", () => {
      // The time on an item starts when it is visible.
      this.clock.startLate();
      this.#appear();
    });
    box.addEventListener("scroll", () => this.#showCue(), { passive: true });
  }

  // Another item is in the box.
  begin() {
    this.clock.start();
    this.#box.scrollTop = 0;
    if (this.#box.getBoundingClientRect().top < 0) this.#box.scrollIntoView({ block: "start" });
    this.#appear();
    this.#showCue();
  }

  // Why nothing may be decided yet; null if it may: input from before the item was painted was not
  // meant for it.
  get obstacle() {
    return this.#medium.obstacle() ?? (this.#isTooEarly ? "early" : null);
  }

  get #isTooEarly() {
    // Keys queued while the page was busy arrive together, without a frame in between.
    if (this.#isFresh || this.#pressedAt < this.#putAt) return true;
    const seenAt = this.#seenAt ?? now();
    return seenAt - this.#putAt > LATE_MS && this.#pressedAt <= seenAt;
  }

  #appear() {
    this.#putAt = now();
    this.#seenAt = null;
    this.#isFresh = true;
    this.#turn += 1;
    const turn = this.#turn;
    queueMicrotask(() => turn === this.#turn && (this.#isFresh = false));
    const seen = () => turn === this.#turn && (this.#seenAt ??= now());
    afterPaint(seen);
    // A hidden window gets no frames; a busy script delays the timer as well.
    setTimeout(seen, LATE_MS);
  }

  // Scrolling -----------------------------------------------------------------------------------

  // Scroll as a key asks, and return whether it did; at the end of the text it does not.
  scroll(key, isShifted = false) {
    const way = this.#ways(isShifted)[key];
    if (way === undefined) return false;
    // In a low window, the area around the item scrolls as well.
    const around = [this.#box, this.#box.closest("form")];
    // The browser scrolls by itself, except for Space, which has another meaning at the end.
    if (key === " ") around.push(document.scrollingElement);
    return around.some((scroller) => this.#scrollIn(scroller, way));
  }

  #ways(isShifted) {
    const page = Math.max(STEP_PX, PAGE_SHARE * Math.min(this.#box.clientHeight, innerHeight));
    return {
      PageDown: page,
      PageUp: -page,
      ArrowDown: STEP_PX,
      ArrowUp: -STEP_PX,
      End: Infinity,
      Home: -Infinity,
      " ": isShifted ? -page : page,
    };
  }

  #scrollIn(scroller, by) {
    const most = scroller.scrollHeight - scroller.clientHeight;
    const room = Math.min(this.#hidden(scroller, by), by > 0 ? most - scroller.scrollTop : scroller.scrollTop);
    if (room <= SLACK_PX || getComputedStyle(scroller).overflowY === "hidden") return false;
    // Instantly: the next key refers to what is visible then.
    const top = Math.sign(by) * Math.min(Math.abs(by), room);
    scroller.scrollBy({ top, behavior: "instant" });
    this.#showCue();
    return true;
  }

  // How much of the item lies beyond the edge of its scroll container.
  #hidden(scroller, by) {
    if (scroller === this.#box) return Infinity;
    const item = this.#box.getBoundingClientRect();
    const isPage = scroller === document.scrollingElement;
    const edge = isPage ? { top: 0, bottom: innerHeight } : scroller.getBoundingClientRect();
    return by > 0 ? item.bottom - edge.bottom : edge.top - item.top;
  }

  // More below ----------------------------------------------------------------------------------

  #showCue() {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    const scrolls = getComputedStyle(this.#box).overflowY !== "hidden";
    const hasMore = scrolls && scrollHeight - clientHeight - scrollTop > SLACK_PX;
    this.#cue.hidden = !hasMore;
    // It describes the item, so it stays in the accessibility tree while hidden.
    this.#cue.textContent = hasMore ? this.#words((scrollTop + clientHeight) / scrollHeight) : "";
  }
}
