// The outbox and the line that empties it.

import assert from "node:assert/strict";
import test from "node:test";
import { Outbox, SyncClient } from "../../static/labelling/sync.js";

globalThis.document = { hidden: false, cookie: "" };

const entry = (id, more = {}) => ({ kind: "label", client_id: id, project: 1, person: 5, at: 0, ...more });

const line = (answers, outbox = new Outbox(5)) => {
  const [calls, told, refused] = [[], [], []];
  const client = new SyncClient({
    project: 1,
    outbox,
    ask: (batch, extra) => ({ ids: batch.map(({ client_id: id }) => id), extra }),
    onResponse: (body, batch) => outbox.remove(batch.map(({ client_id: id }) => id)),
    refuse: (batch) => {
      refused.push(...batch);
      for (const each of batch) each.refused = "gone";
    },
    show: (standing, waiting) => told.push([standing, waiting]),
    send: async (url, body) => {
      calls.push([url, body]);
      return answers.shift() ?? { status: 200, body: {} };
    },
  });
  return { client, outbox, calls, told, refused };
};

const settled = async ({ client }) => {
  for (let turn = 0; turn < 20; turn += 1) await client.turns;
  clearTimeout(client.timer);
};

test("without a disk decisions still wait in the page, which says so", async () => {
  const outbox = new Outbox(5);
  let troubles = 0;
  outbox.onTrouble = () => (troubles += 1);
  outbox.add(entry("a"));
  await new Promise((resolve) => setTimeout(resolve));
  assert.ok(troubles > 0);
  assert.deepEqual(outbox.due.map(({ client_id: id }) => id), ["a"]);
});

test("what an earlier page left is taken up, oldest first, from this person and no running page", async () => {
  const outbox = new Outbox(5);
  outbox.stored = async () => [
    entry("mine", { at: 1, tab: "gone" }),
    entry("theirs", { at: 2, person: 6 }),
    entry("running", { at: 3, tab: "there" }),
    entry("here", { at: 4 }),
  ];
  outbox.add(entry("here", { at: 4 }));
  await outbox.takeUp((tab) => tab === "there");
  assert.deepEqual(outbox.waiting.map(({ client_id: id }) => id), ["mine", "here"]);
});

test("several decisions become one call", async () => {
  const all = line([]);
  for (const id of ["a", "b"]) {
    all.outbox.add(entry(id));
    all.client.wake();
  }
  await settled(all);
  assert.deepEqual(all.calls.map(([, body]) => body.ids), [["a", "b"]]);
  assert.deepEqual(all.told.at(-1), ["saved", 0]);
});

test("each project has a call of its own", async () => {
  const all = line([]);
  all.outbox.add(entry("a", { project: 2 }));
  all.outbox.add(entry("b"));
  all.client.wake();
  await settled(all);
  assert.deepEqual(all.calls.map(([url, body]) => [url, body.ids]), [
    ["/api/v1/projects/2/desk", ["a"]],
    ["/api/v1/projects/1/desk", ["b"]],
  ]);
});

test("a correction waits until its answer has a number", () => {
  const { client, outbox } = line([]);
  outbox.add(entry("c", { kind: "correct", annotation: null }));
  outbox.add(entry("a"));
  assert.deepEqual(client.batch().map(({ client_id: id }) => id), ["a"]);
  outbox.waiting[0].annotation = 9;
  assert.deepEqual(client.batch().map(({ client_id: id }) => id), ["c", "a"]);
});

test("what was refused is not sent again", () => {
  const { client, outbox } = line([]);
  outbox.add(entry("a", { refused: "no such label" }));
  assert.deepEqual(client.batch(), []);
});

for (const [status, standing] of [[0, "offline"], [401, "out"], [403, "forbidden"], [404, "gone"], [409, "other"], [500, "broken"]]) {
  test(`after ${status} a decision waits, and the page says how things stand`, async () => {
    const all = line([{ status, body: null }]);
    all.outbox.add(entry("a"));
    all.client.wake();
    await settled(all);
    assert.deepEqual(all.told.at(-1), [standing, 1]);
    assert.equal(all.client.failures, 1);
  });
}

test("trying again is no better news yet", async () => {
  const all = line([{ status: 0, body: null }, { status: 0, body: null }]);
  all.outbox.add(entry("a"));
  all.client.wake();
  await settled(all);
  all.client.wake();
  await settled(all);
  const standings = all.told.map(([standing]) => standing);
  assert.deepEqual(standings.slice(0, 1), ["saving"]);
  assert.equal(standings.slice(standings.indexOf("offline")).includes("saving"), false);
});

test("decisions for another project that is gone are refused, and those of this one go on", async () => {
  const all = line([{ status: 404, body: null }]);
  all.outbox.add(entry("a", { project: 2 }));
  all.outbox.add(entry("b"));
  all.client.wake();
  await settled(all);
  assert.deepEqual(all.refused.map(({ client_id: id }) => id), ["a"]);
  assert.deepEqual(all.calls.at(-1)[1].ids, ["b"]);
});

test("a request of its own tells whether it got through", async () => {
  const all = line([{ status: 200, body: {} }, { status: 0, body: null }]);
  assert.equal(await all.client.request({ decision: "undo" }), true);
  assert.equal(await all.client.request({ decision: "undo" }), false);
  clearTimeout(all.client.timer);
});
