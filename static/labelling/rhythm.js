// How long an item has been before the eyes and what of it, and the pace of a session.

const PAUSE_MS = 5 * 60_000; // longer than this without a decision is a break
const STEP_PX = 60;
const PAGE_SHARE = 0.88; // of what is seen at once, so that a line or two stay in sight
const LATE_MS = 250; // a frame that takes longer than this is waited for
const SLACK_PX = 2; // a browser may end a pixel before the end

// Time on an item, without the time that one looks elsewhere.
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

  // For what comes late, such as a picture.
  startLate() {
    if (this.#isFresh) this.start();
  }

  get sinceStart() {
    return performance.now() - this.#startedAt;
  }

  get seconds() {
    return Math.max(0, Math.round((this.sinceStart - this.#away) / 10) / 100);
  }

  // A function that goes on as if the time until it is called had not been.
  stop() {
    const [startedAt, away, since] = [this.#startedAt, this.#away, performance.now()];
    return () => {
      this.#startedAt = startedAt;
      this.#away = away + performance.now() - since;
      this.#isFresh = false;
    };
  }
}

// The pace of this page: times of decisions, and when a break is due.
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

  // Count a decision, and tell whether a break is due since; that is said once a stretch.
  count(seconds, now = performance.now()) {
    if (now - this.#lastAt > PAUSE_MS) [this.#startedAt, this.#isHinted] = [now, false];
    this.#lastAt = now;
    this.#times.push(Math.min(seconds, this.#mostSeconds));
    const isDue = this.#breakMs > 0 && now - this.#startedAt >= this.#breakMs && !this.#isHinted;
    this.#isHinted ||= isDue;
    return isDue;
  }

  // Labels, the median time for one and labels an hour, counted as everywhere else.
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

// Of the clock that tells when somebody pressed, which is not that of scripts where that is mocked.
const now = () => new Event("now").timeStamp;

// Call back once what is there now has been painted: the message comes after the frame.
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
  #putAt = 0; // when the item was put there,
  #seenAt = null; // and when it had been painted
  #isFresh = true; // put there by a script that is still running
  #pressedAt = 0;
  #turn = 0;
  #medium;

  // `words(share)` says how much of the item was in sight so far.
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
      // The click of a pointer ends what began when it went down.
      if (event.type !== "click" || event.detail === 0) this.#pressedAt = event.timeStamp;
    };
    for (const name of ["keydown", "pointerdown", "click"]) {
      document.addEventListener(name, pressed, true);
    }
    box.addEventListener("item:shown", () => {
      // Nobody looks at an item before it is there.
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

  // Why nothing may be decided yet, null where everything may: what was pressed before the item
  // was on the screen was not meant for it.
  get obstacle() {
    return this.#medium.obstacle() ?? (this.#isTooEarly ? "early" : null);
  }

  get #isTooEarly() {
    // Keys that piled up while the page was busy come one after the other, without a frame between.
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
    // A window that lies behind others gets no frames; a script that is busy keeps the timer, too.
    setTimeout(seen, LATE_MS);
  }

  // Scrolling -----------------------------------------------------------------------------------

  // Do what a key does for reading, and tell whether it did; at an end of the text it does not.
  scroll(key, isShifted = false) {
    const way = this.#ways(isShifted)[key];
    if (way === undefined) return false;
    // Where the window is low, what is around the item scrolls, too.
    const around = [this.#box, this.#box.closest("form")];
    // The page does that by itself, but for Space, which has another meaning at the end.
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
    // At once: the next key is for what is in sight then.
    const top = Math.sign(by) * Math.min(Math.abs(by), room);
    scroller.scrollBy({ top, behavior: "instant" });
    this.#showCue();
    return true;
  }

  // How much of the item lies beyond the edge of what scrolls.
  #hidden(scroller, by) {
    if (scroller === this.#box) return Infinity;
    const item = this.#box.getBoundingClientRect();
    const isPage = scroller === document.scrollingElement;
    const edge = isPage ? { top: 0, bottom: innerHeight } : scroller.getBoundingClientRect();
    return by > 0 ? item.bottom - edge.bottom : edge.top - item.top;
  }

  // What is below -------------------------------------------------------------------------------

  #showCue() {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    const scrolls = getComputedStyle(this.#box).overflowY !== "hidden";
    const hasMore = scrolls && scrollHeight - clientHeight - scrollTop > SLACK_PX;
    this.#cue.hidden = !hasMore;
    // It describes the item, also while it is hidden.
    this.#cue.textContent = hasMore ? this.#words((scrollTop + clientHeight) / scrollHeight) : "";
  }
}
