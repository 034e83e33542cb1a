// State of a tab: its items, its history and its pace; its name and its drafts. Nothing is painted
// here, so node can test it.

const MOST_PREFETCHED = 12;
const PAUSE_MS = 5 * 60_000; // longer than this without a decision is a break
const NAME = "winnow-tab";
const COOKIE = "winnow_tab";
const COOKIE_SECONDS = 600; // the time a user may take to sign in again
const ANSWER_MS = 150;
const MOST_DRAFTS = 50;

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

  // Nothing of it was stored, so there is nothing to undo.
  forget(clientId) {
    this.#decided = this.#decided.filter(({ entry }) => entry.client_id !== clientId);
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

// The pace of this page: times of decisions, and when to suggest a break.
export class Pace {
  #times = [];
  #breakMs;
  #mostSeconds;
  #startedAt;
  #lastAt;
  #isHinted = false;

  constructor({ breakMinutes, mostSeconds, now = performance.now() }) {
    this.#breakMs = breakMinutes * 60_000;
    this.#mostSeconds = mostSeconds;
    this.#startedAt = this.#lastAt = now;
  }

  // Count a decision, and return whether to suggest a break; once per session.
  count(seconds, now = performance.now()) {
    if (now - this.#lastAt > PAUSE_MS) [this.#startedAt, this.#isHinted] = [now, false];
    this.#lastAt = now;
    this.#times.push(Math.min(seconds, this.#mostSeconds));
    const isDue = this.#breakMs > 0 && now - this.#startedAt >= this.#breakMs && !this.#isHinted;
    this.#isHinted ||= isDue;
    return isDue;
  }

  // Labels, median seconds per item and labels per hour, computed as on the server.
  get summary() {
    const sorted = [...this.#times].sort((a, b) => a - b);
    const sum = sorted.reduce((total, each) => total + each, 0);
    return {
      labels: sorted.length,
      median: sorted[Math.floor(sorted.length / 2)] ?? null,
      hourly: sum > 0 ? Math.round((3600 * sorted.length) / sum) : null,
    };
  }
}

export const newId = () =>
  crypto.randomUUID?.() ??
  // randomUUID needs https.
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16),
  );

// A browser may refuse storage; then the state lasts as long as the page.
const read = (key) => {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
};

const write = (key, value) => {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {}
};

// The name of a tab, by which it gets its items back, and its drafts, which are choices and notes not
// decided yet, outlive a reload and a sign-in, and end with the tab.

// Name ------------------------------------------------------------------------------------------

const lockName = (name) => `winnow-tab-${name}`;

export class Tab {
  #path;

  constructor(path) {
    this.#path = path;
    this.name = read(NAME) ?? newId();
    // Each load has a number, so that a late leave request does not release the items of the next
    // load.
    this.page = `${this.name}/${Date.now().toString(36)}`;
    write(NAME, this.name);
  }

  // For a reload: the server shows the same item, because it hears of the tab before the leave
  // request, which is sent only once the new page is there.
  announce() {
    this.#setCookie(this.name, COOKIE_SECONDS);
  }

  // If the response belongs to another tab, the next load is for this tab.
  startOver() {
    this.#setCookie("", 0);
    location.replace(this.#path);
  }

  #setCookie(value, seconds) {
    document.cookie = `${COOKIE}=${value}; path=${this.#path}; max-age=${seconds}; samesite=lax`;
  }

  // A duplicated tab has the same name, and must not share the other one's items.
  forget() {
    write(NAME, null);
  }

  // Whether no other open page has this tab's name.
  isItsOwn() {
    return navigator.locks ? this.#isLockFree() : this.#isUnanswered();
  }

  #isLockFree() {
    return new Promise((resolve) => {
      navigator.locks.request(lockName(this.name), { ifAvailable: true }, (lock) => {
        resolve(Boolean(lock));
        return lock ? new Promise(() => {}) : undefined;
      });
    });
  }

  // Web Locks need https.
  #isUnanswered() {
    if (!window.BroadcastChannel) return Promise.resolve(true);
    const channel = new BroadcastChannel(lockName(this.name));
    return new Promise((resolve) => {
      setTimeout(() => resolve(true), ANSWER_MS);
      channel.onmessage = ({ data }) => {
        if (data.page === this.page) return;
        if (data.isThere) resolve(false);
        else channel.postMessage({ page: this.page, isThere: true });
      };
      channel.postMessage({ page: this.page, isThere: false });
    });
  }

  // Return a predicate: whether a name belongs to another open page.
  async others() {
    if (!navigator.locks) return () => false;
    const { held } = await navigator.locks.query();
    const running = new Set(held.map((lock) => lock.name));
    return (name) => name !== this.name && running.has(lockName(name));
  }
}

// Drafts ----------------------------------------------------------------------------------------

// By item or earlier answer, so that a draft is never shown with another one; per user.
export class Drafts {
  #key;
  #kept;

  constructor(person, project) {
    this.#key = `winnow-drafts/${person}/${project}`;
    this.#kept = this.#stored();
  }

  of(about) {
    return this.#kept.get(about) ?? null;
  }

  // `marks` null: nothing differs from the state without a draft.
  keep(about, marks) {
    const before = this.of(about);
    if (JSON.stringify(before) === JSON.stringify(marks)) return;
    this.#kept.delete(about);
    if (marks) this.#kept.set(about, marks);
    for (const oldest of [...this.#kept.keys()].slice(0, -MOST_DRAFTS)) this.#kept.delete(oldest);
    this.#store();
  }

  clear() {
    this.#kept.clear();
    this.#store();
  }

  #stored() {
    try {
      return new Map(JSON.parse(read(this.#key) ?? "[]"));
    } catch {
      return new Map();
    }
  }

  #store() {
    write(this.#key, this.#kept.size ? JSON.stringify([...this.#kept]) : null);
  }
}

