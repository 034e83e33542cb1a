// State of a window: its items and its history. No DOM and no network, so that node can test it.

const MOST_PREFETCHED = 12;

// Items as the server sent them: the current one, prefetched ones, and the offline buffer.
export class Items {
  current = null;
  prefetched = [];
  offlineBuffer = [];
  decidedSince = 0; // decisions since the last request
  #preferences;
  #bufferSize;
  #bufferAsked = 0;

  constructor(preferences) {
    this.#preferences = preferences;
    this.#bufferSize = preferences.spares;
  }

  get leases() {
    return [this.current, ...this.prefetched, ...this.offlineBuffer].filter(Boolean).map(({ lease }) => lease);
  }

  get isDry() {
    return !this.current && !this.prefetched.length;
  }

  // The item after the current one.
  get coming() {
    return [...this.prefetched, ...this.offlineBuffer.slice(0, 3)].map(({ item }) => item);
  }

  // Make the next item the current one; null without one.
  next() {
    return this.prefetched.shift() ?? this.offlineBuffer.shift() ?? null;
  }

  // Put another item first; the current one becomes the next.
  putBack() {
    if (this.current) this.prefetched.unshift(this.current);
    this.current = null;
  }

  // The preferred number, plus the decisions made during one request.
  get wanted() {
    const ahead = this.#preferences.ahead + this.decidedSince + (this.current ? 0 : 1);
    return Math.max(0, Math.min(MOST_PREFETCHED, ahead) - this.prefetched.length);
  }

  get bufferWanted() {
    const { length } = this.offlineBuffer;
    return length <= this.#bufferSize / 2 ? this.#bufferSize - length : 0;
  }

  // What a request asks for. The offline buffer is filled after the first items.
  ask({ fillsBuffer }) {
    const { wanted } = this;
    this.#bufferAsked = fillsBuffer ? this.bufferWanted : 0;
    this.decidedSince = 0;
    return { want: wanted, spares: this.#bufferAsked };
  }

  // Whether the current item is among those that the server reassigned.
  isLost(lost) {
    return this.current !== null && lost.includes(this.current.lease);
  }

  // Add received items, without lost or decided ones.
  fill({ next, spares, lost }, { decided, isPaused }) {
    const stays = ({ lease }) => !lost.includes(lease);
    this.prefetched = this.prefetched.filter(stays);
    this.offlineBuffer = this.offlineBuffer.filter(stays);
    const isFresh = ({ lease }) => !decided.includes(lease) && !this.leases.includes(lease);
    this.prefetched.push(...next.filter(isFresh));
    this.offlineBuffer.push(...spares.filter(isFresh));
    // A small project has few; it is not asked again and again.
    if (!isPaused && this.#bufferAsked > spares.length) this.#bufferSize = this.offlineBuffer.length;
  }

  // A paused project sends none, which does not mean that it has none.
  resume() {
    this.#bufferSize = this.#preferences.spares;
  }
}

// Decisions of this page, oldest first, and the position while reviewing earlier answers.
export class History {
  #decided = [];
  reviewing = null; // { answers, at, next, isComplete }, newest first, while reviewing

  get last() {
    return this.#decided.at(-1) ?? null;
  }

  get answer() {
    return this.reviewing?.answers[this.reviewing.at] ?? null;
  }

  add(entry, served) {
    this.#decided.push({ entry, served, annotation: null });
  }

  pop() {
    return this.#decided.pop() ?? null;
  }

  find(clientId) {
    return this.#decided.find(({ entry }) => entry.client_id === clientId) ?? null;
  }

  begin() {
    const labels = this.#decided.filter(({ entry }) => entry.kind === "label");
    this.reviewing = { answers: labels.map(asAnswer).reverse(), at: -1, next: null, isComplete: false };
    return this.reviewing;
  }

  end() {
    this.reviewing = null;
  }

  get isAtEnd() {
    return this.reviewing.at + 1 >= this.reviewing.answers.length;
  }

  // Step to the previous answer (1) or back towards the present (-1); return whether there is one.
  step(by) {
    const at = this.reviewing.at + by;
    if (at >= this.reviewing.answers.length) return false;
    this.reviewing.at = at;
    return at >= 0;
  }

  // Older answers from the server, without those of this page.
  extend(reviewing, answers, next) {
    const known = new Set(reviewing.answers.map(({ id }) => id));
    reviewing.answers.push(...answers.filter(({ id }) => !known.has(id)));
    reviewing.next = next;
    reviewing.isComplete = !next;
  }
}

const asAnswer = ({ entry, served, annotation }) => ({
  entry,
  id: annotation?.id ?? null,
  value: entry.value,
  note: entry.note,
  unsure: entry.unsure,
  created_at: new Date(entry.at).toISOString(),
  history: entry.history ?? [],
  content: served.item,
});
