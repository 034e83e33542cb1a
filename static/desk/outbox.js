"use strict";

// Decisions wait here until the server has said that they are stored. They outlive the page, the
// tab and the browser, and belong to one person: nobody else who signs in here sends them.
(() => {
  const STORE = "decisions";

  const openDatabase = () =>
    new Promise((resolve, reject) => {
      const request = indexedDB.open("winnow", 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "client_id" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  // Strict: written to the disk, not only handed to the operating system.
  const write = (database, change) =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, "readwrite", { durability: "strict" });
      change(transaction.objectStore(STORE));
      transaction.oncomplete = resolve;
      transaction.onerror = () => reject(transaction.error);
    });

  const readAll = (database) =>
    new Promise((resolve, reject) => {
      const request = database.transaction(STORE).objectStore(STORE).getAll();
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  class Outbox {
    constructor(person) {
      this.person = person;
      this.waiting = [];
      this.onTrouble = () => {};
      // Opened behind the first item; what is decided before it is there is written after.
      this.database = openDatabase();
      this.database.catch(() => this.onTrouble());
    }

    // What an earlier page of the same person left, without what pages that still run will send.
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
        // A full disk or a private window: it still waits in this page, which has to say so.
        this.onTrouble();
      }
    }

    // What is to be sent; what the server refused waits for the person.
    get due() {
      return this.waiting.filter((entry) => !entry.refused);
    }

    get refused() {
      return this.waiting.filter((entry) => entry.refused);
    }
  }

  window.Winnow ??= {};
  window.Winnow.Outbox = Outbox;
})();
