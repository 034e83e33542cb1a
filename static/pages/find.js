// Keyboard labelling in lists of items: arrows move between items, a label's key labels, Z undoes.
// Keys act on the focused item only, and wait while its answer is on its way.

import { obstacle } from "../medium/image/loading.js";
import { find } from "../shortcuts.js";

const byId = (id) => document.getElementById(id);
const items = () => [...document.querySelectorAll("[data-find]")];
const itemOf = (element) => element.closest?.("[data-find]");
const canBeLabelled = (item) => item.querySelector("[data-key], [data-save]") !== null;

let savedLast = null;
let byPointer = false;

document.addEventListener("pointerdown", () => (byPointer = true), true);
document.addEventListener("keydown", () => (byPointer = false), true);

// Keys ------------------------------------------------------------------------------------------

const step = (item, by) => {
  const all = items();
  const next = all[all.indexOf(item) + by] || (by > 0 ? byId("more") : null);
  next?.focus();
};

const undo = (item) => {
  const seeded = item.querySelector("[data-undo]") ? item : savedLast && byId(savedLast);
  seeded?.querySelector("[data-undo]")?.click();
};

const labelOf = (within, key) => {
  const own = [...within.querySelectorAll("[data-key]")].find(({ dataset }) => dataset.key === key);
  return key && own ? () => own.click() : null;
};

const actionOf = (item, isItem, key) => {
  switch (key) {
    case "ArrowDown":
      return () => step(item, 1);
    case "ArrowUp":
      return () => step(item, -1);
    case "Enter":
      // On a button or a link, Enter presses it.
      return isItem ? () => item.querySelector("[data-save]")?.click() : null;
    case "z":
    case "Backspace":
      return () => undo(item);
    default:
      return null;
  }
};

const actionFor = (event, item, isItem, within = item) =>
  find(
    event,
    (key) => labelOf(within, key),
    (key) => actionOf(item, isItem, key),
  );

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.target.matches("input[type=text], select")) return;
  const item = itemOf(event.target) ?? awaited(event.target);
  if (!item) return;
  const isItem = event.target === item || event.target === document.body;
  const isPending = item.id === pending;
  const action = actionFor(event, item, isItem, isPending ? document : item);
  if (!action) return;
  event.preventDefault();
  if (event.repeat && !event.key.startsWith("Arrow")) return;
  if (isPending) held.push(event);
  else action();
});

// Keys that wait ----------------------------------------------------------------------------------

let pending = null;
const held = [];

// While an item is renewed, nothing has the focus.
const awaited = (target) => (target === document.body && pending ? byId(pending) : null);

const takeHeld = () => {
  while (held.length && !pending) {
    const event = held.shift();
    const item = itemOf(document.activeElement);
    if (item) actionFor(event, item, document.activeElement === item)?.();
  }
};

const forgetHeld = () => {
  held.length = 0;
  pending = null;
};

// A focused item with a long text scrolls before the page does.
const READING = { PageDown: 1, PageUp: -1, " ": 1, Home: -Infinity, End: Infinity };

const scrollText = (item, { key, shiftKey }) => {
  const text = item.querySelector(".disagreement-text");
  const way = READING[key] * (key === " " && shiftKey ? -1 : 1);
  if (!text || !way) return false;
  const before = text.scrollTop;
  const by = Number.isFinite(way) ? 0.88 * way * text.clientHeight : Math.sign(way) * text.scrollHeight;
  text.scrollBy({ top: by, behavior: "instant" });
  return text.scrollTop !== before;
};

document.addEventListener("keydown", (event) => {
  const item = itemOf(event.target);
  if (!item || event.target !== item || event.defaultPrevented) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (scrollText(item, event)) event.preventDefault();
});

// Responses -------------------------------------------------------------------------------------

const nextToLabel = (item) => {
  const all = items();
  return all.slice(all.indexOf(item) + 1).find(canBeLabelled) || byId("more") || item;
};

const renewed = (item) => {
  byId("unsaved").hidden = true;
  byId("announce").textContent = item.dataset.said || "";
  const isSaved = item.querySelector("[data-undo]") !== null;
  if (isSaved) savedLast = item.id;
  if (item.id === pending) pending = null;
  // Whoever has gone elsewhere stays there.
  const isHere = document.activeElement === document.body || item.contains(document.activeElement);
  // After a click nothing scrolls, but keys continue from that item.
  if (isHere) (isSaved ? nextToLabel(item) : item).focus({ preventScroll: byPointer });
  takeHeld();
};

// An invisible image cannot be labelled, but always undone.
document.addEventListener("htmx:beforeRequest", (event) => {
  const item = itemOf(event.detail.elt);
  if (!item || event.detail.elt.matches("[data-undo]") || event.detail.elt.querySelector("[data-undo]")) return;
  const reason = obstacle(item);
  if (!reason) return;
  event.preventDefault();
  // Images outside the viewport are loaded lazily.
  item.scrollIntoView({ block: "nearest" });
  say(reason);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const item = itemOf(event.detail.elt);
  if (item && !event.defaultPrevented) pending = item.id;
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.matches("[data-find]")) renewed(event.target);
  else if (event.target.matches(".finds")) {
    event.target.querySelector("[data-find]").focus({ preventScroll: byPointer });
  }
});

const WORDS = { 401: "out", 403: "gone", 404: "gone" };

// After signing in, return to this list, with its notes and choices.
const logIn = (title) => {
  const link = document.createElement("a");
  link.href = `${document.body.dataset.signIn}?next=${encodeURIComponent(location.pathname + location.search)}`;
  link.textContent = title;
  return link;
};

const say = (words) => {
  forgetHeld();
  const notice = byId("unsaved");
  notice.textContent = notice.dataset[words];
  if (words === "out") notice.append(" ", logIn(notice.dataset.link));
  notice.hidden = false;
};

// Keys work at once, unless the focus is elsewhere already.
if (document.activeElement === document.body) items()[0]?.focus({ preventScroll: true });

document.addEventListener("htmx:sendError", () => say("offline"));
document.addEventListener("htmx:timeout", () => say("offline"));
document.addEventListener("htmx:responseError", (event) => say(WORDS[event.detail.xhr.status] || "broken"));
