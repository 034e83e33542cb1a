// Keys, buttons and swipes of the labelling page.

import { find, listen } from "../shortcuts.js";

const byId = (id) => document.getElementById(id);
const DOUBLE_CLICK_MS = 350;
const SWIPE_PX = 80;

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
    this.#listenToForms();
    this.#listenToFingers();
    // Drafts outlive the page; a choice made by key is set when the key is released.
    for (const name of ["input", "change", "click", "keyup"]) {
      document.addEventListener(name, () => stage.keepDraft());
    }
  }

  get #ownActions() {
    const open = (id) => byId(id).showModal();
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
      if (!isDone) return;
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
