// Choosing among the labels of the project: one, or several. Values are lists of label ids, so a rename
// changes what is read and never what is meant. When labels were changed elsewhere, buttons and
// descriptions are made anew in place.

import { answers } from "../labelling/registry.js";
import { fill, plural } from "../labelling/view.js";

const byId = (id) => document.getElementById(id);

const element = (tag, text, attributes = {}) => {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

const areIds = (refs) => refs.every((ref) => typeof ref === "number");

// The search among many labels is a script of its own, which most pages do not load.
let Search = null;
export const searchWith = (made) => (Search = made);

// The labels, without a document ------------------------------------------------------------------

export class Labels {
  // Also of labels that are removed since: what was said with them can still be told.
  #called = new Map();

  constructor(list) {
    this.#remember(list);
  }

  #remember(list) {
    this.list = list;
    for (const { id, name } of list) this.#called.set(id, name);
  }

  // The names of retired labels come with the answers that they were given in.
  learn(ids, names) {
    ids?.forEach((id, at) => this.#called.has(id) || this.#called.set(id, names[at]));
  }

  // Ids, or names from before pages knew ids, become names.
  names(refs) {
    return refs.map((ref) => (typeof ref === "number" ? (this.#called.get(ref) ?? "?") : ref));
  }

  // The same as ids, as far as they are labels now.
  ids(refs) {
    const found = refs.map((ref) => this.list.find(({ id, name }) => ref === id || ref === name)?.id);
    return found.filter((id) => id !== undefined);
  }

  // What is suggested; null where one of its labels is removed, as it would be another answer.
  suggested(suggestion) {
    const refs = suggestion?.label_ids ?? [];
    const stands = refs.every((id) => this.list.some((label) => label.id === id));
    return suggestion && stands ? refs : null;
  }

  // Take the labels of now, and return in words what is different.
  replace(list, words) {
    const before = this.list;
    this.#remember(list);
    const changes = this.#changes(before, words);
    if (changes.length) return fill(words.labels_changed, { changes: changes.join("; ") });
    return JSON.stringify(before) === JSON.stringify(list) ? "" : words.label_details;
  }

  #changes(before, words) {
    const now = new Map(this.list.map(({ id, name }) => [id, name]));
    const had = new Set(before.map(({ id }) => id));
    const renamed = before.filter(({ id, name }) => now.has(id) && now.get(id) !== name);
    return [
      ...renamed.map(({ id, name }) => fill(words.label_renamed, { old: name, name: now.get(id) })),
      ...this.list.filter(({ id }) => !had.has(id)).map((label) => fill(words.label_new, label)),
      ...before.filter(({ id }) => !now.has(id)).map((label) => fill(words.label_gone, label)),
    ];
  }
}

// The answer --------------------------------------------------------------------------------------

export class Choices {
  desk;
  labels;
  #search = null;
  blank = [];
  suggested = null;
  actions = { find_label: () => byId("find")?.focus() };

  constructor({ multiple }) {
    this.multiple = multiple;
    this.allowsBlank = multiple;
  }

  mount(desk) {
    this.desk = desk;
    this.labels = new Labels(desk.config.labels);
    this.#findChoices();
    if (!Search || !byId("find")) return;
    this.#search = new Search({
      input: byId("find"),
      choices: this.choices,
      multiple: this.multiple,
      pick: (choice) => this.pick(choice),
      accept: desk.accept,
      told: (n, first) => this.#tellFound(n, first),
    });
  }

  #findChoices() {
    this.choices = [...document.querySelectorAll("[data-choice]")];
  }

  get value() {
    const isChosen = (choice) => choice.checked || choice.hasAttribute("data-chosen");
    return this.choices.filter(isChosen).map(idOf);
  }

  put(refs) {
    const ids = this.labels.ids(refs);
    for (const choice of this.choices) choose(choice, ids.includes(idOf(choice)));
  }

  suggest(suggestion) {
    this.suggested = this.labels.suggested(suggestion);
    for (const choice of this.choices) {
      const isSuggested = this.suggested?.includes(idOf(choice)) ?? false;
      choice.closest(".choice").classList.toggle("suggested", isSuggested);
      choice.toggleAttribute("data-suggested", isSuggested);
    }
  }

  said(refs) {
    return this.labels.names(refs).join(", ") || this.desk.config.words.none;
  }

  // Names only where they were kept before pages knew ids.
  sent(refs) {
    return areIds(refs) ? { label_ids: refs } : { labels: refs };
  }

  received({ label_ids: ids, labels }) {
    if (ids?.length === labels?.length) this.labels?.learn(ids, labels);
    return ids ?? labels;
  }

  actionAt(key) {
    const choice = this.choices.find((each) => each.dataset.key === key);
    return choice ? () => this.pick(choice) : null;
  }

  actionOf(clicked) {
    const choice = clicked.closest("button[data-choice]");
    return choice ? () => this.pick(choice) : null;
  }

  pick(choice) {
    if (this.multiple) choose(choice, !choice.checked);
    else if (this.desk.savesAtOnce()) this.desk.decide([idOf(choice)]);
    else for (const each of this.choices) choose(each, each === choice);
  }

  get draft() {
    return { find: this.#search?.query ?? "" };
  }

  restore({ find = "" }) {
    if (this.#search) this.#search.query = find;
  }

  // Changes elsewhere ---------------------------------------------------------------------------

  take(shown) {
    const chosen = this.value;
    const told = this.labels.replace(shown.labels, this.desk.config.words);
    this.#paintButtons();
    this.#paintDescriptions();
    this.#findChoices();
    this.put(chosen);
    this.#search?.take(this.choices);
    return told;
  }

  // Each button is a copy of one that the server made, so that there is one shape of it.
  #paintButtons() {
    const { list } = this.labels;
    const box = document.querySelector(".choice-list");
    const pattern = box.querySelector("li:not(.choice-group)").cloneNode(true);
    const rows = list.map((label, at) => {
      const row = asButton(pattern.cloneNode(true), label, at);
      const before = list[at - 1]?.group ?? "";
      const heading = element("li", label.group ?? "", { class: "choice-group", dir: "auto" });
      return (label.group ?? "") === before ? [row] : [heading, row];
    });
    box.replaceChildren(...rows.flat());
    const isMany = list.length >= this.desk.config.filter_from;
    box.classList.toggle("many", isMany);
    const search = document.querySelector(".find-row");
    if (search) search.hidden = !isMany;
  }

  #paintDescriptions() {
    const described = this.labels.list.filter(({ description, examples }) => description || examples.length);
    byId("label-descriptions").replaceChildren(...described.flatMap((label) => this.#described(label)));
  }

  #described({ name, description, examples }) {
    const detail = element("dd", "");
    if (description) detail.append(element("p", description, { dir: "auto" }));
    if (examples.length) {
      const list = element("ul", "", { class: "examples", "aria-label": this.desk.config.words.examples });
      list.append(...examples.map((each) => element("li", each, { dir: "auto" })));
      detail.append(list);
    }
    return [element("dt", name, { dir: "auto" }), detail];
  }

  // How many labels were found, null where nothing is searched, and which one Enter takes.
  #tellFound(n, first) {
    const { words, language } = this.desk.config;
    const box = byId("found-labels");
    if (!n) {
      box.textContent = n === 0 ? words.no_label_found : "";
      return;
    }
    // Who looks at the list sees which one that is.
    const hint = element("span", fill(words.enter_takes, { label: first }), { class: "visually-hidden" });
    box.replaceChildren(plural(words.found_labels, n, language), " ", hint);
  }
}

export const idOf = (choice) => Number(choice.value);

const choose = (choice, isChosen) => {
  if (choice.type === "checkbox") choice.checked = isChosen;
  else {
    choice.classList.toggle("chosen", isChosen);
    choice.toggleAttribute("data-chosen", isChosen);
  }
};

const asButton = (row, label, at) => {
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
  // Of spans, the answer itself dresses the buttons.
  const swatch = box.querySelector(".swatch");
  if (swatch) {
    swatch.className = "swatch";
    swatch.classList.add(`swatch-${label.color || "none"}`);
  }
  box.querySelector("kbd")?.remove();
  const key = label.key && element("kbd", label.key.toUpperCase());
  if (key) box.querySelector(".choice-name").before(key, " ");
  return row;
};

answers.register("single_choice", new Choices({ multiple: false }));
answers.register("multiple_choice", new Choices({ multiple: true }));
