// Decisions, undo and history: a decision shows the next item at once and is sent in the
// background.

import { newId } from "./state.js";
import { fill } from "./view.js";

const SENT = {
  label: ["kind", "client_id", "lease", "seconds", "note", "unsure"],
  skip: ["kind", "client_id", "lease", "reason", "note"],
  correct: ["kind", "client_id", "annotation", "note", "unsure"],
};

// The fields of a decision that are sent. One stored by an older page has its own label fields.
export const sendable = (entry) => {
  const fields = Object.fromEntries(SENT[entry.kind].map((name) => [name, entry[name]]));
  if (entry.kind === "skip") return fields;
  return { ...fields, ...(entry.sent ?? sentLabels(entry.labels)) };
};

const sentLabels = (refs) =>
  refs.every((ref) => typeof ref === "number") ? { label_ids: refs } : { labels: refs };

const valueOf = (entry) => entry.value ?? entry.labels;

// What an item is shown with again; of a skip, only its note.
const asGiven = ({ value, note, unsure, draft } = {}) => ({ given: value, note, unsure, ...draft });

// The annotation or skip to undo, by its id on the server; empty for the server's newest. Null
// while it has no id yet.
export const undoTarget = (last) => {
  if (!last) return { annotation: null };
  if (last.entry.kind === "skip") return { lease: last.entry.lease };
  return last.annotation && { annotation: last.annotation.id };
};

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export class Decisions {
  isUndoing = false;
  client = null; // set after construction
  #corrected = null; // the newest correction and what it replaced, until anything else is decided

  constructor({ config, tab, items, history, outbox, stage, pace }) {
    Object.assign(this, { config, tab, items, history, outbox, stage, pace });
    Object.assign(this, { view: stage.view, answer: stage.view.answer, words: config.words });
  }

  #entry(kind, rest) {
    const { project, person } = this.config;
    return { kind, client_id: newId(), project, person, tab: this.tab.name, at: Date.now(), ...rest };
  }

  #remember(entry, served) {
    this.#corrected = null;
    this.history.add(entry, served);
    this.outbox.add(entry);
    this.items.decidedSince += 1;
  }

  #goOn(said) {
    this.stage.advance();
    this.stage.announceNext(said);
    this.client.wake();
  }

  get #isIdle() {
    return !this.history.reviewing && (!this.items.current || this.isUndoing);
  }

  // An item in short, to name it in a notice.
  #excerpt(item) {
    return this.view.medium.excerpt(item).slice(0, 80);
  }

  // Decide --------------------------------------------------------------------------------------

  #given(value) {
    const { draft } = this.answer;
    return { value, draft, sent: this.answer.sent(value), said: this.answer.said(value), ...this.view.remarks };
  }

  decide(value) {
    if (this.#isIdle || this.stage.isUnseen()) return;
    if (this.history.reviewing) return this.#correct(value);
    const { current: served } = this.items;
    const { clock } = this.stage.reading;
    const about = this.#excerpt(served.item);
    const { lease } = served;
    const entry = this.#entry("label", { lease, seconds: clock.seconds, about, served, ...this.#given(value) });
    if (this.pace.count(entry.seconds)) document.getElementById("break").hidden = false;
    this.stage.settleDraft();
    this.#remember(entry, served);
    this.answer.learn(served.item, value);
    this.#goOn(fill(this.words.chosen, { labels: this.answer.said(value) }));
  }

  // A damaged item may never load; a reason can be given while it is loading, too.
  skip(reason = "") {
    if (this.history.reviewing || this.#isIdle) return;
    if (this.stage.reading.obstacle !== "failed" && !reason && this.stage.isUnseen()) return;
    const { current: served } = this.items;
    const { note } = this.view.remarks;
    this.stage.settleDraft();
    this.#remember(this.#entry("skip", { lease: served.lease, reason, note, served }), served);
    this.#goOn(this.words.skipped);
  }

  // Save the choice, else the suggestion; save an empty choice only when Enter is pressed twice.
  accept() {
    const { value, suggested, blank, allowsBlank } = this.answer;
    if (!isSame(value, blank) || (allowsBlank && this.stage.isBlankAsked)) return this.decide(value);
    const accepted = this.history.reviewing ? null : suggested;
    if (accepted !== null && !isSame(accepted, blank)) return this.decide(accepted);
    if (!allowsBlank) return this.view.say(this.words.nothing_suggested);
    this.stage.isBlankAsked = true;
    this.view.say(this.words.none_chosen);
  }

  #correct(value) {
    const { answer } = this.history;
    const { note, unsure } = answer;
    this.#corrected = { answer, before: { value: answer.value, note, unsure } };
    const said = fill(this.words.corrected, { labels: this.answer.said(value) });
    this.stage.settleDraft();
    this.#replace(answer, this.#given(value));
    this.stage.toPresent(said);
    this.client.wake();
  }

  // Give an earlier answer again with what it says from now on.
  #replace(answer, changed) {
    const own = answer.entry ?? null;
    if (own) this.answer.learn(own.served.item, changed.value);
    if (own && !this.#isSent(own)) {
      // It is not sent yet, so the waiting decision is replaced.
      Object.assign(own, changed);
      this.outbox.keep(own);
    } else {
      if (own) {
        const before = { at: new Date().toISOString(), value: own.value };
        Object.assign(own, { history: [...(own.history ?? []), before] }, changed);
      }
      const about = this.#excerpt(answer.content);
      // Its id may have come since one went back to it.
      const annotation = this.history.find(own?.client_id)?.annotation?.id ?? answer.id;
      this.outbox.add(this.#entry("correct", { annotation, of: own?.client_id ?? null, about, ...changed }));
    }
  }

  // Undo ----------------------------------------------------------------------------------------

  #isSent(entry) {
    const waits = this.outbox.waiting.some(({ client_id: id }) => id === entry.client_id);
    return !waits || this.client.inFlight.includes(entry);
  }

  async undo() {
    if (this.isUndoing) return;
    if (this.#corrected) return this.#uncorrect();
    const { last } = this.history;
    if (last && !this.#isSent(last.entry)) return this.#undoHere(last);
    this.isUndoing = true;
    try {
      await this.client.turns;
      // It was being sent, and the request failed.
      if (last && !this.#isSent(last.entry)) return this.#undoHere(last);
      const target = undoTarget(last);
      const decision = target && { kind: "undo", client_id: newId(), ...target };
      if (!decision || !(await this.client.request({ decision }))) this.view.say(this.words.undo_later);
    } finally {
      this.isUndoing = false;
    }
  }

  // The answer says what it said before; the item on the screen stays.
  #uncorrect() {
    const { answer, before } = this.#corrected;
    this.#corrected = null;
    const { value } = before;
    this.#replace(answer, { ...before, sent: this.answer.sent(value), said: this.answer.said(value) });
    this.view.say(this.words.correction_undone);
    this.client.wake();
  }

  #undoHere({ entry, served }) {
    this.outbox.remove([entry.client_id]);
    this.history.pop();
    this.answer.learn(served.item, null);
    // It may have been refused: its item is shown again now.
    this.showRefused();
    this.stage.paintBefore(served, asGiven(entry));
    this.stage.announceNext(this.words.undone);
  }

  undone(settled) {
    // It counts as undone even if no item comes back, or if its item was removed meanwhile, so that the
    // next undo goes further back.
    const last = this.history.pop();
    if (last) this.answer.learn(last.served.item, null);
    if (!settled.next) return this.view.say(settled.words);
    // What was said may be corrected since, on another page.
    this.stage.paintBefore(settled.next, { ...asGiven(last?.entry), ...this.#received(settled.given) });
    this.stage.announceNext(settled.words);
  }

  // An undone annotation or skip, as the server sends it.
  #received({ label_ids: ids, note, unsure }) {
    return { given: ids && this.answer.received({ label_ids: ids }), note, unsure };
  }

  // Responses -----------------------------------------------------------------------------------

  settle(settled, batch) {
    const entry = batch.find(({ client_id: id }) => id === settled.client_id);
    if (!entry) return;
    if (settled.state === "refused") return this.refuse([entry], settled.words);
    this.outbox.remove([entry.client_id]);
    const own = this.history.find(settled.client_id);
    if (own && settled.annotation) this.#name(own, settled.annotation);
    // Only the newest decision is still relevant to the annotator.
    const isNewest = entry === this.history.last?.entry || entry.kind === "correct";
    if (isNewest) document.getElementById("said").textContent = settled.words;
    // Its item was removed, or went to somebody else: an undo goes to the decision before.
    if (entry.kind === "label" && !settled.annotation) this.#forget(entry.client_id);
  }

  #forget(clientId) {
    this.history.forget(clientId);
    const corrections = this.outbox.waiting.filter(({ of }) => of === clientId);
    this.outbox.remove(corrections.map(({ client_id: id }) => id));
  }

  // Corrections of an answer in flight have waited for its id.
  #name(own, annotation) {
    own.annotation = annotation;
    for (const waiting of this.outbox.waiting) {
      if (waiting.of === own.entry.client_id) waiting.annotation = annotation.id;
    }
  }

  refuse(entries, why = this.words.troubles.gone) {
    for (const entry of entries) {
      entry.refused = why;
      this.outbox.keep(entry);
    }
    this.showRefused();
  }

  showRefused() {
    const [entry] = this.outbox.refused;
    if (!entry) return this.view.refused(null);
    const isOwn = entry.project === this.config.project;
    // Another project may have a task type that this page cannot show.
    const said = isOwn && entry.kind !== "skip" ? this.answer.said(valueOf(entry)) : (entry.said ?? "");
    this.view.refused(entry, { said, canShow: isOwn && Boolean(entry.served) });
  }

  decideAgain() {
    const [entry] = this.outbox.refused;
    this.stage.paintBefore(entry.served, { ...asGiven(entry), given: valueOf(entry) });
    this.discard();
    this.stage.keepDraft();
  }

  discard() {
    const [{ client_id: id }] = this.outbox.refused;
    this.outbox.remove([id]);
    this.#forget(id);
    this.showRefused();
  }
}

