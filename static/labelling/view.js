// Rendering: the item, its suggestion, and the connection state. Text is only ever set as text.

const byId = (id) => document.getElementById(id);

export const fill = (text, values) =>
  text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));

export const plural = (forms, n, language) =>
  fill(forms[new Intl.PluralRules(language).select(n)] ?? forms.other, { n });

// Terms and details of those pairs that have a value.
const rows = (pairs) =>
  pairs
    .filter(([, value]) => value !== undefined && value !== "")
    .flatMap(([name, value]) => {
      const [term, detail] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name;
      detail.textContent = typeof value === "string" ? value : JSON.stringify(value);
      term.dir = detail.dir = "auto";
      return [term, detail];
    });

const HOURS = { timeStyle: "short", hourCycle: "h23" }; // as the server writes them
const MOST_SAID = 200; // characters of an item read to screen readers

export class View {
  constructor({ config, medium, answer }) {
    Object.assign(this, { config, medium, answer, words: config.words });
  }

  number(n) {
    return n.toLocaleString(this.config.language);
  }

  measured(n, unit, maximumFractionDigits = 0) {
    const style = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits };
    return new Intl.NumberFormat(this.config.language, style).format(n);
  }

  duration(seconds) {
    const [n, unit] = seconds < 120 ? [seconds, "second"] : [seconds / 60, "minute"];
    return this.measured(n, unit, seconds < 10 ? 1 : 0);
  }

  percent(share) {
    return share.toLocaleString(this.config.language, { style: "percent", maximumFractionDigits: 0 });
  }

  // The item ------------------------------------------------------------------------------------

  // The current item, with what helps to decide; what follows is its draft.
  item(served, { given = this.answer.blank, note = "", unsure = false, ...draft } = {}) {
    const had = document.activeElement;
    byId("desk").classList.toggle("is-empty", !served);
    if (!served) {
      this.had = had;
      return;
    }
    // Restore the focus from before the queue was empty.
    if (this.had && document.activeElement === document.body) this.had.focus();
    this.had = null;
    // The plain forms name the lease as well.
    for (const field of document.querySelectorAll("[name=lease]")) field.value = served.lease ?? "";
    this.medium.show(served.item);
    this.about(served);
    this.fields(served.item.meta);
    this.hint(served);
    this.answer.put(given, draft);
    byId("note").value = note;
    this.noteShown(note !== "");
    this.unsure(unsure);
  }

  // The ID of an item; of an image, only the file's name, as a folder may say more.
  about({ item: { key = "", image_url }, redo }) {
    byId("item-key").textContent = image_url ? key.split("/").pop() : key;
    byId("redo").textContent = redo ? fill(this.words.redo, redo) : "";
    byId("redo").hidden = !redo;
  }

  fields(meta) {
    const list = byId("fields");
    const { fields } = this.config;
    list.replaceChildren(...rows(fields.map((name) => [name, meta[name]])));
    list.hidden = fields.length === 0;
    list.style.setProperty("--lines", fields.length);
  }

  // All that an image's file or its import said of it.
  details(meta) {
    const found = rows(Object.entries(meta));
    byId("details-fields").replaceChildren(...found);
    byId("details-none").hidden = found.length > 0;
  }

  hint(served) {
    const { suggestion, why } = served;
    this.answer.suggest(suggestion, served);
    const box = byId("suggestion");
    const { suggested } = this.answer;
    box.hidden = suggested === null;
    if (suggested !== null) {
      box.querySelector("b").textContent = this.answer.said(suggested);
      const sure = box.querySelector(".sure");
      sure.textContent = this.sure(suggestion ?? {});
      sure.hidden = !sure.textContent;
    }
    byId("why").textContent = why?.words ?? "";
    byId("model").textContent = why?.model ? this.model(why) : "";
  }

  sure({ confidence, origin }) {
    if (origin === "label_descriptions") return this.words.from_label_texts;
    if (confidence === null || confidence === undefined) return "";
    const whole = Math.min(Math.max(100 * confidence, 0.1), 99.9);
    const digits = whole > 99 || whole < 1 ? 1 : 0;
    const value = whole.toLocaleString(this.config.language, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    return fill(this.words.sure, { value });
  }

  model({ model, model_age_seconds: seconds }) {
    const [n, unit] =
      seconds < 90 ? [seconds, "second"] : seconds < 5400 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
    return fill(this.words.model, { model, age: this.measured(n, unit) });
  }

  get remarks() {
    return {
      note: byId("note").value.trim(),
      unsure: byId("unsure-button").getAttribute("aria-pressed") === "true",
    };
  }

  unsure(isUnsure) {
    byId("unsure-button").setAttribute("aria-pressed", String(isUnsure));
  }

  noteShown(isShown) {
    byId("note-box").hidden = !isShown;
    byId("note-button").setAttribute("aria-expanded", String(isShown));
  }

  // The current labels, keys and guidelines, around the current item `served`, or null for an
  // earlier answer.
  changed(shown, served) {
    const isRead = shown.guidelines_number === this.config.guidelines_number;
    Object.assign(this.config, shown);
    this.guidelines(shown);
    this.caps();
    // An answer may have other caps.
    const told = [this.answer.take(shown), isRead ? "" : this.words.guidelines_changed];
    if (served) {
      this.hint(served);
      this.fields(served.item.meta);
    }
    const notice = told.filter(Boolean).join(" ");
    if (!notice) return;
    byId("changed-words").textContent = notice;
    byId("changed").hidden = false;
  }

  // The server has made the guidelines safe; what changed of them is text.
  guidelines({ guidelines_html: html, guidelines_news: news, guidelines_unread: isUnread }) {
    const { body } = new DOMParser().parseFromString(html, "text/html");
    const none = this.words.no_guidelines;
    document.querySelector("#guidelines .guidelines").replaceChildren(...(html ? body.childNodes : [none]));
    byId("news").replaceChildren(
      ...news.map(([how, text]) => {
        const line = document.createElement("p");
        line.className = `diff-${how}`;
        line.textContent = text;
        return line;
      }),
    );
    byId("news").hidden = news.length === 0;
    byId("guidelines-read").hidden = !isUnread;
  }

  // A label may take a key from an action, or release it.
  caps() {
    for (const button of document.querySelectorAll(".tool[data-action], #save")) {
      const cap = this.config.caps[button.dataset.action ?? "accept"] ?? "";
      const kbd = button.querySelector("kbd");
      if (kbd) {
        kbd.textContent = cap;
        kbd.hidden = !cap;
      } else if (cap) {
        const made = document.createElement("kbd");
        made.textContent = cap;
        button.append(" ", made);
      }
    }
  }

  // State ---------------------------------------------------------------------------------------

  // How much of a long item was visible.
  moreBelow(share) {
    return fill(this.words.more_below, { share: this.percent(share) });
  }

  // A status line, visible and announced to screen readers.
  say(said, then = "") {
    byId("said").textContent = said;
    byId("announce").textContent = [said, then.slice(0, MOST_SAID)].filter(Boolean).join(" ");
  }

  counts({ items, labelled, today }) {
    const bar = byId("progress");
    bar.max = items || 1;
    bar.value = labelled;
    const values = { labelled: this.number(labelled), items: this.number(items) };
    byId("labelled").textContent = fill(this.words.labelled, values);
    byId("mine").textContent = fill(this.words.mine, { n: this.number(today.labels) });
    byId("today-labels").textContent = this.number(today.labels);
    byId("today-skips").textContent = this.number(today.skips);
    byId("today-changes").textContent = this.number(today.changes);
    byId("today-time").textContent = this.duration(today.seconds);
  }

  session({ labels, median, hourly }) {
    byId("session-labels").textContent = this.number(labels);
    byId("session-middle").textContent = median === null ? "–" : this.duration(median);
    byId("session-pace").textContent = hourly === null ? "–" : this.number(hourly);
  }

  standing(standing, waiting) {
    const chip = byId("standing");
    const isIdle = standing === "offline" && waiting === 0;
    const words = this.words.standings[isIdle ? "idle" : standing];
    chip.dataset.standing = standing;
    chip.textContent = typeof words === "string" ? words : plural(words, waiting, this.config.language);
    const isWrong = !["saved", "saving"].includes(standing);
    const box = byId("unsaved");
    // A short disconnection is not announced while all decisions are kept.
    box.hidden = !isWrong || standing === "offline";
    if (isWrong) {
      box.querySelector(".unsaved-words").textContent = [
        this.words.troubles[standing],
        waiting ? plural(this.words.kept, waiting, this.config.language) : "",
      ].join(" ");
      box.querySelector("[data-login]").hidden = standing !== "out" && standing !== "other";
    }
  }

  empty(words) {
    byId("empty-words").textContent = words;
  }

  // Nothing more comes; the item on the screen, if any, can still be saved.
  paused(pause, hasItem) {
    byId("desk").classList.toggle("is-paused", Boolean(pause));
    const box = byId("paused");
    box.hidden = !pause || !hasItem;
    box.querySelector("p").textContent = pause ? fill(this.words.paused, { why: pause.words }) : "";
  }

  // A refused decision; null without one.
  refused(entry, { said = "", canShow = false } = {}) {
    const box = byId("refused");
    box.hidden = !entry;
    if (!entry) return;
    const values = { labels: said, about: entry.about ?? "", why: entry.refused };
    box.querySelector("p").textContent = fill(this.words.refused, values);
    box.querySelector("[data-decide-again]").hidden = !canShow;
  }

  // An earlier answer: its position in the history, and its labels.
  reviewed(answer, place) {
    byId("past").hidden = !answer;
    byId("answer").classList.toggle("is-past", Boolean(answer));
    if (!answer) return;
    const time = (at) => new Date(at).toLocaleTimeString(this.config.language, HOURS);
    byId("past-place").textContent = plural(this.words.back, place, this.config.language);
    const ats = [answer.created_at, ...answer.history.map((each) => each.at)];
    const values = [...answer.history.map((each) => each.value), answer.value];
    // A lead may have corrected it.
    const others = ["", ...answer.history.map(({ by }) => (by ? ` · ${by}` : ""))];
    byId("past-said").replaceChildren(
      ...values.map((value, i) => {
        const line = document.createElement("li");
        line.textContent = fill(this.words.said, { time: time(ats[i]), labels: this.answer.said(value) }) + others[i];
        line.dir = "auto";
        return line;
      }),
    );
  }
}

