// State of one tab: its name, by which it gets its items back, and drafts: choices and notes not
// decided yet. Both outlive a reload and a sign-in, and end with the tab.

const NAME = "winnow-tab";
const COOKIE = "winnow_tab";
// The time a user may take to sign in again.
const COOKIE_SECONDS = 600;
const ANSWER_MS = 150;
const MOST_DRAFTS = 50;

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

