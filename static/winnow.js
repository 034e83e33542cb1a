"use strict";

// What several pages need. All of it is comfort: every form works without it.
(() => {
  // Dialogs open by a button that names them.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
  });

  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-select]")) event.target.select();
  });

  // A server without https gives pages no clipboard; the selection is copied there.
  const copied = async (box) => {
    box.select();
    if (!navigator.clipboard) return document.execCommand("copy");
    await navigator.clipboard.writeText(box.value);
    return true;
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const done = await copied(document.getElementById(button.dataset.copy)).catch(() => false);
    if (done) button.textContent = button.dataset.copied;
  });

  // Nobody looks, so nobody asks. Filters in hx-trigger would need eval, which the CSP forbids.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.target.matches("[data-poll]")) event.preventDefault();
  });

  // What somebody chose before any script was there to listen is told again. A page that is gone
  // back to or reloaded shows former choices, which were acted on.
  const isFirstLook = performance.getEntriesByType("navigation")[0]?.type === "navigate";
  const isChanged = (field) => {
    if (field.type === "file") return field.files.length > 0;
    if (!field.options) return ["checkbox", "radio"].includes(field.type) && field.checked !== field.defaultChecked;
    const options = [...field.options];
    const usual = options.findLastIndex((option) => option.defaultSelected);
    if (field.multiple) return options.some((option) => option.selected !== option.defaultSelected);
    return field.selectedIndex !== Math.max(usual, 0);
  };
  const chosen = new Set(isFirstLook ? [...document.querySelectorAll("select, input")].filter(isChanged) : []);
  // Some scripts come after this one.
  const choose = ({ target }) => chosen.add(target);
  document.addEventListener("change", choose, true);
  document.addEventListener("DOMContentLoaded", () => {
    document.removeEventListener("change", choose, true);
    for (const field of chosen) field.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // A region that is renewed keeps what was opened in it.
  let opened = [];
  let shown = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    const ids = (selector) => [...event.detail.target.querySelectorAll(selector)].map(({ id }) => id);
    opened = ids("details[open][id]");
    shown = ids("[popover][id]:popover-open");
  });
  document.addEventListener("htmx:afterSettle", () => {
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    for (const id of shown) {
      const panel = document.getElementById(id);
      if (panel && !panel.matches(":popover-open")) panel.showPopover();
    }
  });

  // A menu closes by a press elsewhere, and by Escape, which leads back to its button.
  const openMenu = () => document.querySelector("details.drop-menu[open]");
  document.addEventListener("click", (event) => {
    const menu = openMenu();
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && openMenu();
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // The list of projects is asked for when somebody opens it.
  document.addEventListener(
    "toggle",
    ({ target: panel, newState }) => {
      if (newState !== "open" || !panel.dataset.loads) return;
      htmx.ajax("GET", panel.dataset.loads, { target: panel.querySelector("ul"), swap: "outerHTML" });
      delete panel.dataset.loads;
    },
    true,
  );

  // Messages lie in a corner. What went well leaves by itself, unless somebody reads it just now.
  const STAYS = 7000;
  const leave = (toast) => {
    if (toast.matches(":hover, :focus-within")) return setTimeout(leave, STAYS, toast);
    toast.remove();
  };
  for (const list of document.querySelectorAll("[data-toasts]")) {
    list.classList.add("toasts");
    for (const toast of list.children) {
      toast.querySelector("[data-dismiss]").hidden = false;
      if (toast.matches(".success")) setTimeout(leave, STAYS, toast);
    }
  }
  document.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.parentElement.remove());

  // Uploads say how far they are, and whether they arrived.
  const upload = (event) => event.target.closest?.("[data-upload]");

  document.addEventListener("htmx:beforeSend", (event) => {
    const form = upload(event);
    if (!form) return;
    form.querySelector(".upload").hidden = false;
    form.querySelector("[data-upload-failed]").hidden = true;
    form.querySelector("button.primary").disabled = true;
  });

  document.addEventListener("htmx:xhr:progress", (event) => {
    const form = upload(event);
    if (!form || !event.detail.lengthComputable) return;
    form.querySelector(".upload progress").value = (100 * event.detail.loaded) / event.detail.total;
  });

  const uploadFailed = (event) => {
    const form = upload(event);
    if (!form) return;
    form.querySelector(".upload").hidden = true;
    form.querySelector("[data-upload-failed]").hidden = false;
    form.querySelector("button.primary").disabled = false;
  };
  document.addEventListener("htmx:sendError", uploadFailed);
  document.addEventListener("htmx:responseError", uploadFailed);
})();