// What is on the screen: the current item or an earlier answer, with its draft. A draft belongs to
// one item, and outlives a reload.
export class Stage {
  isBlankAsked = false; // whether the hint about Enter on an empty choice was shown
  #present = null;

  constructor({ items, history, drafts, view, reading }) {
    Object.assign(this, { items, history, drafts, view, reading });
  }

  paint(served, marks) {
    this.items.current = served;
    this.isBlankAsked = false;
    this.history.end();
    this.view.reviewed(null);
    this.view.item(served, marks ?? this.drafts.of(this.#about) ?? {});
    this.reading.begin();
  }

  advance() {
    this.paint(this.items.next());
    this.view.medium.preload(this.items.coming);
  }

  // Put another item first, and the current one after it.
  paintBefore(served, marks) {
    this.items.putBack();
    this.paint(served, marks);
  }

  announceNext(said) {
    const { current } = this.items;
    const { medium, words } = this.view;
    this.view.say(said, current ? medium.announce(current.item) : words.nothing_left);
  }

  // Nothing is decided about an item that is not visible yet.
  isUnseen() {
    const { obstacle } = this.reading;
    if (obstacle) this.view.say(this.view.words.unseen[obstacle]);
    return obstacle !== null;
  }

  // History -------------------------------------------------------------------------------------

  // The draft of the current item from before reviewing, and its clock.
  leavePresent() {
    this.#present = { marks: this.#marks, goOn: this.reading.clock.stop() };
  }

  showAnswer() {
    const { answer, reviewing } = this.history;
    const { content, value, note, unsure } = answer;
    const marks = this.drafts.of(this.#about) ?? { given: value, note, unsure };
    this.view.item({ item: content, suggestion: null, why: null }, marks);
    this.reading.begin();
    this.view.reviewed(answer, reviewing.at + 1);
    this.view.say("", this.view.medium.excerpt(content));
  }

  toPresent(said = "") {
    const { marks, goOn } = this.#present;
    this.paint(this.items.current, marks);
    goOn();
    if (said) this.view.say(said);
  }

  // Drafts --------------------------------------------------------------------------------------

  get #about() {
    const { answer } = this.history;
    if (answer) return `answer/${answer.id ?? answer.entry.client_id}`;
    return this.items.current && `item/${this.items.current.item.id}`;
  }

  get #marks() {
    const { value, draft } = this.view.answer;
    return { given: value, ...this.view.remarks, ...draft };
  }

  get #unmarked() {
    const { value, note, unsure } = this.history.answer ?? {};
    return { given: value ?? this.view.answer.blank, note: note ?? "", unsure: Boolean(unsure) };
  }

  keepDraft() {
    const { draft } = this.view.answer;
    const kept = this.#marks;
    const blank = Object.fromEntries(Object.keys(draft).map((name) => [name, ""]));
    const isNone = JSON.stringify(kept) === JSON.stringify({ ...this.#unmarked, ...blank });
    if (this.#about) this.drafts.keep(this.#about, isNone ? null : kept);
  }

  restoreDraft() {
    this.view.answer.restore(this.drafts.of(this.#about) ?? {});
  }

  settleDraft() {
    this.drafts.keep(this.#about, null);
  }

  // Whether anything is chosen or typed that the next item would discard.
  get isMarked() {
    const isChosen = JSON.stringify(this.view.answer.value) !== JSON.stringify(this.view.answer.blank);
    return isChosen || this.view.remarks.note !== "";
  }
}
