// The bulk page: keys between the cards; one key press confirms one page, never two. Keys are
// handled here because htmx's key filters need eval, which the CSP forbids.

import { missing } from "../medium/image/loading.js";
import { find } from "../shortcuts.js";

const byId = (id) => document.getElementById(id);
const cards = () => [...document.querySelectorAll("[data-card]")];
const page = () => byId("bulk-page");

// Input sooner after a new page was meant for the previous one.
const READ_MS = 500;
const MOST_BEAT_S = 45;

let inFlight = false;
let sent = null; // the form sent last
let failed = null; // the form that failed, with its status
let shownAt = 0;
let lookedAway = 0;
let awaySince = null;
let byPointer = true;

// New page --------------------------------------------------------------------------------------

const begin = () => {
  shownAt = performance.now();
  lookedAway = 0;
  awaySince = document.hidden ? shownAt : null;
  failed = null;
  byId("unsaved").hidden = true;
  for (const button of document.querySelectorAll("[data-scripted]")) button.hidden = false;
  showChosenLabel();
  count();
};

// The chosen one of many labels may be outside the visible part of the list.
const showChosenLabel = () => {
  const chosen = document.querySelector(".bulk-label[aria-current]");
  const list = chosen?.closest("ul");
  if (list) list.scrollTop = chosen.offsetTop - list.offsetTop - 4;
};

const announce = () => {
  const said = byId("said");
  byId("announce").textContent = [said.textContent.trim(), said.dataset.next].join(" ").trim();
};

const comeAgain = () => {
  window.scrollTo(0, 0);
  // A keyboard user continues at the first card, or at the labels without cards; after a mouse
  // click the button loses the focus.
  if (byPointer) document.activeElement.blur();
  else (cards()[0] ?? document.querySelector(".bulk-label") ?? byId("bulk")).focus();
};

const count = () => {
  const words = byId("marked");
  if (!words) return;
  const marked = cards().filter((card) => card.checked).length;
  words.textContent = words.dataset.words.replace("{n}", marked);
};

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-card]")) count();
});
document.addEventListener("pointerdown", () => (byPointer = true), true);
document.addEventListener("keydown", () => (byPointer = false), true);

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    awaySince = performance.now();
    return;
  }
  stay();
  if (awaySince !== null) {
    lookedAway += performance.now() - awaySince;
    awaySince = null;
  }
});

const secondsTaken = () => Math.max(0, (performance.now() - shownAt - lookedAway) / 1000).toFixed(2);

// Keys ------------------------------------------------------------------------------------------

const go = (step) => {
  const all = cards();
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1);
  all[next]?.focus();
};

const perRow = () => {
  const tops = cards().map((card) => card.closest("li").offsetTop);
  return Math.max(1, tops.filter((top) => top === tops[0]).length);
};

const forward = () => (getComputedStyle(byId("bulk")).direction === "rtl" ? -1 : 1);

const markEach = (marked) => {
  for (const card of cards()) card.checked = marked;
  count();
  byId("announce").textContent = byId("marked")?.textContent ?? "";
};

const press = (id) => byId(id)?.click();

const confirmPage = () => {
  if (performance.now() - shownAt >= READ_MS) page()?.requestSubmit();
};

// Marked items are confirmed only once they were visible.
const unseen = () => {
  const { loading, failed } = missing(page());
  const isMarked = (image) => image.closest("li").querySelector("[data-card]").checked;
  const [why, images] = loading.length ? ["loading", loading] : ["failed", failed.filter(isMarked)];
  return images.length ? { why, images } : null;
};

const holdBack = (event) => {
  const found = unseen();
  if (!found) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const words = byId("marked").dataset[found.why].replace("{n}", found.images.length);
  byId("said").textContent = byId("announce").textContent = words;
  if (found.why === "failed") found.images[0].closest("li").querySelector("[data-card]").focus();
};

const PAGE_KEYS = {
  ArrowRight: () => go(forward()),
  ArrowLeft: () => go(-forward()),
  ArrowDown: () => go(perRow()),
  ArrowUp: () => go(-perRow()),
  " ": () => go(0),
  Enter: confirmPage,
  a: () => markEach(true),
  n: () => markEach(false),
  z: () => press("undo-button"),
  Backspace: () => press("undo-button"),
  "?": () => press("help-button"),
};
const REPEATING = ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"];

// Without a page the arrow keys scroll.
const actionAt = (key) => {
  const isThere = page() || ["z", "Backspace", "?"].includes(key);
  return isThere && Object.hasOwn(PAGE_KEYS, key) ? PAGE_KEYS[key] : null;
};

