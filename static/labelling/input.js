// What a person does at the desk: reading and scrolling, with the time on an item; keys, buttons and
// swipes.

import { find, listen } from "../shortcuts.js";

const byId = (id) => document.getElementById(id);
const DOUBLE_CLICK_MS = 350;
const SWIPE_PX = 80;
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

// The meaning of a swipe over the item: "accept" to the right, "skip" to the left, else null.
export const swipe = (from, to) => {
  const [x, y] = [to.x - from.x, to.y - from.y];
  if (Math.abs(x) < SWIPE_PX || Math.abs(x) < 2 * Math.abs(y)) return null;
  return x < 0 ? "skip" : "accept";
};

// Actions of the buttons in notices and dialogs, by their data attribute.
const NOTICES = {
  "[data-again]": ({ client }) => client.wake(),
  "[data-decide-again]": ({ decisions }) => decisions.decideAgain(),
  "[data-discard]": ({ decisions }) => decisions.discard(),
  "[data-rested]": () => (byId("break").hidden = true),
  "[data-noted]": () => (byId("changed").hidden = true),
};

export class Input {
  constructor({ config, client, decisions, review, pace, stage }) {
    Object.assign(this, { config, client, decisions, review, pace, stage });
    Object.assign(this, { view: stage.view, answer: stage.view.answer, medium: stage.view.medium });
    this.actions = { ...this.#ownActions, ...this.medium.actions, ...this.answer.actions };
    this.keyboard = this.#listenToKeys();
    this.#listenToButtons();
    this.#listenToGuidelines();
    this.#listenToForms();
    this.#listenToFingers();
    // Drafts outlive the page; a choice made by key is set when the key is released.
    for (const name of ["input", "change", "click", "keyup"]) {
      document.addEventListener(name, () => stage.keepDraft());
    }
  }

  get #ownActions() {
    const open = (id) => {
      byId(id).returnValue = "";
      byId(id).showModal();
    };
    const { decisions, review, stage, view } = this;
    return {
      accept: () => decisions.accept(),
      skip: () => decisions.skip(),
      skip_reason: () => stage.items.current && !stage.history.reviewing && open("reasons"),
      undo: () => (stage.history.reviewing && !decisions.isUndoing ? review.forward() : decisions.undo()),
      back: () => review.back(),
      forward: () => review.forward(),
      unsure: () => view.unsure(!view.remarks.unsure),
      note: () => {
        view.noteShown(true);
        byId("note").focus();
      },
      guidelines: () => open("guidelines"),
      details: () => {
        view.details(stage.items.current?.item.meta ?? {});
        open("details");
      },
      help: () => open("help"),
      summary: () => {
        view.session(this.pace.summary);
        open("summary");
      },
    };
  }

  // Keys and clicks of the answer. Changing the choice resets the second Enter.
  #choosing(action) {
    if (!action) return null;
    return () => {
      this.stage.isBlankAsked = false;
      action();
    };
  }

  // Whoever confirms the guidelines is told again only when they change again.
  #listenToGuidelines() {
    byId("guidelines").addEventListener("close", () => {
      if (byId("guidelines").returnValue !== "1") return;
      this.client.confirm(this.config.urls.guidelines, this.config.guidelines_number);
      for (const id of ["changed", "news", "guidelines-read"]) byId(id).hidden = true;
    });
  }

  #listenToKeys() {
    byId("reasons").addEventListener("keydown", (event) => {
      const reasonAt = (key) => document.querySelector(`[data-reason][data-key="${CSS.escape(key)}"]`);
      const reason = find(event, reasonAt);
      if (!reason || event.repeat) return;
      // Otherwise the closing key would also choose a label.
      event.preventDefault();
      reason.click();
    });
    return listen({
      keys: this.config.keys,
      labelAt: (key) => this.#choosing(this.answer.actionAt(key)),
      actions: this.actions,
      scroll: (key, isShifted) => this.stage.items.current !== null && this.stage.reading.scroll(key, isShifted),
    });
  }

  // Labels may have taken keys from actions, or released them.
  rekey() {
    this.keyboard.rekey(this.config.keys);
  }

  // The next item may appear before the second click of a double click, which was not meant for it.
  #isSecondHalf(event) {
    return event.detail > 1 && this.stage.reading.clock.sinceStart < DOUBLE_CLICK_MS;
  }

  #listenToButtons() {
    document.addEventListener("click", (event) => {
      const button = event.target.closest("#desk button, #desk [data-choice]");
      // Remove the focus after a mouse click, or Space would press that button again.
      if (button && event.detail > 0) button.blur();
      const named = event.target.closest("[data-action]")?.dataset.action;
      const action = this.#choosing(this.answer.actionOf(event.target)) ?? this.actions[named];
      if (!action) return;
      event.preventDefault();
      if (!this.#isSecondHalf(event)) action();
    });
    document.addEventListener("click", (event) => {
      for (const [marked, does] of Object.entries(NOTICES)) if (event.target.closest(marked)) does(this);
      const reason = event.target.closest("[data-reason]");
      if (!reason) return;
      byId("reasons").close();
      this.decisions.skip(reason.dataset.reason);
    });
  }

  #listenToForms() {
    byId("answer").addEventListener("submit", (event) => {
      event.preventDefault();
      if (!event.submitter?.hasAttribute("data-choice")) this.decisions.accept();
    });
    for (const form of document.querySelectorAll("#undo, #skip")) {
      form.addEventListener("submit", (event) => event.preventDefault());
    }
    byId("note").addEventListener("keydown", (event) => {
      const isDone = event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey));
      // An input method uses both keys for the word that it composes.
      if (!isDone || event.isComposing) return;
      event.preventDefault();
      event.target.blur();
      this.view.noteShown(event.target.value.trim() !== "");
    });
  }

  // A swipe to the right accepts the suggestion, to the left skips.
  #listenToFingers() {
    let touched = null;
    byId("item").addEventListener("pointerdown", ({ pointerType, isPrimary, clientX: x, clientY: y }) => {
      touched = pointerType === "touch" && isPrimary ? { x, y } : null;
    });
    byId("item").addEventListener("pointerup", (event) => {
      // A pointer that moved a picture decides nothing.
      if (!touched || event.defaultPrevented || this.medium.ownsPointer()) return;
      const meant = swipe(touched, { x: event.clientX, y: event.clientY });
      touched = null;
      if (meant === "skip") this.decisions.skip();
      else if (meant === "accept" && this.answer.suggested !== null) this.decisions.accept();
    });
  }
}
