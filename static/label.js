"use strict";

// The desk: keys, saving once, and keeping a label whose save failed.
// Keys are handled here because htmx's key filters need eval, which the CSP forbids.
(() => {
  const byId = (id) => document.getElementById(id);
  const answer = () => byId("answer");
  const choices = () => [...document.querySelectorAll("[data-choice]")];
  const isMulti = () => answer()?.hasAttribute("data-multi");

  const DOUBLE_CLICK_MS = 350;

  let inFlight = false;
  let sent = null; // what was sent last: { form, button, words, seconds }
  let failed = null; // the same, with the status, when it did not arrive
  let askedForNone = false;
  let shownAt = 0;
  let lookedAway = 0;
  let awaySince = null;
  let byPointer = false;

  // A new item ------------------------------------------------------------------------------------

  const begin = () => {
    shownAt = performance.now();
    lookedAway = 0;
    awaySince = document.hidden ? shownAt : null;
    askedForNone = false;
    // htmx hands the focus on to the new button; only who works by Tab wants it there.
    if (byPointer) document.activeElement.blur();
    forget();
    const id = answer()?.elements.client_id;
    if (id && crypto.randomUUID) id.value = crypto.randomUUID();
    const said = byId("said")?.textContent.trim();
    const item = document.querySelector("#item .text")?.textContent.slice(0, 200);
    byId("announce").textContent = [said, item].filter(Boolean).join(" ");
  };

  document.addEventListener("pointerdown", () => (byPointer = true), true);
  document.addEventListener("keydown", () => (byPointer = false), true);

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      awaySince = performance.now();
    } else if (awaySince !== null) {
      lookedAway += performance.now() - awaySince;
      awaySince = null;
    }
  });

  const secondsTaken = () => Math.max(0, (performance.now() - shownAt - lookedAway) / 1000).toFixed(2);

  // Choosing --------------------------------------------------------------------------------------

  const choose = (choice) => {
    askedForNone = false;
    choice.click();
  };

  const accept = () => {
    const suggested = choices().filter((choice) => choice.hasAttribute("data-suggested"));
    if (!isMulti()) {
      if (suggested.length) choose(suggested[0]);
      else say(byId("unsaved").dataset.nothing);
      return;
    }
    if (!choices().some((choice) => choice.checked)) {
      if (suggested.length) {
        for (const choice of suggested) choice.checked = true;
      } else if (!askedForNone) {
        askedForNone = true;
        say(byId("unsaved").dataset.none);
        return;
      }
    }
    byId("save").click();
  };

  const say = (words) => {
    byId("said").textContent = words;
    byId("announce").textContent = words;
  };

  // Keys ------------------------------------------------------------------------------------------

  const press = (id) => byId(id)?.click();

  const zoom = (step) => {
    const picture = document.querySelector(".picture");
    if (!picture) return;
    const level = Number(picture.dataset.zoom);
    picture.dataset.zoom = step === 0 ? 0 : Math.min(2, Math.max(0, level + step));
    picture.scrollTo(
      (picture.scrollWidth - picture.clientWidth) / 2,
      (picture.scrollHeight - picture.clientHeight) / 2,
    );
  };

  const PAGE_KEYS = {
    Enter: accept,
    " ": () => press("skip-button"),
    z: () => press("undo-button"),
    Backspace: () => press("undo-button"),
    g: () => press("guidelines-button"),
    "?": () => press("help-button"),
    "/": () => byId("find")?.focus(),
    "+": () => zoom(1),
    "=": () => zoom(1),
    "-": () => zoom(-1),
    Escape: () => zoom(0),
  };

  const isTyping = (element) =>
    element.isContentEditable ||
    element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button])");

  const isPressable = (element) => element.matches("button, a, summary, input");

  const keyOf = (event) => (event.key.length === 1 ? event.key.toLowerCase() : event.key);

  const choiceFor = (event) => {
    const key = keyOf(event);
    const own = choices().find((choice) => choice.dataset.key === key);
    // Some keyboards have their digits under shift; the key in that place counts, too.
    const digit = /^Digit(\d)$/.exec(event.code)?.[1];
    return own || (digit && !event.shiftKey && choices().find((each) => each.dataset.key === digit));
  };

  const actionFor = (event) => {
    const choice = choiceFor(event);
    if (choice) return () => choose(choice);
    const key = keyOf(event);
    if ((key === "Enter" || key === " ") && isPressable(event.target)) return null;
    return Object.hasOwn(PAGE_KEYS, key) ? PAGE_KEYS[key] : null;
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const action = actionFor(event);
    if (!action) return;
    event.preventDefault();
    if (!event.repeat && !inFlight) action();
  });

  // A mouse leaves no focus behind, or the next Space would press that button again. Only once the
  // click is through, as htmx forgets which button was pressed when that button loses the focus.
  // Before the rule below, which stops the second half of a double click but not its focus.
  document.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest("#desk :is(button, input[type=checkbox])");
      if (button && event.detail > 0) setTimeout(() => button.blur());
    },
    true,
  );

  // The next item can be there before the second half of a double click, which was not meant for it.
  document.addEventListener(
    "click",
    (event) => {
      const isSecond = event.detail > 1 && performance.now() - shownAt < DOUBLE_CLICK_MS;
      if (!isSecond || !event.target.closest("#desk form")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#zoom-button")) return;
    zoom(document.querySelector(".picture").dataset.zoom === "0" ? 1 : 0);
  });

  // Finding a label among many ----------------------------------------------------------------------

  const visible = () => choices().filter((choice) => !choice.closest("li").hidden);

  document.addEventListener("input", (event) => {
    if (event.target.id !== "find") return;
    const wanted = event.target.value.trim().toLowerCase();
    for (const choice of choices()) {
      choice.closest("li").hidden = !choice.value.toLowerCase().includes(wanted);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "find" || event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      const [first] = visible();
      if (first && event.target.value.trim() && !event.repeat && !inFlight) choose(first);
    } else if (event.key === "Escape") {
      event.target.value = "";
      event.target.dispatchEvent(new Event("input", { bubbles: true }));
      event.target.blur();
    }
  });

  // Saving ----------------------------------------------------------------------------------------

  // Not by the element: after the swap the form is gone, and htmx names what is left around it.
  const isOurs = ({ detail }) => detail.target?.id === "desk" && detail.requestConfig.verb === "post";

  // Also without htmx a second click must not send the form twice.
  document.addEventListener(
    "submit",
    (event) => {
      if (!event.target.closest("#desk")) return;
      if (inFlight) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      sent = { form: event.target, button: event.submitter, words: wordsOf(event) };
    },
    true,
  );

  const wordsOf = (event) => {
    if (event.target.id !== "answer") return "";
    const names = isMulti()
      ? choices().filter((choice) => choice.checked).map((choice) => choice.value)
      : [event.submitter?.value];
    return byId("unsaved").dataset.label.replace("{label}", names.join(", ") || "–");
  };

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "answer") return;
    sent.seconds = failed?.seconds ?? secondsTaken();
    event.detail.parameters.seconds = sent.seconds;
  });

  document.addEventListener("htmx:beforeSend", (event) => {
    if (!isOurs(event)) return;
    inFlight = true;
    byId("desk").setAttribute("aria-busy", "true");
    for (const button of document.querySelectorAll("#desk form button")) {
      button.setAttribute("aria-disabled", "true");
    }
    if (!isMulti()) sent?.button?.classList.add("chosen");
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (!isOurs(event)) return;
    inFlight = false;
    byId("desk").removeAttribute("aria-busy");
    for (const button of document.querySelectorAll("#desk [aria-disabled]")) {
      button.removeAttribute("aria-disabled");
    }
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "desk") begin();
  });

  // What did not arrive ---------------------------------------------------------------------------

  const REASONS = { 0: "offline", 401: "out", 403: "old", 404: "gone" };

  const keep = (event) => {
    if (!isOurs(event) || !sent) return;
    const status = event.detail.xhr?.status ?? 0;
    failed = { ...sent, status };
    const box = byId("unsaved");
    const reason = box.dataset[REASONS[status] ?? "broken"];
    box.querySelector(".unsaved-words").textContent = [reason, failed.words].filter(Boolean).join(" ");
    box.querySelector("[data-login]").hidden = status !== 401;
    box.hidden = false;
  };
  document.addEventListener("htmx:sendError", keep);
  document.addEventListener("htmx:timeout", keep);
  document.addEventListener("htmx:responseError", keep);

  const forget = () => {
    failed = null;
    byId("unsaved").hidden = true;
  };

  const sendAgain = async () => {
    if (!failed || inFlight) return;
    const { form, button, status } = failed;
    if ((status === 401 || status === 403) && !(await renewToken())) return;
    form.requestSubmit(button);
  };

  // Signing in again changes the token, so the one in this page is taken from a fresh page.
  const renewToken = async () => {
    try {
      const page = await fetch(location.pathname, { credentials: "same-origin" });
      if (!page.ok || page.redirected) return false;
      const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
      document.body.setAttribute("hx-headers", fresh.body.getAttribute("hx-headers"));
      const { value } = fresh.querySelector("[name=csrfmiddlewaretoken]");
      for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = value;
      return true;
    } catch {
      return false;
    }
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-again]")) sendAgain();
  });
  window.addEventListener("online", sendAgain);
  window.addEventListener("beforeunload", (event) => {
    if (failed) event.preventDefault();
  });

  // A page that comes back out of the browser's memory shows an item that may be settled.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  begin();
})();
