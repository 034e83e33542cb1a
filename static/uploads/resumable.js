// A file that is sent in chunks by the tus protocol. After a lost connection it goes on by itself;
// after a reload, when the same file is chosen again.

const VERSION = { "Tus-Resumable": "1.0.0" };
const SMALLEST = 256 << 10;
const LARGEST = 16 << 20;
// A connection that carries nothing for so long is dead, though nobody said so.
const SILENCE_MS = 30_000;
const LONGEST_WAIT_MS = 15_000;
// The server's words say what to do, and trying again at once does not help.
const FINAL = new Set([400, 401, 403, 413, 415, 422, 507]);

// Thrown when the upload was stopped: there is nothing to tell.
export class Interrupted extends Error {}

class Refused extends Error {
  constructor({ status, code, detail }) {
    super(detail);
    Object.assign(this, { status, code });
  }
}

const token = () => /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

// Resolves when the server has answered, whatever it says; rejects when nobody answers.
const ask = (method, place, headers = {}, body = null, watch = {}) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer = 0;
    const listen = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), SILENCE_MS);
    };
    request.open(method, place);
    const all = { ...VERSION, "X-CSRFToken": token(), ...headers };
    for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      listen();
      watch.progress?.(event.loaded);
    };
    request.onloadend = () => {
      clearTimeout(timer);
      if (request.status) resolve(request);
      else reject(new TypeError());
    };
    watch.request?.(request);
    listen();
    request.send(body);
  });

const refusal = (answer) => {
  let said = {};
  try {
    said = JSON.parse(answer.responseText);
  } catch {
    // A front server's own page has no words for this place.
  }
  return new Refused({ status: answer.status, code: said.code, detail: said.detail ?? "" });
};

// Removes an unfinished upload, and returns whether it is gone.
export const remove = async (place) => {
  const answer = await ask("DELETE", place).catch(() => ({ status: 0 }));
  return answer.status === 204 || answer.status === 404;
};

export class ResumableUpload {
  // `tell` is called with what to show: {state, file, done, problem}.
  constructor(file, endpoint, format, tell) {
    Object.assign(this, { file, endpoint, format, tell });
    this.key = ["winnow-upload", endpoint, file.name, file.size, file.lastModified].join(":");
    this.place = localStorage.getItem(this.key);
    this.offset = null;
    this.chunk = SMALLEST * 4;
    this.failures = 0;
    this.isPaused = false;
    this.isStopped = false;
    this.isRunning = false;
  }

  // Sends what the server does not have yet, and returns the upload's id.
  async run() {
    this.isRunning = true;
    try {
      while (this.offset !== this.file.size) await this.#step();
      localStorage.removeItem(this.key);
      return this.place.split("/").pop();
    } finally {
      this.isRunning = false;
    }
  }

  pause() {
    this.isPaused = true;
    this.request?.abort();
    this.#say("paused");
  }

  resume() {
    this.isPaused = false;
    this.wake?.();
  }

  stop() {
    this.isStopped = true;
    this.request?.abort();
    this.wake?.();
  }

  async #step() {
    if (this.isStopped) throw new Interrupted();
    if (this.isPaused) return this.#sleep();
    try {
      if (!this.place) await this.#create();
      else if (this.offset === null) await this.#find();
      else await this.#send();
      this.failures = 0;
    } catch (problem) {
      if (this.isStopped) throw new Interrupted();
      // How much of the last chunk came, only the server knows.
      this.offset = null;
      if (!this.isPaused) await this.#recover(problem);
    }
  }

  async #recover(problem) {
    if (problem.code === "storage_full") {
      this.isPaused = true;
      return this.#say("paused", problem.message);
    }
    if (problem.isFinal || FINAL.has(problem.status)) throw problem;
    this.failures += 1;
    this.chunk = Math.max(this.chunk / 4, SMALLEST);
    this.#say("waiting");
    await this.#sleep(Math.min(500 * 2 ** this.failures, LONGEST_WAIT_MS));
  }

  // Ends by itself after that time if one is given, and when the connection is back.
  #sleep(ms) {
    return new Promise((resolve) => {
      this.wake = resolve;
      if (!ms) return;
      setTimeout(resolve, ms);
      window.addEventListener("online", resolve, { once: true });
    });
  }

  async #create() {
    const about = { filename: this.file.name };
    if (this.format !== undefined) about.format = this.format;
    const pairs = Object.entries(about).map(([name, value]) => `${name} ${base64(value)}`);
    const answer = await ask("POST", this.endpoint, {
      "Upload-Length": String(this.file.size),
      "Upload-Metadata": pairs.join(","),
    });
    // 409: there are too many unfinished ones, and waiting does not help.
    const isFinal = answer.status === 409 || answer.status === 404;
    if (answer.status !== 201) throw Object.assign(refusal(answer), { isFinal });
    this.place = answer.getResponseHeader("Location");
    this.offset = 0;
    localStorage.setItem(this.key, this.place);
  }

  async #find() {
    const answer = await ask("HEAD", this.place);
    if (answer.status === 404 || answer.status === 410) {
      // It was removed, or imported: it begins anew.
      localStorage.removeItem(this.key);
      this.place = null;
      return;
    }
    if (answer.status !== 200) throw refusal(answer);
    this.offset = Number(answer.getResponseHeader("Upload-Offset"));
    this.#say("running");
  }

  async #send() {
    const start = performance.now();
    const from = this.offset;
    const answer = await ask(
      "PATCH",
      this.place,
      { "Upload-Offset": String(from), "Content-Type": "application/offset+octet-stream" },
      this.file.slice(from, from + this.chunk),
      {
        request: (request) => {
          this.request = request;
        },
        progress: (sent) => this.#say("running", "", from + sent),
      },
    );
    if (answer.status !== 204) throw refusal(answer);
    this.offset = Number(answer.getResponseHeader("Upload-Offset"));
    this.#say("running");
    this.#resize(performance.now() - start);
  }

  // A chunk takes some seconds: what is lost with one is little, and so is what each costs.
  #resize(ms) {
    if (ms < 1500) this.chunk = Math.min(this.chunk * 2, LARGEST);
    if (ms > 8000) this.chunk = Math.max(this.chunk / 2, SMALLEST);
  }

  #say(state, problem = "", done = this.offset) {
    this.tell({ state, problem, file: this.file, done: done ?? this.told ?? 0 });
    this.told = done ?? this.told;
  }
}
