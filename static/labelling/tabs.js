// What belongs to one tab: its name, by which it gets back what it held, and drafts, which are ticks
// and notes that are not decided yet. Both outlive a reload and a log-in, and end with the tab.

const NAME = "winnow-tab";
const COOKIE = "winnow_tab";
// As long as somebody may take to sign in again.
const COOKIE_SECONDS = 600;
const ANSWER_MS = 150;
const MOST_DRAFTS = 50;

export const newId = () =>
  crypto.randomUUID?.() ??
  // Without https a browser has no randomUUID.
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16),
  );

// A browser may refuse to store anything; then it lasts as long as the page.
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

// Its name --------------------------------------------------------------------------------------

const lockName = (name) => `winnow-tab-${name}`;

export class Tab {
  #path;

  constructor(path) {
    this.#path = path;
    this.name = read(NAME) ?? newId();
    // Each load has a number, so that a farewell which comes late takes nothing from the page that
    // is there by then.
    this.page = `${this.name}/${Date.now().toString(36)}`;
    write(NAME, this.name);
  }

  // Should this be a reload: the server shows the same item, as it hears of the tab before the
  // farewell, which is said only once the new page is there.
  announce() {
    this.#setCookie(this.name, COOKIE_SECONDS);
  }

  // Where the page that came is another tab's: the next one is to be this tab's.
  startOver() {
    this.#setCookie("", 0);
    location.replace(this.#path);
  }

  #setCookie(value, seconds) {
    document.cookie = `${COOKIE}=${value}; path=${this.#path}; max-age=${seconds}; samesite=lax`;
  }

  // A tab that was duplicated has its sister's name, and must not share what that one holds.
  forget() {
    write(NAME, null);
  }

  // Whether no other page that runs has this tab's name.
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

  // Without https a browser has no locks.
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

  // The test of whether a name is that of another page which runs just now.
  async others() {
    if (!navigator.locks) return () => false;
    const { held } = await navigator.locks.query();
    const running = new Set(held.map((lock) => lock.name));
    return (name) => name !== this.name && running.has(lockName(name));
  }
}

// Drafts ----------------------------------------------------------------------------------------

// By what they are about, an item or an earlier answer, so that none is ever shown with another;
// each person has their own.
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

  // `marks` null: nothing is left that differs from what is there without a draft.
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

