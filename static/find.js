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

  const labelOf = (item, key) => {
    const own = [...item.querySelectorAll("[data-key]")].find(({ dataset }) => dataset.key === key);
    return key && own ? () => own.click() : null;
  };

  const actionOf = (item, isItem, key) => {
    switch (key) {
      case "ArrowDown":
        return () => step(item, 1);
      case "ArrowUp":
        return () => step(item, -1);
      case "Enter":
        // On a button or a link, Enter presses that.
        return isItem ? () => item.querySelector("[data-save]")?.click() : null;
      case "z":
      case "Backspace":
        return () => undo(item);
      default:
        return null;
    }
  };

  document.addEventListener("keydown", (event) => {
    const item = itemOf(event.target);
    if (event.target.matches("input[type=text], select")) return;
    if (!item || event.defaultPrevented) return;
    const isItem = event.target === item;
    const action = window.Winnow.shortcuts.find(
      event,
      (key) => labelOf(item, key),
      (key) => actionOf(item, isItem, key),
    );
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

  const say = (words) => {
    const notice = byId("unsaved");
    notice.textContent = notice.dataset[words];
    notice.hidden = false;
  };

  document.addEventListener("htmx:sendError", () => say("offline"));
  document.addEventListener("htmx:timeout", () => say("offline"));
  document.addEventListener("htmx:responseError", (event) => say(WORDS[event.detail.xhr.status] || "broken"));
})();
