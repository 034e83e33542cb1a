"use strict";

// Labelling by keys what was found, or what people disagree about: arrows go from item to item, a label's key gives it, Z undoes.
// Keys act on the item that has the focus, so none is stolen from anything else.
(() => {
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

  const labelFor = (item, event) => {
    const key = event.key.toLowerCase();
    const own = [...item.querySelectorAll("[data-key]")].filter(({ dataset }) => dataset.key);
    // Some keyboards have their digits under shift; the key in that place counts, too.
    const digit = event.shiftKey ? null : /^Digit(\d)$/.exec(event.code)?.[1];
    return own.find(({ dataset }) => dataset.key === key) || own.find(({ dataset }) => dataset.key === digit);
  };

  const actionFor = (item, event) => {
    const label = labelFor(item, event);
    if (label) return () => label.click();
    const isItem = event.target === item;
    switch (event.key) {
      case "ArrowDown":
        return () => step(item, 1);
      case "ArrowUp":
        return () => step(item, -1);
      case "Enter":
        // On a button or a link, Enter presses that.
        return isItem ? () => item.querySelector("[data-save]")?.click() : null;
      case "z":
      case "Z":
      case "Backspace":
        return () => undo(item);
      default:
        return null;
    }
  };

  document.addEventListener("keydown", (event) => {
    const item = itemOf(event.target);
    if (event.target.matches("input[type=text], select")) return;
    if (!item || event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actionFor(item, event);
    if (!action) return;
    event.preventDefault();
    if (!event.repeat || event.key.startsWith("Arrow")) action();
  });

  // Answers ---------------------------------------------------------------------------------------

  const nextToLabel = (item) => {
    const all = items();
    return all.slice(all.indexOf(item) + 1).find(canBeLabelled) || byId("more") || item;
  };

  const renewed = (item) => {
    byId("unsaved").hidden = true;
    byId("announce").textContent = item.dataset.said || "";
    const isSaved = item.querySelector("[data-undo]") !== null;
    if (isSaved) savedLast = item.id;
    if (!byPointer) (isSaved ? nextToLabel(item) : item).focus();
  };

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.matches("[data-find]")) renewed(event.target);
    else if (event.target.matches(".finds") && !byPointer) event.target.querySelector("[data-find]").focus();
  });

  const WORDS = { 401: "out", 403: "gone", 404: "gone" };

  // Comes back to this very list, where notes and ticks are kept.
  const logIn = (title) => {
    const link = document.createElement("a");
    link.href = `${document.body.dataset.signIn}?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = title;
    return link;
  };

  const say = (words) => {
    const notice = byId("unsaved");
    notice.textContent = notice.dataset[words];
    if (words === "out") notice.append(" ", logIn(notice.dataset.link));
    notice.hidden = false;
  };

  document.addEventListener("htmx:sendError", () => say("offline"));
  document.addEventListener("htmx:timeout", () => say("offline"));
  document.addEventListener("htmx:responseError", (event) => say(WORDS[event.detail.xhr.status] || "broken"));
})();
