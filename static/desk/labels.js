"use strict";

// The labels of the desk. Decisions name them by their ids, so a rename changes what is read and
// never what is meant. What was changed elsewhere comes with an answer of the server: buttons,
// keys and guidelines are made anew in place, and a notice says what is different.
(() => {
  const { words: wording } = window.Winnow;
  const byId = (id) => document.getElementById(id);

  const element = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };

  class Labels {
    constructor(config) {
      this.config = config;
      this.list = config.labels;
      // Also of labels that are removed since: what was said with them can still be told.
      this.called = new Map();
      this.remember();
    }

    remember() {
      for (const { id, name } of this.list) this.called.set(id, name);
    }

    // The label of a button.
    of(choice) {
      return Number(choice.value);
    }

    // Ids, or names from before pages knew ids, become names.
    names(refs) {
      return refs.map((ref) => (typeof ref === "number" ? (this.called.get(ref) ?? "?") : ref));
    }

    // The same as ids, as far as they are labels now.
    ids(refs) {
      const found = refs.map((ref) => this.list.find(({ id, name }) => ref === id || ref === name)?.id);
      return found.filter((id) => id !== undefined);
    }

    // What an entry sends: ids, and names only where it was kept before pages knew ids.
    sent(refs) {
      return refs.every((ref) => typeof ref === "number") ? { label_ids: refs } : { labels: refs };
    }

    // What is suggested; null where one of its labels is removed, as it would be another answer.
    suggested(suggestion) {
      const refs = suggestion?.label_ids ?? [];
      const stands = refs.every((id) => this.list.some((label) => label.id === id));
      return suggestion && stands ? refs : null;
    }

    // Take what the server shows now, and return in words what is different.
    take(shown) {
      const before = { labels: this.list, guidelines: this.config.guidelines };
      Object.assign(this.config, shown);
      this.list = shown.labels;
      this.remember();
      this.paintButtons();
      this.paintKeys();
      this.paintGuidelines();
      return this.difference(before);
    }

    difference({ labels, guidelines }) {
      const { words } = this.config;
      const now = new Map(this.list.map((label) => [label.id, label.name]));
      const had = new Map(labels.map((label) => [label.id, label.name]));
      const renamed = labels.filter(({ id, name }) => now.has(id) && now.get(id) !== name);
      const parts = [
        ...renamed.map(({ id, name }) => wording.fill(words.label_renamed, { old: name, name: now.get(id) })),
        ...this.list.filter(({ id }) => !had.has(id)).map((label) => wording.fill(words.label_new, label)),
        ...labels.filter(({ id }) => !now.has(id)).map((label) => wording.fill(words.label_gone, label)),
      ];
      const isOther = JSON.stringify(labels) !== JSON.stringify(this.list);
      return [
        parts.length ? wording.fill(words.labels_changed, { changes: parts.join("; ") }) : "",
        isOther && !parts.length ? words.label_details : "",
        guidelines !== this.config.guidelines ? words.guidelines_changed : "",
      ]
        .filter(Boolean)
        .join(" ");
    }

    // Each button is a copy of one that the server made, so that there is one shape of it.
    paintButtons() {
      const list = document.querySelector(".choice-list");
      const pattern = list.querySelector("li").cloneNode(true);
      list.replaceChildren(...this.list.map((label, at) => this.button(pattern.cloneNode(true), label, at)));
      const isMany = this.list.length >= this.config.filter_from;
      list.classList.toggle("many", isMany);
      const finder = document.querySelector(".find-row");
      if (finder) finder.hidden = !isMany;
    }

    button(row, label, at) {
      row.hidden = false;
      const [box, choice] = [row.querySelector(".choice"), row.querySelector("[data-choice]")];
      box.classList.remove("suggested", "chosen");
      choice.removeAttribute("data-suggested");
      choice.removeAttribute("data-chosen");
      choice.checked = false;
      Object.assign(choice, { id: `choice-${at + 1}`, value: String(label.id) });
      choice.dataset.key = label.key;
      box.title = label.description;
      box.querySelector(".choice-name").textContent = label.name;
      box.querySelector("kbd")?.remove();
      const key = label.key && element("kbd", label.key.toUpperCase());
      if (key) box.querySelector(".choice-name").before(key, " ");
      return row;
    }

    // A label may take the key of an action, or give it back.
    paintKeys() {
      for (const button of document.querySelectorAll(".tool[data-action], #save")) {
        const cap = this.config.caps[button.dataset.action ?? "accept"] ?? "";
        const kbd = button.querySelector("kbd");
        if (kbd) kbd.textContent = cap;
        else if (cap) button.append(" ", element("kbd", cap));
        if (kbd) kbd.hidden = !cap;
      }
    }

    paintGuidelines() {
      const { guidelines, words } = this.config;
      document.querySelector("#guidelines .guidelines").textContent = guidelines || words.no_guidelines;
      const told = this.list.filter(({ description, examples }) => description || examples.length);
      byId("label-descriptions").replaceChildren(...told.flatMap((label) => this.described(label)));
    }

    described({ name, description, examples }) {
      const detail = element("dd", "");
      if (description) detail.append(element("p", description, { dir: "auto" }));
      if (examples.length) {
        const list = element("ul", "", { class: "examples", "aria-label": this.config.words.examples });
        list.append(...examples.map((each) => element("li", each, { dir: "auto" })));
        detail.append(list);
      }
      return [element("dt", name, { dir: "auto" }), detail];
    }
  }

  window.Winnow.Labels = Labels;
})();
