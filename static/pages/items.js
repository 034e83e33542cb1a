// The item list by keyboard: arrows open the next item, a label's key answers it, X selects, Shift
// selects a range, Z undoes. Keys act on the current row, wherever the focus is beside fields, and
// one after the other: a key waits until its item is open and the answer before it is saved.

import { obstacle } from "../medium/image/loading.js";
import { find } from "../shortcuts.js";

const byId = (id) => document.getElementById(id);
const rows = () => [...document.querySelectorAll("[data-find]")];
const detail = () => byId("detail").querySelector("[data-item]");
const OPEN_AFTER = 90;

let current = null;
let anchor = null;
let waiting = null;

// The current row -------------------------------------------------------------------------------

const rowOf = (element) => element.closest?.("[data-find]");
const keyOf = (row) => row.id.replace("item-", "");
const isShown = (row) => detail()?.dataset.item === keyOf(row);

const mark = (row) => {
  rows().forEach((each) => each.classList.toggle("is-current", each === row));
  current = row.id;
};

let opening = null;

const open = (row) => {
  if (!row || isShown(row) || opening === row.id) return;
  row.querySelector("[data-open]")?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
};

const goTo = (row, isRange = false) => {
  if (!row) return;
  if (isRange) selectRange(row);
  mark(row);
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  clearTimeout(waiting);
  // By then, the row may have been renewed.
  waiting = setTimeout(() => open(currentRow()), OPEN_AFTER);
};

const currentRow = () => (current && byId(current)) || null;

const step = (by, isRange) => {
  const all = rows();
  const place = all.indexOf(currentRow());
  const next = place < 0 ? all[0] : all[place + by];
  if (next) goTo(next, isRange);
  else if (by > 0) byId("more")?.focus();
};

// Selection -------------------------------------------------------------------------------------

const boxOf = (row) => row.querySelector("[data-select]");

const select = (row, isSelected = !boxOf(row).checked) => {
  boxOf(row).checked = isSelected;
  row.classList.toggle("is-selected", isSelected);
  document.dispatchEvent(new CustomEvent("items:selected"));
};

const selectRange = (row) => {
  const all = rows();
  const start = all.indexOf((anchor && byId(anchor)) || currentRow() || row);
  const stop = all.indexOf(row);
  anchor = all[start].id;
  all.slice(Math.min(start, stop), Math.max(start, stop) + 1).forEach((each) => select(each, true));
};

document.addEventListener("click", (event) => {
  const row = rowOf(event.target);
  if (!row) return;
  if (event.target.matches("[data-select]")) {
    if (event.shiftKey) selectRange(row);
    else select(row, event.target.checked);
    anchor = row.id;
    mark(row);
  } else if (event.target.closest("[data-open]")) mark(row);
});

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-all]")) return;
  rows().forEach((row) => select(row, event.target.checked));
});

// Keys in turn ----------------------------------------------------------------------------------

const presses = [];
let wanted = null;
let isAnswering = false;

const takeTurns = () => {
  while (presses.length && !wanted && !isAnswering) presses.shift()();
};

const inTurn = (action) => {
  presses.push(action);
  takeTurns();
};

const forgetPresses = () => {
  presses.length = 0;
  wanted = opening = null;
  isAnswering = false;
};

// A key pressed before its item is open answers it once it is.
const press = (find_) => {
  const row = currentRow();
  const act = () => find_()?.click();
  if (!row || isShown(row)) return act();
  clearTimeout(waiting);
  // The press answers what the row says: the server refuses it if the item says something else by now.
  const { stamp } = row.dataset;
  const actOnRow = () => {
    detail().querySelectorAll("[name=seen]").forEach((field) => (field.value = stamp));
    act();
  };
  wanted = { row: row.id, act: actOnRow };
  open(row);
};

// Answers ---------------------------------------------------------------------------------------

const answering = () => detail()?.querySelector("[data-answer]");

const labelButton = (key) =>
  [...(answering()?.querySelectorAll("[data-key]") ?? [])].find(({ dataset }) => dataset.key === key);

// Which keys are labels does not change from item to item.
const keys = new Set();
const learnKeys = () => answering()?.querySelectorAll("[data-key]").forEach(({ dataset }) => keys.add(dataset.key));

const labelOf = (key) => {
  const known = document.querySelector("[data-items]")?.dataset.labelKeys.trim().split(" ") ?? [];
  if (!key || !(keys.has(key) || known.includes(key))) return null;
  return () => press(() => labelButton(key));
};

const actionOf = (key, isRange, isRow) => {
  switch (key) {
    case "ArrowDown":
      return () => step(1, isRange);
    case "ArrowUp":
      return () => step(-1, isRange);
    case "x":
    case "X":
      return () => currentRow() && (isRange ? selectRange(currentRow()) : select(currentRow()));
    case "Enter":
      return isRow ? () => press(() => answering()?.querySelector("[data-save]")) : null;
    case "Escape":
      return () => rows().forEach((row) => select(row, false));
    case "z":
    case "Backspace":
      return () => press(() => detail()?.querySelector("[data-undo]"));
    default:
      return null;
  }
};

