"use strict";

// What is typed and not saved yet is kept for its person in this tab: over a reload, an expired
// session and a refused save. Passwords and files are never kept. It is comfort: forms work without.
(() => {
  const PREFIX = "winnow-draft:";
  const SAVED = "winnow_saved";
  const KEPT_BY_SERVER = "Winnow-Draft";
  const KEPT =
    "textarea, select, input:not([type=password], [type=file], [type=hidden], [type=submit], [type=button], [type=reset], [type=image])";
  const { person, signIn } = document.body.dataset;
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  // Storage ---------------------------------------------------------------------------------------

  const read = (key) => {
    try {
      return JSON.parse(sessionStorage.getItem(key));
    } catch {
      return null;
    }
  };

  const write = (key, draft) => {
    try {
      if (Object.keys(draft.fields).length) sessionStorage.setItem(key, JSON.stringify(draft));
      else sessionStorage.removeItem(key);
    } catch {
      // Storage is full or switched off: the form works as it did without drafts.
    }
  };

  const draftKeys = () => {
    try {
      return Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
    } catch {
      return [];
    }
  };

  // Who has to sign in again is told that nothing typed is lost.
  if (!person) {
    const notice = document.querySelector("[data-kept]");
    if (notice) notice.hidden = draftKeys().length === 0;
    return;
  }

  // Forms -----------------------------------------------------------------------------------------

  const actionOf = (form) => new URL(form.getAttribute("action") || location.pathname, location).pathname;
  const isDrafted = (form) =>
    form.getAttribute("method")?.toLowerCase() === "post" && !form.closest("[data-no-draft], .at-desk");
  const forms = (within) => [...within.querySelectorAll("form")].filter(isDrafted);

  // A form is known by where it sends, which names the object; several to one address are counted.
  const keyOf = (form) => {
    const twins = forms(document).filter((each) => actionOf(each) === actionOf(form));
    return `${PREFIX}${person}:${actionOf(form)}#${twins.indexOf(form)}`;
  };

  const controls = (form) => [...form.elements].filter((each) => each.name && each.matches(KEPT));
  const isTick = (control) => control.type === "checkbox" || control.type === "radio";
  const nameOf = (control) => (control.dataset.draft || control.name) + (isTick(control) ? `=${control.value}` : "");

  const chosen = (select, isChosen) => [...select.options].filter(isChosen).map(({ value }) => value);

  const valueOf = (control) => {
    if (isTick(control)) return control.checked;
    return control.multiple && control.options ? chosen(control, ({ selected }) => selected) : control.value;
  };

  const defaultOf = (control) => {
    if (isTick(control)) return control.defaultChecked;
    if (!control.options) return control.defaultValue;
    const values = chosen(control, ({ defaultSelected }) => defaultSelected);
    return control.multiple ? values : (values.at(-1) ?? control.options[0]?.value ?? "");
  };

  const put = (control, value) => {
    if (isTick(control)) control.checked = value;
    else if (control.multiple && control.options)
      for (const option of control.options) option.selected = value.includes(option.value);
    else control.value = value;
  };

  // Stamps ----------------------------------------------------------------------------------------

  // What was typed against an older version is sent with the stamp of that one, so that the server
  // shows both versions instead of overwriting the newer.
  const stampsOf = (control) => (control.closest("tr") || control.form).querySelector("[data-loaded]");
  const fieldOf = (control) => control.dataset.field || control.name;
  const stampOf = (control) => {
    const holder = stampsOf(control);
    return holder ? JSON.parse(holder.value)[fieldOf(control)] : undefined;
  };

  const putStamp = (control, stamp) => {
    const holder = stampsOf(control);
    if (!holder || !stamp) return;
    holder.dataset.first ??= holder.value;
    holder.value = JSON.stringify({ ...JSON.parse(holder.value), [fieldOf(control)]: stamp });
  };

  // Keeping ---------------------------------------------------------------------------------------

  // A part of a form may come later, such as the preview of a file.
  const absent = (form, { fields }) => {
    const there = new Set(controls(form).map(nameOf));
    return Object.fromEntries(Object.entries(fields).filter(([name]) => !there.has(name)));
  };

  const keep = (form) => {
    const key = keyOf(form);
    const draft = read(key) || { fields: {} };
    const fields = absent(form, draft);
    for (const control of controls(form)) {
      const name = nameOf(control);
      const value = valueOf(control);
      // A refused form shows as its default what was typed, which is not saved for all that.
      const isRefused = "bound" in form.dataset && same(draft.fields[name]?.value, value);
      if (!same(value, defaultOf(control))) fields[name] = { value, stamp: stampOf(control) };
      else if (isRefused) fields[name] = draft.fields[name];
    }
    write(key, { ...draft, fields });
  };

  const kept = (event) => {
    const form = event.target.form;
    if (form && isDrafted(form) && event.target.matches(KEPT)) keep(form);
  };
  document.addEventListener("input", kept);
  document.addEventListener("change", kept);

  // Restoring -------------------------------------------------------------------------------------

  const discard = (form, key, notice) => {
    sessionStorage.removeItem(key);
    form.reset();
    for (const holder of form.querySelectorAll("[data-loaded][data-first]")) holder.value = holder.dataset.first;
    notice.remove();
    controls(form)[0]?.focus();
  };

  const tell = (form, key) => {
    if (form.querySelector(".restored")) return;
    const notice = document.getElementById("restored").content.firstElementChild.cloneNode(true);
    notice.querySelector("[data-discard-draft]").addEventListener("click", () => discard(form, key, notice));
    form.prepend(notice);
  };

  const restoreControl = (control, entry) => {
    put(control, entry.value);
    putStamp(control, entry.stamp);
    control.closest("details")?.setAttribute("open", "");
  };

  const restore = (form) => {
    const key = keyOf(form);
    const draft = read(key);
    if (!draft) return;
    const isBound = "bound" in form.dataset;
    const fields = {};
    for (const control of controls(form)) {
      const entry = draft.fields[nameOf(control)];
      // What the server has by now needs no draft; what it shows of a refused form, it got.
      if (!entry || same(entry.value, defaultOf(control)) !== isBound) continue;
      fields[nameOf(control)] = entry;
      if (!isBound) restoreControl(control, entry);
    }
    write(key, { ...draft, fields: { ...absent(form, draft), ...fields } });
    if (Object.keys(fields).length && !isBound) tell(form, key);
  };

  const restorePart = (form, part) => {
    const key = keyOf(form);
    const draft = read(key);
    const typed = (control) => draft?.fields[nameOf(control)];
    const own = controls(form).filter((control) => part.contains(control) && typed(control));
    const changed = own.filter((control) => !same(typed(control).value, valueOf(control)));
    for (const control of changed) restoreControl(control, typed(control));
    if (!changed.length) return;
    tell(form, key);
    changed[0].dispatchEvent(new Event("change", { bubbles: true }));
  };

  // Saved -----------------------------------------------------------------------------------------

  const forgetSaved = () => {
    const saved = document.cookie.match(`(?:^|; )${SAVED}=([^;]+)`)?.[1];
    const key = saved && draftKeys().find((each) => read(each)?.id === saved);
    if (!key) return;
    sessionStorage.removeItem(key);
    document.cookie = `${SAVED}=; path=/; max-age=0; samesite=lax`;
  };

  // The answer to a form that is sent as a page says, by this name, that it was saved.
  const nameDraft = (form) => {
    const key = keyOf(form);
    const draft = read(key);
    if (!draft) return;
    const id = [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(36)).join("");
    write(key, { ...draft, id });
    const field = form.querySelector("input[name=draft]") || document.createElement("input");
    Object.assign(field, { type: "hidden", name: "draft", value: id });
    form.append(field);
  };

  document.addEventListener("submit", ({ target }) => {
    if (target.closest("[data-forgets]")) for (const key of draftKeys()) sessionStorage.removeItem(key);
    else if (isDrafted(target)) nameDraft(target);
  });

  // Regions ---------------------------------------------------------------------------------------

  const sender = (event) => {
    const form = event.detail.requestConfig?.elt?.closest?.("form");
    return form && isDrafted(form) ? form : null;
  };

  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const form = sender(event);
    const { status } = event.detail.xhr;
    const isPreview = event.detail.xhr.getResponseHeader(KEPT_BY_SERVER) === "kept";
    if (form && !isPreview && status >= 200 && status < 400) sessionStorage.removeItem(keyOf(form));
  });

  document.addEventListener("htmx:load", ({ detail }) => {
    const part = detail.elt;
    if (part === document.body || !part.isConnected) return;
    if (part.matches("form") && isDrafted(part)) restore(part);
    forms(part).forEach(restore);
    const around = part.parentElement.closest("form");
    if (around && isDrafted(around)) restorePart(around, part);
  });

  // Pages with a place of their own for such news tell it there.
  const tellsItself = () => document.getElementById("unsaved") !== null;

  document.addEventListener("htmx:responseError", (event) => {
    if (tellsItself()) return;
    const { status } = event.detail.xhr;
    const here = location.pathname + location.search;
    if (status === 401) location.assign(`${signIn}?next=${encodeURIComponent(here)}`);
    // The page is too old, or is not this person's any more: what loads instead says which.
    else if (status === 403 || status === 404) location.reload();
    else notSent(event);
  });

  const notSent = (event) => {
    const form = event.detail.requestConfig?.elt?.closest?.("form");
    if (!form || tellsItself() || form.matches("[data-upload]")) return;
    form.querySelector(":scope > .not-sent")?.remove();
    form.prepend(document.getElementById("not-sent").content.firstElementChild.cloneNode(true));
  };
  document.addEventListener("htmx:sendError", notSent);
  document.addEventListener("htmx:timeout", notSent);

  forgetSaved();
  forms(document).forEach(restore);
})();
