// The desk: the item in the middle, the next ones at hand, and what was decided on its way out. This puts
// its parts together; what an item is and what can be said of it are registered (registry.js).

import { Decisions, Review, sendable } from "./decisions.js";
import { Input } from "./input.js";
import { answers, media } from "./registry.js";
import { Pace, Reading } from "./rhythm.js";
import { History, Items } from "./state.js";
import { Outbox, SyncClient } from "./sync.js";
import { Drafts, Tab } from "./tabs.js";
import { Stage, View } from "./view.js";

const MOST_BEAT_MS = 45_000;
const LOOK_AGAIN_MS = 4000;
const FILL_BUFFER_MS = 500; // behind the first items, which come first

const byId = (id) => document.getElementById(id);
const config = JSON.parse(byId("desk-config").textContent);
const { preferences, words } = config;

const tab = new Tab(config.urls.desk);
const drafts = new Drafts(config.person, config.project);
const outbox = new Outbox(config.person);
const items = new Items(preferences);
const history = new History();
const pace = new Pace({ breakMinutes: preferences.break_minutes, mostSeconds: config.most_seconds });
const medium = media.of(config.media);
const answer = answers.of(config.answer);
const view = new View({ config, medium, answer });
const reading = new Reading({
  box: byId("item"),
  cue: byId("more-below"),
  medium,
  words: (share) => view.moreBelow(share),
});
const stage = new Stage({ items, history, drafts, view, reading });
const decisions = new Decisions({ config, tab, items, history, outbox, stage, pace });
const review = new Review({ config, history, stage });

let pause = null; // why the server hands out nothing, while it does not
let leaseSeconds = config.lease_seconds;

// What goes to the server and comes from it ---------------------------------------------------------

const ask = (batch, extra) => {
  const body = {
    page: tab.page,
    person: config.person,
    decisions: extra?.decision ? [extra.decision] : batch.map(sendable),
  };
  if (extra?.leaving || (batch.length && batch[0].project !== config.project)) return body;
  const isCalm = client.roundTrip > 0 && batch.length < 2;
  return {
    ...body,
    version: config.version,
    holding: holding(batch),
    ...items.ask({ fillsBuffer: isCalm && !pause }),
  };
};

// What is held, and what waits to be sent after this batch.
const holding = (batch) => {
  const going = new Set(batch.map(({ lease }) => lease));
  const waiting = outbox.waiting.filter(({ project, lease }) => project === config.project && lease);
  return [...items.leases, ...waiting.map(({ lease }) => lease)].filter((lease) => !going.has(lease));
};

const onResponse = (body, batch, extra) => {
  // First, so that what follows is said with the names of now.
  if (body.shown) takeShown(body.shown);
  for (const settled of body.decisions) {
    if (extra?.decision) decisions.undone(settled);
    else decisions.settle(settled, batch);
  }
  if (!body.counts) return;
  leaseSeconds = body.lease_seconds;
  if (pause && !body.paused) items.resume();
  pause = body.paused;
  takeItems(body);
  view.paused(pause, Boolean(items.current));
  view.counts(body.counts);
  // In a pause also before there is nothing left, for what comes after the item on the screen.
  view.empty(body.empty || (pause?.words ?? ""));
  client.later(nextCallIn());
};

const takeShown = (shown) => {
  view.changed(shown, history.reviewing ? null : items.current);
  input.rekey();
};

const takeItems = ({ next, spares, lost }) => {
  const isLost = items.isLost(lost);
  const decided = outbox.waiting.map(({ lease }) => lease);
  items.fill({ next, spares, lost }, { decided, isPaused: Boolean(pause) });
  if (isLost && !history.reviewing && !stage.isMarked) {
    stage.advance();
    if (pause) view.say("", pause.words);
    else stage.announceNext(words.lost);
  } else if (!items.current && !history.reviewing) {
    stage.advance();
    // What the same answer said of the last decision stays in sight.
    if (items.current) stage.announceNext(byId("said").textContent);
  }
  medium.preload(items.prefetched.map(({ item }) => item));
};

const nextCallIn = () => {
  if (items.isDry) return LOOK_AGAIN_MS;
  return !pause && items.bufferWanted ? FILL_BUFFER_MS : Math.min(MOST_BEAT_MS, (leaseSeconds * 1000) / 3);
};

const client = new SyncClient({
  project: config.project,
  outbox,
  ask,
  onResponse,
  refuse: (batch) => decisions.refuse(batch),
  show: (standing, waiting) => view.standing(standing, waiting),
});
outbox.onTrouble = () => view.say(words.not_on_disk);
decisions.client = client;

const desk = {
  config,
  say: (said) => view.say(said),
  decide: (value) => decisions.decide(value),
  accept: () => decisions.accept(),
  savesAtOnce: () => preferences.submit_at_once || history.reviewing !== null,
};
medium.mount(desk);
answer.mount(desk);
const input = new Input({ config, client, decisions, review, pace, stage });

// Coming and going ----------------------------------------------------------------------------------

// A page that holds what another tab holds: it shows nothing of it, and makes room for one that does not.
let isStranger = false;

document.addEventListener("visibilitychange", () => document.hidden || client.wake());
window.addEventListener("online", () => client.wake());
window.addEventListener("offline", () => client.wake());
window.addEventListener("beforeunload", () => isStranger || tab.announce());
window.addEventListener("pagehide", () => {
  if (isStranger) return;
  stage.keepDraft();
  client.leave(tab.page, items.leases);
});
// A page that comes back out of the browser's memory has given back what it held.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

const startOver = () => {
  isStranger = true;
  tab.startOver();
};

const startAsDuplicate = () => {
  tab.forget();
  drafts.clear();
  startOver();
};

const takeUp = async () => {
  await outbox.takeUp(await tab.others());
  const decided = outbox.waiting.map(({ lease }) => lease);
  if (items.current && decided.includes(items.current.lease)) stage.advance();
  decisions.showRefused();
};

const begin = async () => {
  // What the server took for a reload of one tab may have been opened in another.
  if (config.tab && config.tab !== tab.name) return startOver();
  const own = tab.isItsOwn();
  if (config.tab && !(await own)) return startAsDuplicate();
  // What a form that came back had chosen.
  const given = answer.value;
  const isChosen = JSON.stringify(given) !== JSON.stringify(answer.blank);
  stage.paint(config.first, isChosen ? { given } : undefined);
  stage.restoreDraft();
  if (!(await own)) return startAsDuplicate();
  await takeUp();
  client.wake();
};

begin();