const ANSWERS_AT_ONCE = 20;

// One's earlier answers, to correct them: those of this page, then older ones.
export class Review {
  constructor({ config, history, stage }) {
    Object.assign(this, { config, history, stage });
  }

  async back() {
    const { history, stage } = this;
    if (!history.reviewing) {
      stage.leavePresent();
      history.begin();
    }
    if (history.isAtEnd) await this.#readOlder();
    if (!history.reviewing) return;
    if (history.step(1)) return stage.showAnswer();
    if (!history.answer) history.end();
    stage.view.say(this.config.words.no_more_past);
  }

  forward() {
    if (!this.history.reviewing) return;
    if (this.history.step(-1)) this.stage.showAnswer();
    else this.stage.toPresent();
  }

  async #readOlder() {
    const { reviewing } = this.history;
    if (reviewing.isComplete) return;
    try {
      const { results, next } = await fetchAnswers(reviewing.next ?? this.#firstPage);
      this.history.extend(reviewing, results.map((each) => this.#read(each)), next);
    } catch {
      this.stage.view.say(this.config.words.past_later);
    }
  }

  get #firstPage() {
    return `${this.config.urls.answers}?page_size=${ANSWERS_AT_ONCE}`;
  }

  #read(given) {
    const { answer } = this.stage.view;
    const history = given.history.map((each) => ({ at: each.at, by: each.by, value: answer.received(each) }));
    return { ...given, value: answer.received(given), history };
  }
}

const fetchAnswers = async (url) => {
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
};
