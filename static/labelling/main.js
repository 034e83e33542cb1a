// The labelling page: the current item, prefetched items, and decisions being sent. This module
// connects its parts; media and answers are registered in registry.js.

import { Decisions, Review, sendable } from "./decisions.js";
import { Input, Reading } from "./input.js";
import { answers, media } from "./registry.js";
import { Drafts, History, Items, Pace, Tab } from "./state.js";
import { Outbox, SyncClient } from "./sync.js";
import { Stage, View } from "./view.js";

const MOST_BEAT_MS = 45_000;
const LOOK_AGAIN_MS = 4000;
const FILL_BUFFER_MS = 500; // after the first items

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

let pause = null; // why the project is paused; null while it is not
let leaseSeconds = config.lease_seconds;

// Requests and responses ----------------------------------------------------------------------------

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

// What is held, and which decisions wait to be sent after this batch.
const holding = (batch) => {
  const going = new Set(batch.map(({ lease }) => lease));
  const waiting = outbox.waiting.filter(({ project, lease }) => project === config.project && lease);
  return [...items.leases, ...waiting.map(({ lease }) => lease)].filter((lease) => !going.has(lease));
};

const onResponse = (body, batch, extra) => {
  // First, so that the rest uses the current label names.
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
  // Shown during a pause even before the last item, to announce what follows.
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
    else stage.announceNext(items.current ? words.lost : words.lost_last);
  } else if (!items.current && !history.reviewing) {
    stage.advance();
    // Keep the message about the last decision from the same response.
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
  act: (name) => input.actions[name]?.(),
  savesAtOnce: () => preferences.submit_at_once || history.reviewing !== null,
};
medium.mount(desk);
answer.mount(desk);
const input = new Input({ config, client, decisions, review, pace, stage });

// Tabs and reloads ----------------------------------------------------------------------------------

// Another tab holds this page's items: show none of them, and load a page of this tab's own.
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
// A page restored from the back/forward cache has released its items.
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
  // The server took this load for a reload of one tab, but it may have opened in another.
  if (config.tab && config.tab !== tab.name) return startOver();
  const own = tab.isItsOwn();
  if (config.tab && !(await own)) return startAsDuplicate();
  // The choice in a restored form.
  const given = answer.value;
  const isChosen = JSON.stringify(given) !== JSON.stringify(answer.blank);
  stage.paint(config.first, isChosen ? { given } : undefined);
  stage.restoreDraft();
  if (!(await own)) return startAsDuplicate();
  await takeUp();
  client.wake();
};

begin();
