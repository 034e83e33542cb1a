"use strict";

// Keys become labels and actions. They are handled here because htmx's key filters need eval, which
// the CSP forbids; they are never taken from a field, a dialog or a button that has the focus.
(() => {
  const isTyping = (element) =>
    element.isContentEditable ||
    element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button])");

  const isPressable = (element) => element.matches("button, a, summary, input");

  const keyOf = (event) => (event.key.length === 1 ? event.key.toLowerCase() : event.key);

  // `keys` maps an action to its keys, `labels` a key to a function, `actions` an action to one.
  const listen = ({ keys, labelAt, actions }) => {
    const named = (own) => new Map(Object.entries(own).flatMap(([name, its]) => its.map((key) => [key, name])));
    let byKey = named(keys);

    const labelFor = (event) => {
      // Some keyboards have their digits under shift; the key in that place counts, too.
      const digit = /^Digit(\d)$/.exec(event.code)?.[1];
      return labelAt(keyOf(event)) ?? (digit && !event.shiftKey ? labelAt(digit) : null);
    };

    const find = (event) => {
      const label = labelFor(event);
      if (label) return label;
      const key = keyOf(event);
      if ((key === "Enter" || key === " ") && isPressable(event.target)) return null;
      return actions[byKey.get(key)] ?? null;
    };

    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || event.isComposing) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
      const action = find(event);
      if (!action) return;
      event.preventDefault();
      // A held key is one decision.
      if (!event.repeat) action();
    });

    // Labels may have taken keys of actions since, or given them back.
    return { rekey: (own) => (byKey = named(own)) };
  };

  window.Winnow ??= {};
  window.Winnow.shortcuts = { listen };
})();