const LETTERS_WITH_SHIFT = { ArrowDown: 1, ArrowUp: 1, X: 1 };

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.target.matches("input:not([type=checkbox]), select, textarea")) return;
  if (event.target.closest("dialog, .find-form")) return;
  const isRow = event.target.matches("[data-find]") || event.target === document.body;
  if (event.shiftKey && LETTERS_WITH_SHIFT[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    return inTurn(actionOf(event.key, true, isRow));
  }
  const action = find(event, labelOf, (key) => actionOf(key, false, isRow));
  if (!action) return;
  event.preventDefault();
  if (!event.repeat || event.key.startsWith("Arrow")) inTurn(action);
});

// Responses -------------------------------------------------------------------------------------

// An invisible image cannot be labelled, but always undone.
document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt;
  if (!form.matches("[data-answer]")) return;
  const reason = obstacle(detail());
  if (!reason) return;
  event.preventDefault();
  say(reason);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.defaultPrevented) return;
  const { elt } = event.detail;
  if (elt.matches("[data-open]")) opening = rowOf(elt).id;
  else if (detail()?.contains(elt)) {
    isAnswering = true;
    byId("announce").textContent = "";
  }
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "detail") return;
  if (event.detail.requestConfig.verb === "get") opening = null;
  else isAnswering = false;
  byId("unsaved").hidden = true;
  learnKeys();
  renewRow();
  // The next item opens at once, while this is still being read aloud.
  if (detail().dataset.said) byId("announce").textContent = detail().dataset.said;
  arrived(detail().dataset);
  takeTurns();
});

// By htmx, a row isn't renewed if the form that asked for it is gone: another item was opened since.
const renewRow = () => {
  const template = byId("detail").querySelector("[data-renewed]");
  const fresh = template?.content.firstElementChild;
  if (!fresh) return;
  const row = byId(fresh.id);
  template.remove();
  if (!row) return;
  const isSelected = boxOf(row).checked;
  row.replaceWith(fresh);
  window.htmx.process(fresh);
  if (isSelected) select(fresh, true);
};

const arrived = (shown) => {
  const row = byId(`item-${shown.item}`);
  if (wanted) {
    if (wanted.row !== row?.id) return byId(wanted.row) ? open(byId(wanted.row)) : forgetPresses();
    const { act } = wanted;
    wanted = null;
    remember(shown.item);
    act();
  } else if (currentRow() && currentRow() !== row) {
    // What comes late moves nobody back.
    mark(currentRow());
    open(currentRow());
  } else {
    if (row) mark(row);
    remember(shown.item);
    if (shown.said) goOn(row);
  }
};

const remember = (item) => {
  const address = new URL(location.href);
  address.searchParams.set("item", item);
  history.replaceState(history.state, "", address);
};

// After an answer by key, the next item comes.
let byKey = false;
let isUndo = false;
document.addEventListener("keydown", () => (byKey = true), true);
document.addEventListener("pointerdown", () => (byKey = false), true);
document.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
  isUndo = elt.querySelector("[data-undo]") !== null;
});

const goOn = (row) => {
  row?.focus({ preventScroll: true });
  if (byKey && !isUndo) step(1, false);
};

const WORDS = { 401: "out", 403: "gone", 404: "gone" };

const say = (words) => {
  forgetPresses();
  const notice = byId("unsaved");
  notice.textContent = notice.dataset[words];
  if (words === "out") {
    const link = document.createElement("a");
    link.href = `${document.body.dataset.signIn}?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = notice.dataset.link;
    notice.append(" ", link);
  }
  notice.hidden = false;
};

document.addEventListener("htmx:sendError", () => say("offline"));
document.addEventListener("htmx:timeout", () => say("offline"));
document.addEventListener("htmx:responseError", (event) => say(WORDS[event.detail.xhr.status] || "broken"));

// At first --------------------------------------------------------------------------------------

// A changed select finds at once.
document.querySelector(".find-form")?.addEventListener("change", (event) => {
  if (event.target.matches(".find-bar > .field > select")) event.target.form.requestSubmit();
});

// Without empty parameters, the address can be read and shared.
document.querySelector(".find-form")?.addEventListener("submit", ({ target }) => {
  target.querySelectorAll("input, select").forEach((field) => {
    if (!field.value) field.disabled = true;
  });
});

addEventListener("pageshow", () => {
  document.querySelectorAll(".find-form :disabled").forEach((field) => (field.disabled = false));
});

learnKeys();
const first = byId(`item-${detail()?.dataset.item}`);
if (first) mark(first);
if (document.activeElement === document.body) (first ?? rows()[0])?.focus({ preventScroll: true });
if (!first && !detail() && rows()[0]) current = rows()[0].id;

// Bulk edit -------------------------------------------------------------------------------------

const bulk = byId("bulk");

const showBulk = () => {
  if (!bulk) return;
  const number = document.querySelectorAll("[data-select]:checked").length;
  const whole = bulk.querySelector("[name=bulk-whole]");
  const output = bulk.querySelector("[data-selected]");
  output.textContent = number === 1 ? output.dataset.one : output.dataset.many.replace("{n}", number);
  bulk.classList.toggle("is-idle", number === 0 && !whole.checked);
  const action = bulk.querySelector("[name=bulk-action]").value;
  bulk.querySelectorAll("[data-for]").forEach((each) => (each.hidden = each.dataset.for !== action));
};

document.addEventListener("items:selected", showBulk);
bulk?.addEventListener("change", showBulk);
showBulk();
