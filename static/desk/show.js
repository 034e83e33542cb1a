"use strict";

// Painting: one item, its suggestion, how things stand. Text is only ever set as text.
(() => {
  const byId = (id) => document.getElementById(id);

  const fill = (text, values) =>
    text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));

  const plural = (forms, n, language) =>
    fill(forms[new Intl.PluralRules(language).select(n)] ?? forms.other, { n });

  class View {
    constructor(config, labels) {
      this.config = config;
      this.labels = labels;
      this.words = config.words;
      this.choices = [...document.querySelectorAll("[data-choice]")];
      const box = document.querySelector("#item.picture");
      this.viewer = box ? window.Winnow.picture.mount(box, { tools: byId("picture-tools") }) : null;
    }

    // The item in the middle, with what helps to decide; `given` are labels that it has already.
    item(served, { given = [], note = "", unsure = false } = {}) {
      const had = document.activeElement;
      byId("desk").classList.toggle("is-empty", !served);
      if (!served) {
        this.had = had;
        return;
      }
      // What had the focus before the desk ran dry has it again.
      if (this.had && document.activeElement === document.body) this.had.focus();
      this.had = null;
      // The plain forms name what is shown, too.
      for (const field of document.querySelectorAll("[name=lease]")) field.value = served.lease ?? "";
      this.content(served.item);
      this.fields(served.item.meta);
      this.hint(served);
      this.mark(this.labels.suggested(served.suggestion) ?? [], this.labels.ids(given));
      byId("note").value = note;
      this.noteShown(note !== "");
      this.unsure(unsure);
    }

    content(item) {
      const alt = fill(this.words.item, { key: item.key });
      if (this.viewer) this.viewer.show({ ...this.sources(item), alt });
      else document.querySelector("#item .text").textContent = item.text;
    }

    // The size that the screen can show; the original only when it is asked for.
    sources(item) {
      const pixels = Math.max(innerWidth, innerHeight) * devicePixelRatio;
      const size = [640, 1280, 2560].find((each) => each >= pixels) ?? 2560;
      return { url: `${item.image_url}?size=${size}`, original: item.image_url, width: item.width };
    }

    preload(items) {
      if (this.viewer) this.viewer.preload(items.map((item) => this.sources(item)));
    }

    fields(meta) {
      const list = byId("fields");
      const shown = this.config.fields.filter((name) => meta[name] !== undefined && meta[name] !== "");
      list.replaceChildren(
        ...shown.flatMap((name) => {
          const [term, detail] = [document.createElement("dt"), document.createElement("dd")];
          term.textContent = name;
          const value = meta[name];
          detail.textContent = typeof value === "string" ? value : JSON.stringify(value);
          term.dir = detail.dir = "auto";
          return [term, detail];
        }),
      );
      list.hidden = this.config.fields.length === 0;
      list.style.setProperty("--lines", this.config.fields.length);
    }

    hint({ suggestion, why }) {
      const box = byId("suggestion");
      const suggested = this.labels.suggested(suggestion);
      box.hidden = !suggested;
      if (suggested) {
        box.querySelector("b").textContent = this.said(suggested);
        const sure = box.querySelector(".sure");
        sure.textContent = this.sure(suggestion.confidence);
        sure.hidden = !sure.textContent;
      }
      byId("why").textContent = why?.words ?? "";
      byId("model").textContent = why?.model ? this.model(why) : "";
    }

    percent(share) {
      return share.toLocaleString(this.config.language, { style: "percent", maximumFractionDigits: 0 });
    }

    sure(confidence) {
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
      const [n, unit] = seconds < 90 ? [seconds, "second"] : seconds < 5400 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
      const age = new Intl.NumberFormat(this.config.language, {
        style: "unit",
        unit,
        unitDisplay: "short",
        maximumFractionDigits: 0,
      }).format(n);
      return fill(this.words.model, { model, age });
    }

    mark(suggested, given) {
      for (const choice of this.choices) {
        const box = choice.closest(".choice");
        const isSuggested = suggested.includes(this.labels.of(choice));
        box.classList.toggle("suggested", isSuggested);
        choice.toggleAttribute("data-suggested", isSuggested);
        this.choose(choice, given.includes(this.labels.of(choice)));
      }
    }

    // An answer in words.
    said(refs) {
      return this.labels.names(refs).join(", ") || this.words.none;
    }

    // The labels, keys and guidelines as they are now, around what is before the person: `served`,
    // or an answer of theirs. What they had ticked stays so as far as it is still there.
    changed(shown, served) {
      const ticked = this.chosen.map((choice) => this.labels.of(choice));
      const told = this.labels.take(shown);
      this.choices = [...document.querySelectorAll("[data-choice]")];
      if (served) {
        this.hint(served);
        this.fields(served.item.meta);
      }
      this.mark((served && this.labels.suggested(served.suggestion)) ?? [], this.labels.ids(ticked));
      if (!told) return;
      byId("changed-words").textContent = told;
      byId("changed").hidden = false;
    }

    choose(choice, isChosen) {
      if (choice.type === "checkbox") choice.checked = isChosen;
      else {
        choice.classList.toggle("chosen", isChosen);
        choice.toggleAttribute("data-chosen", isChosen);
      }
    }

    get chosen() {
      return this.choices.filter((choice) => choice.checked || choice.hasAttribute("data-chosen"));
    }

    get suggested() {
      return this.choices.filter((choice) => choice.hasAttribute("data-suggested"));
    }

    unsure(isUnsure) {
      byId("unsure-button").setAttribute("aria-pressed", String(isUnsure));
    }

    noteShown(isShown) {
      byId("note-box").hidden = !isShown;
      byId("note-button").setAttribute("aria-expanded", String(isShown));
    }

    // How much of a long item was in sight.
    moreBelow(share) {
      return fill(this.words.more_below, { share: this.percent(share) });
    }

    // How many labels were found, null where nothing is searched, and which one Enter takes.
    found(n, first) {
      const box = byId("found-labels");
      if (!n) {
        box.textContent = n === 0 ? this.words.no_label_found : "";
        return;
      }
      // Who looks at the list sees which one that is.
      const hint = document.createElement("span");
      hint.className = "visually-hidden";
      hint.textContent = fill(this.words.enter_takes, { label: first });
      box.replaceChildren(plural(this.words.found_labels, n, this.config.language), " ", hint);
    }

    // A line for everybody, and for who listens to the page instead of looking at it.
    say(said, then = "") {
      byId("said").textContent = said;
      byId("announce").textContent = [said, then].filter(Boolean).join(" ");
    }

    counts({ items, labelled, today }) {
      const number = (n) => n.toLocaleString(this.config.language);
      const bar = byId("progress");
      bar.max = items || 1;
      bar.value = labelled;
      byId("labelled").textContent = fill(this.words.labelled, { labelled: number(labelled), items: number(items) });
      byId("mine").textContent = fill(this.words.mine, { n: number(today.labels) });
    }

    standing(standing, waiting) {
      const chip = byId("standing");
      const isIdle = standing === "offline" && waiting === 0;
      const words = this.words.standings[isIdle ? "idle" : standing];
      chip.dataset.standing = standing;
      chip.textContent =
        typeof words === "string" ? words : plural(words, waiting, this.config.language);
      const isWrong = !["saved", "saving"].includes(standing);
      const box = byId("unsaved");
      // A moment without a connection is no news while everything decided is kept.
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

    // Nothing more comes; what is on the screen, if anything is, can still be saved.
    paused(pause, hasItem) {
      byId("desk").classList.toggle("is-paused", Boolean(pause));
      const box = byId("paused");
      box.hidden = !pause || !hasItem;
      box.querySelector("p").textContent = pause ? fill(this.words.paused, { why: pause.words }) : "";
    }

    // An answer given before: where one is in one's own history, and what it said.
    past(answer, place) {
      const strip = byId("past");
      strip.hidden = !answer;
      byId("answer").classList.toggle("is-past", Boolean(answer));
      if (!answer) return;
      const time = (at) => new Date(at).toLocaleTimeString(this.config.language, { timeStyle: "short" });
      byId("past-place").textContent = plural(this.words.back, place, this.config.language);
      const ats = [answer.created_at, ...answer.history.map((each) => each.at)];
      const said = [...answer.history.map((each) => each.labels), answer.labels];
      byId("past-said").replaceChildren(
        ...said.map((labels, i) => {
          const line = document.createElement("li");
          const values = { time: time(ats[i]), labels: this.said(labels) };
          line.textContent = fill(this.words.said, values);
          line.dir = "auto";
          return line;
        }),
      );
    }
  }

  window.Winnow ??= {};
  window.Winnow.View = View;
  window.Winnow.words = { fill, plural };
})();
