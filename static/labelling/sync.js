// Outbox: decisions wait here until the server has confirmed them. They outlive page, tab and
// browser, and belong to one user: nobody else who signs in here sends them.

const STORE = "decisions";

const openDatabase = () =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open("winnow", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "client_id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

// Strict durability: written to disk, not only handed to the operating system. Committed at once: a
// browser drops what a closing tab has not committed, even if all of it was handed over.
const write = (database, change) =>
  new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, "readwrite", { durability: "strict" });
    change(transaction.objectStore(STORE));
    transaction.commit();
    transaction.oncomplete = resolve;
    transaction.onerror = () => reject(transaction.error);
  });

const readAll = (database) =>
  new Promise((resolve, reject) => {
    const request = database.transaction(STORE).objectStore(STORE).getAll();
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export class Outbox {
  constructor(person) {
    this.person = person;
    this.waiting = [];
    this.onTrouble = () => {};
    // Opened after the first item is shown; earlier decisions are written once it is open.
    this.database = openDatabase();
    this.database.catch(() => this.onTrouble());
  }

  // Decisions left by earlier pages of the same user, without those that open pages will send.
  async takeUp(isRunning) {
    const found = await this.stored();
    const ours = new Set(this.waiting.map((entry) => entry.client_id));
    const left = found.filter(
      (entry) => entry.person === this.person && !ours.has(entry.client_id) && !isRunning(entry.tab),
    );
    this.waiting = [...left, ...this.waiting].sort((a, b) => a.at - b.at);
    return left;
  }

  async stored() {
    try {
      return await readAll(await this.database);
    } catch {
      return [];
    }
  }

  add(entry) {
    this.waiting.push(entry);
    this.keep(entry);
  }

  keep(entry) {
    this.change((store) => store.put(entry));
  }

  remove(ids) {
    const gone = new Set(ids);
    this.waiting = this.waiting.filter((entry) => !gone.has(entry.client_id));
    this.change((store) => gone.forEach((id) => store.delete(id)));
  }

  async change(what) {
    try {
      await write(await this.database, what);
    } catch {
      // A full disk or a private window: the decision waits in memory only, which the page reports.
      this.onTrouble();
    }
  }

  // The decisions to send; refused ones wait for the user.
  get due() {
    return this.waiting.filter((entry) => !entry.refused);
  }

  get refused() {
    return this.waiting.filter((entry) => entry.refused);
  }
}

// Sync client: sends decisions and receives items, one request at a time. It retries by itself, and
// always knows the connection state.

const TIMEOUT_MS = 20_000;
const AT_ONCE = 50;
const WAITS_MS = [250, 500, 1000, 2000, 4000, 8000, 15_000];
const STANDINGS = { 401: "out", 403: "forbidden", 404: "gone", 409: "other" };

// Read each time, because a sign-in in another tab changes it.
const token = () => /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";

const post = async (url, body, { keepalive = false } = {}) => {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
      body: JSON.stringify(body),
      signal: stop.signal,
      keepalive,
    });
    return { status: response.status, body: response.ok ? await response.json() : null };
  } catch {
    return { status: 0, body: null };
  } finally {
    clearTimeout(timer);
  }
};

export class SyncClient {
  // `ask(batch, extra)` returns the body of a request, `onResponse(body, batch, extra)` handles the
  // response, `refuse(batch)` handles decisions for a deleted project.
  constructor({ project, outbox, ask, onResponse, refuse, show, send = post }) {
    Object.assign(this, { project, outbox, ask, onResponse, refuse, show, send });
    this.standing = "saved";
    this.inFlight = [];
    this.failures = 0;
    this.roundTrip = 0;
    this.timer = null;
    this.isPlanned = false;
    this.turns = Promise.resolve();
  }

  // Send soon; several calls are merged.
  wake() {
    clearTimeout(this.timer);
    // A decision queued behind another request is not saved yet.
    if (this.batch().length) this.tell("saving");
    if (this.isPlanned) return;
    this.isPlanned = true;
    this.turns = this.turns.then(() => {
      this.isPlanned = false;
      return this.exchange();
    });
  }

  // A separate request, such as an undo, after the waiting ones; resolves to whether it succeeded.
  request(extra) {
    const turn = this.turns.then(() => this.exchange(extra));
    this.turns = turn;
    return turn;
  }

  later(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      // A hidden page extends no leases; when it is shown again, it asks anew.
      if (!document.hidden || this.outbox.due.length) this.wake();
    }, ms);
  }

  async exchange(extra = null) {
    const batch = extra ? [] : this.batch();
    const project = batch[0]?.project ?? this.project;
    this.inFlight = batch;
    if (batch.length) this.tell("saving");
    const started = performance.now();
    const { status, body } = await this.send(`/api/v1/projects/${project}/desk`, this.ask(batch, extra));
    this.inFlight = [];
    if (body === null) return this.fail(status, batch);
    this.roundTrip = performance.now() - started;
    this.failures = 0;
    this.standing = "saved";
    this.onResponse(body, batch, extra);
    this.tell("saved");
    if (this.batch().length) this.wake();
    return true;
  }

  // A correction of an answer in flight waits for the answer's id.
  batch() {
    const due = this.outbox.due.filter((entry) => entry.kind !== "correct" || entry.annotation);
    return due.filter((entry) => entry.project === due[0].project).slice(0, AT_ONCE);
  }

  fail(status, batch) {
    const isElsewhere = batch.length > 0 && batch[0].project !== this.project;
    if (isElsewhere && (status === 403 || status === 404)) {
      this.refuse(batch);
      this.wake();
      return false;
    }
    this.failures += 1;
    this.standing = STANDINGS[status] ?? (status === 0 ? "offline" : "broken");
    this.tell(this.standing);
    this.later(WAITS_MS[Math.min(this.failures, WAITS_MS.length) - 1]);
    return false;
  }

  tell(standing) {
    // A retry is not a success yet.
    const told = this.standing === "saved" ? standing : this.standing;
    this.show(told, this.outbox.due.length);
  }

  // What fails here is asked again when the page is loaded anew.
  confirm(url, number) {
    const body = new URLSearchParams({ number });
    fetch(url, { method: "POST", headers: { "X-CSRFToken": token() }, body, keepalive: true }).catch(() => {});
  }

  // The last request of a closing page: it cannot wait for a response.
  leave(page, leases) {
    const base = `/api/v1/projects/${this.project}/desk`;
    const batch = this.batch().filter((entry) => entry.project === this.project);
    if (batch.length) this.send(base, this.ask(batch, { leaving: true }), { keepalive: true });
    if (leases.length) this.send(`${base}/leave`, { page, leases }, { keepalive: true });
  }
}