const keepsItsKey = (element, key) =>
  (key === "Enter" && element.matches("button, a, summary")) ||
  (key === " " && element.matches("button, summary, [data-card]"));

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (keepsItsKey(event.target, event.key)) return;
  const action = find(event, () => null, actionAt);
  if (!action) return;
  event.preventDefault();
  if ((!event.repeat || REPEATING.includes(event.key)) && !inFlight) action();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("#all-button")) markEach(true);
  if (event.target.closest("#none-button")) markEach(false);
});

// Save ------------------------------------------------------------------------------------------

// Remove the focus after a mouse click, or Space would press that button again. Before the rule
// below, which stops the second click of a double click but not its focus.
document.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest("#bulk button");
    if (button && event.detail > 0) setTimeout(() => button.blur());
  },
  true,
);

// The second click of a double click must not confirm the next page.
document.addEventListener(
  "click",
  (event) => {
    const isSecond = event.detail > 1 && performance.now() - shownAt < READ_MS;
    if (!isSecond || !event.target.closest("#confirm-button, #undo-button")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

// Without htmx as well, a second click must not send the form twice.
document.addEventListener(
  "submit",
  (event) => {
    if (!event.target.closest("#bulk")) return;
    if (event.target === page() && !inFlight) holdBack(event);
    if (event.defaultPrevented) return;
    if (inFlight) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    sent = event.target;
  },
  true,
);

// Not by the element: after the swap the form is gone, and htmx reports a remaining one.
const isOurs = ({ detail }) => detail.target?.id === "bulk" && detail.requestConfig.verb === "post";

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id === "bulk-page") event.detail.parameters.seconds = secondsTaken();
});

document.addEventListener("htmx:beforeSend", (event) => {
  if (!isOurs(event)) return;
  inFlight = true;
  byId("bulk").setAttribute("aria-busy", "true");
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!isOurs(event)) return;
  inFlight = false;
  byId("bulk").removeAttribute("aria-busy");
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "bulk") return;
  begin();
  announce();
  if (isOurs(event)) comeAgain();
});

// Failed requests -------------------------------------------------------------------------------

const REASONS = { 0: "offline", 401: "out", 403: "old", 404: "gone" };

const keep = (event) => {
  if (!isOurs(event) || !sent) return;
  const status = event.detail.xhr?.status ?? 0;
  failed = { form: sent, status };
  const box = byId("unsaved");
  box.querySelector(".unsaved-words").textContent = box.dataset[REASONS[status] ?? "broken"];
  box.querySelector("[data-login]").hidden = status !== 401;
  box.hidden = false;
};
document.addEventListener("htmx:sendError", keep);
document.addEventListener("htmx:timeout", keep);
document.addEventListener("htmx:responseError", keep);

// A page that was saved returns the same response again, so resending is safe.
const sendAgain = async () => {
  if (!failed || inFlight) return;
  const { form, status } = failed;
  if ((status === 401 || status === 403) && !(await renewToken())) return;
  form.requestSubmit();
};

// Signing in changes the CSRF token, so it is read from a fresh page.
const renewToken = async () => {
  try {
    const fresh = await fetch(byId("unsaved").dataset.fresh, { credentials: "same-origin" });
    if (!fresh.ok || fresh.redirected) return false;
    const { body } = new DOMParser().parseFromString(await fresh.text(), "text/html");
    document.body.setAttribute("hx-headers", body.getAttribute("hx-headers"));
    const { value } = body.querySelector("[name=csrfmiddlewaretoken]");
    for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = value;
    return true;
  } catch {
    return false;
  }
};

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-again]")) sendAgain();
});

// Visibility --------------------------------------------------------------------------------------

// Leases are extended while the page is visible, and expire while it is hidden.
const stay = () => {
  const form = page();
  // A page being saved needs no extension.
  if (!form || document.hidden || inFlight) return;
  fetch(form.dataset.keep, { method: "POST", credentials: "same-origin", body: new FormData(form) })
    .then((response) => {
      // The lead may have changed the lease time.
      form.dataset.heldFor = response.headers.get("Winnow-Held-For") ?? form.dataset.heldFor;
      return response.status === 200 ? response.text() : "";
    })
    .then((words) => words && (byId("said").textContent = words))
    .catch(() => {});
};

// At a third of the remaining time, a lost request does no harm.
const stayOn = () => {
  const seconds = Number(page()?.dataset.heldFor ?? MOST_BEAT_S) / 3;
  setTimeout(() => {
    stay();
    stayOn();
  }, 1000 * Math.min(MOST_BEAT_S, seconds));
};

window.addEventListener("pagehide", () => {
  const form = page();
  if (form) navigator.sendBeacon(form.dataset.leave, new FormData(form));
});

// A page restored from the back/forward cache may show settled items.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

begin();
if (document.activeElement === document.body) cards()[0]?.focus({ preventScroll: true });
stayOn();
