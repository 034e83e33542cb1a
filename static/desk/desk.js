"use strict";

// The desk: the item in the middle, the next ones at hand, and what was decided on its way out.
// A decision paints the next item at once; everything else happens behind it.
(() => {
  const { Drafts, Labels, Line, Outbox, Reading, Tab, View, newId, shortcuts, words: wording } = window.Winnow;
  const byId = (id) => document.getElementById(id);
  const config = JSON.parse(byId("desk-config").textContent);
  const { preferences, words } = config;

  const DOUBLE_CLICK_MS = 350;
  const MOST_BEAT_MS = 45_000;
  const LOOK_AGAIN_MS = 4000;
  const SPARES_MS = 500; // put by behind the first items, which come first
  const MOST_AHEAD = 12;
  const PAST_AT_ONCE = 20;
  const SWIPE_PX = 80;
  const PAUSE_MS = 5 * 60_000;

  const tab = new Tab(config.urls.desk);
  const { page } = tab;
  const drafts = new Drafts(config.person, config.project);
  const outbox = new Outbox(config.person);
  const labels = new Labels(config);
  const view = new View(config, labels);
  const reading = new Reading({ box: byId("item"), cue: byId("more-below"), words: (share) => view.moreBelow(share) });
  const { clock } = reading;
  let current = null; // what is decided next, as the server served it
  let ahead = [];
  let spares = [];
  let trail = []; // what was decided in this page, oldest first
  let past = null; // an answer that is looked at again: { answers, at }
  let askedForNone = false;
  let decidedSince = 0; // decisions since the last call went out
  let sparesAsked = 0; // how many spares that call asked for
  let mostSpares = preferences.spares;
  let isUndoing = false;
  let pause = null; // why the server hands out nothing, while it does not
  let heldFor = config.lease_seconds;

  // Painting -------------------------------------------------------------------------------------

  const paint = (served, marks) => {
    current = served;
    past = null;
    askedForNone = false;
    view.past(null);
    view.item(served, marks ?? drafts.of(about()) ?? {});
    reading.begin();
  };

  // Drafts: what is marked belongs to the item, or to the answer that is looked at again ----------

  const lookedAt = () => past?.answers[past.at] ?? null;

  const about = () => {
    const answer = lookedAt();
    if (answer) return `answer/${answer.id ?? answer.entry.client_id}`;
    return current && `item/${current.item.id}`;
  };

  const marks = () => ({ given: view.chosen.map(labels.of), ...remarks() });

  const unmarked = () => {
    const { labels: given, note, unsure } = lookedAt() ?? {};
    return { given: given ?? [], note: note ?? "", unsure: Boolean(unsure) };
  };

  const keepDraft = () => {
    const id = about();
    const draft = { ...marks(), find: finder?.query ?? "" };
    const isNone = JSON.stringify(draft) === JSON.stringify({ ...unmarked(), find: "" });
    if (id) drafts.keep(id, isNone ? null : draft);
  };

  const settleDraft = () => drafts.keep(about(), null);

  const advance = () => {
    const served = ahead.shift() ?? spares.shift() ?? null;
    paint(served);
    view.preload([...ahead, ...spares.slice(0, 3)].map((each) => each.item));
  };

  const announceNext = (said) => {
    const next = current ? (current.item.text ?? wording.fill(words.item, current.item)) : words.nothing_left;
    view.say(said, next.slice(0, 200));
  };

  // Deciding -------------------------------------------------------------------------------------

  const remember = (entry, served) => {
    trail.push({ entry, served, annotation: null });
    outbox.add(entry);
    decidedSince += 1;
  };

  const newEntry = (kind, rest) => ({
    kind,
    client_id: newId(),
    project: config.project,
    person: config.person,
    tab: tab.name,
    at: Date.now(),
    ...rest,
  });

  const remarks = () => ({
    note: byId("note").value.trim(),
    unsure: byId("unsure-button").getAttribute("aria-pressed") === "true",
  });

  // Nothing is decided of what is not on the screen yet.
  const isUnseen = () => {
    const { obstacle } = reading;
    if (obstacle) view.say(words.unseen[obstacle]);
    return obstacle !== null;
  };

  const decide = (given) => {
    if (!past && (!current || isUndoing)) return;
    if (isUnseen()) return;
    if (past) return correct(given);
    const served = current;
    const entry = newEntry("label", {
      lease: served.lease,
      labels: given,
      seconds: clock.seconds,
      about: (served.item.text ?? served.item.key).slice(0, 80),
      served,
      ...remarks(),
    });
    rhythm.count(entry.seconds);
    settleDraft();
    remember(entry, served);
    advance();
    announceNext(wording.fill(words.chosen, { labels: view.said(given) }));
    line.kick();
  };

  const skip = (reason = "") => {
    if (past || !current || isUndoing) return;
    // What is damaged may never come; a reason is given to what was waited for, too.
    if (reading.obstacle !== "failed" && !reason && isUnseen()) return;
    const served = current;
    settleDraft();
    remember(newEntry("skip", { lease: served.lease, reason, served }), served);
    advance();
    announceNext(words.skipped);
    line.kick();
  };

  const pick = (choice) => {
    askedForNone = false;
    if (choice.type === "checkbox") {
      view.choose(choice, !choice.checked);
    } else if (preferences.submit_at_once || past) {
      decide([labels.of(choice)]);
    } else {
      for (const each of view.choices) view.choose(each, each === choice);
    }
  };

  const accept = () => {
    const chosen = view.chosen;
    if (chosen.length || (config.multi && askedForNone)) {
      return decide(chosen.map(labels.of));
    }
    const suggested = past ? [] : view.suggested;
    if (suggested.length) return decide(suggested.map(labels.of));
    if (!config.multi) return view.say(words.nothing_suggested);
    askedForNone = true;
    view.say(words.none_chosen);
  };

  // Taking back ----------------------------------------------------------------------------------

  const isSent = (entry) =>
    line.inFlight.includes(entry) || !outbox.waiting.some((each) => each.client_id === entry.client_id);

  const undo = async () => {
    if (isUndoing) return;
    if (past) return forward();
    const last = trail.at(-1);
    if (last && !isSent(last.entry)) return undoHere(last);
    isUndoing = true;
    try {
      await line.turns;
      // It was on its way, and did not get through.
      if (last && !isSent(last.entry)) return undoHere(last);
      const deed = named(last);
      if (!deed) return view.say(words.undo_later);
      const decision = { kind: "undo", client_id: newId(), ...deed };
      if (!(await line.wish({ decision }))) view.say(words.undo_later);
    } finally {
      isUndoing = false;
    }
  };

  // What is to be undone, as the server knows it: without anything of this page, its newest.
  const named = (last) => {
    if (!last) return { annotation: null };
    if (last.entry.kind === "skip") return { lease: last.entry.lease };
    return last.annotation && { annotation: last.annotation.id };
  };

  const undoHere = ({ entry, served }) => {
    outbox.remove([entry.client_id]);
    trail.pop();
    if (current) ahead.unshift(current);
    paint(served, { given: entry.labels ?? [], note: entry.note, unsure: entry.unsure });
    announceNext(words.undone);
  };

  const undone = (settled) => {
    // What is done is done, also where it brings nothing back; the next undo goes further.
    const last = settled.state === "done" ? trail.pop() : null;
    if (!settled.next) return view.say(settled.words);
    if (current) ahead.unshift(current);
    paint(settled.next, { given: last?.entry.labels ?? [] });
    announceNext(settled.words);
  };

  // Looking back, to correct ---------------------------------------------------------------------

  const ofTrail = ({ entry, served, annotation }) => ({
    entry,
    id: annotation?.id ?? null,
    labels: entry.labels,
    note: entry.note,
    unsure: entry.unsure,
    created_at: new Date(entry.at).toISOString(),
    history: entry.history ?? [],
    content: served.item,
  });

  const back = async () => {
    if (!past) past = { answers: ownAnswers(), at: -1, next: null, isWhole: false };
    if (past.at + 1 >= past.answers.length) await readBefore();
    if (!past) return;
    if (past.at + 1 >= past.answers.length) {
      if (past.at < 0) past = null;
      return view.say(words.no_more_past);
    }
    past.at += 1;
    showPast();
  };

  const forward = () => {
    if (!past) return;
    past.at -= 1;
    if (past.at < 0) return toPresent();
    showPast();
  };

  // What was chosen and typed for the present item before one looked back, and its clock.
  let present = null;

  const toPresent = (said = "") => {
    const { kept, goOn } = present;
    paint(current, kept);
    goOn();
    if (said) view.say(said);
  };

  const ownAnswers = () => {
    present = { kept: marks(), goOn: clock.stop() };
    return trail.filter(({ entry }) => entry.kind === "label").map(ofTrail).reverse();
  };

  // Pages of the server's memory, without what this page has in its own.
  const readBefore = async () => {
    if (past.isWhole) return;
    const url = past.next ?? `${config.urls.answers}?page_size=${PAST_AT_ONCE}`;
    const looked = past;
    try {
      const response = await fetch(url, { credentials: "same-origin" });
      if (!response.ok) throw new Error(String(response.status));
      const { results, next } = await response.json();
      const known = new Set(looked.answers.map((answer) => answer.id));
      const older = results.filter((answer) => !known.has(answer.id));
      looked.answers.push(...older.map((answer) => ({ ...answer, labels: answer.label_ids })));
      looked.next = next;
      looked.isWhole = !next;
    } catch {
      view.say(words.past_later);
    }
  };

  const showPast = () => {
    const answer = past.answers[past.at];
    view.item(
      { item: answer.content, suggestion: null, why: null },
      drafts.of(about()) ?? { given: answer.labels, note: answer.note, unsure: answer.unsure },
    );
    reading.begin();
    view.past(answer, past.at + 1);
    view.say("", answer.content.text?.slice(0, 200) ?? answer.content.key);
  };

  const correct = (given) => {
    const answer = past.answers[past.at];
    const changed = { labels: given, ...remarks() };
    const said = wording.fill(words.corrected, { labels: view.said(given) });
    const own = trail.find(({ entry }) => entry === answer.entry);
    settleDraft();
    if (own && !isSent(own.entry)) {
      // It has not gone out yet, so it is simply said otherwise.
      Object.assign(own.entry, changed);
      outbox.keep(own.entry);
    } else {
      if (own) {
        const now = new Date().toISOString();
        own.entry.history = [...(own.entry.history ?? []), { at: now, labels: own.entry.labels }];
        Object.assign(own.entry, changed);
      }
      const of = own?.entry.client_id ?? null;
      outbox.add(newEntry("correct", { annotation: answer.id, of, ...changed }));
    }
    toPresent(said);
    line.kick();
  };

  // What the line says and hears ------------------------------------------------------------------

  const leasesHeld = () => [current, ...ahead, ...spares].filter(Boolean).map((each) => each.lease);

  const SENT = {
    label: ["kind", "client_id", "lease", "labels", "seconds", "note", "unsure"],
    skip: ["kind", "client_id", "lease", "reason"],
    correct: ["kind", "client_id", "annotation", "labels", "note", "unsure"],
  };

  const sendable = (entry) => {
    const { labels: given, ...rest } = Object.fromEntries(SENT[entry.kind].map((name) => [name, entry[name]]));
    return given ? { ...rest, ...labels.sent(given) } : rest;
  };

  const ask = (batch, extra) => {
    const going = new Set(batch.map((entry) => entry.lease));
    const pending = outbox.waiting.filter((entry) => entry.project === config.project && entry.lease);
    const body = {
      page,
      person: config.person,
      decisions: extra?.decision ? [extra.decision] : batch.map(sendable),
    };
    if (extra?.leaving || (batch.length && batch[0].project !== config.project)) return body;
    body.version = config.version;
    body.holding = [...leasesHeld(), ...pending.map((entry) => entry.lease)].filter((each) => !going.has(each));
    body.want = Math.max(0, wanted() - ahead.length);
    body.spares = sparesAsked = isCalm(batch) ? sparesWanted() : 0;
    decidedSince = 0;
    return body;
  };

  // Two ahead, and as many more as are decided while one call is under way.
  const wanted = () => Math.min(MOST_AHEAD, preferences.ahead + decidedSince + (current ? 0 : 1));

  const isCalm = (batch) => line.roundTrip > 0 && batch.length < 2;

  const sparesWanted = () => (!pause && spares.length <= mostSpares / 2 ? mostSpares - spares.length : 0);

  const hear = (body, batch, extra) => {
    // First, so that what follows is said with the names of now.
    if (body.shown) takeLabels(body.shown);
    for (const settled of body.decisions) settle(settled, batch, extra);
    if (!body.counts) return;
    pauseOrGoOn(body);
    takeIn(body);
    view.paused(pause, Boolean(current));
    view.counts(body.counts);
    rhythm.today(body.counts.today);
    // In a pause also before there is nothing left, for what comes after the item on the screen.
    view.empty(body.empty || (pause?.words ?? ""));
    line.later(nextCallIn());
  };

  const takeLabels = (shown) => {
    view.changed(shown, past ? null : current);
    finder?.take(view.choices);
    keyboard.rekey(config.keys);
  };

  const nextCallIn = () => {
    if (!current && !ahead.length) return LOOK_AGAIN_MS;
    return sparesWanted() ? SPARES_MS : Math.min(MOST_BEAT_MS, (heldFor * 1000) / 3);
  };

  const pauseOrGoOn = (body) => {
    heldFor = body.lease_seconds;
    // In a paused project none were to be had, which says nothing of how many there are.
    if (pause && !body.paused) mostSpares = preferences.spares;
    pause = body.paused;
  };

  const settle = (settled, batch, extra) => {
    if (extra?.decision) return undone(settled);
    const entry = batch.find((each) => each.client_id === settled.client_id);
    if (!entry) return;
    if (settled.state === "refused") return refuse([entry], settled.words);
    outbox.remove([entry.client_id]);
    const own = trail.find((each) => each.entry.client_id === settled.client_id);
    if (own && settled.annotation) {
      own.annotation = settled.annotation;
      for (const waiting of outbox.waiting) {
        if (waiting.of === entry.client_id) waiting.annotation = settled.annotation.id;
      }
    }
    // Only the newest is still what one has in mind.
    if (entry === trail.at(-1)?.entry || entry.kind === "correct") byId("said").textContent = settled.words;
  };

  const refuse = (entries, why = words.troubles.gone) => {
    for (const entry of entries) {
      entry.refused = why;
      outbox.keep(entry);
    }
    showRefused();
  };

  const takeIn = ({ next, spares: more, lost }) => {
    const gone = new Set(lost);
    ahead = ahead.filter((each) => !gone.has(each.lease));
    spares = spares.filter((each) => !gone.has(each.lease));
    const decided = new Set(outbox.waiting.map((entry) => entry.lease));
    const fresh = ({ lease }) => !decided.has(lease) && !leasesHeld().includes(lease);
    ahead.push(...next.filter(fresh));
    spares.push(...more.filter(fresh));
    // A small project has few to put by; it is not asked again and again.
    if (!pause && sparesAsked > more.length) mostSpares = spares.length;
    const isLost = current && gone.has(current.lease);
    if (isLost && !past && !view.chosen.length && !byId("note").value) {
      advance();
      if (pause) view.say("", pause.words);
      else announceNext(words.lost);
    } else if (!current && !past) {
      advance();
      // What the same answer said of the last decision stays in sight.
      if (current) announceNext(byId("said").textContent);
    }
    view.preload(ahead.map((each) => each.item));
  };

  const line = new Line({
    project: config.project,
    outbox,
    ask,
    hear,
    refuse: (batch) => refuse(batch),
    show: (standing, waiting) => view.standing(standing, waiting),
  });
  outbox.onTrouble = () => view.say(words.not_on_disk);

  // What the server refused ------------------------------------------------------------------------

  const showRefused = () => {
    const [entry] = outbox.refused;
    const box = byId("refused");
    box.hidden = !entry;
    if (!entry) return;
    const values = { labels: labels.names(entry.labels ?? []).join(", "), about: entry.about ?? "", why: entry.refused };
    box.querySelector("p").textContent = wording.fill(words.refused, values);
    box.querySelector("[data-decide-again]").hidden = !entry.served || entry.project !== config.project;
  };

  const decideAgain = () => {
    const [entry] = outbox.refused;
    if (current) ahead.unshift(current);
    paint(entry.served, { given: entry.labels, note: entry.note, unsure: entry.unsure });
    discard();
    keepDraft();
  };

  const discard = () => {
    outbox.remove(outbox.refused.slice(0, 1).map((entry) => entry.client_id));
    showRefused();
  };

  // Rhythm ----------------------------------------------------------------------------------------

  const rhythm = {
    times: [],
    startedAt: performance.now(),
    lastAt: performance.now(),
    hinted: false,

    count(seconds) {
      const now = performance.now();
      if (now - this.lastAt > PAUSE_MS) [this.startedAt, this.hinted] = [now, false];
      this.lastAt = now;
      this.times.push(Math.min(seconds, config.most_seconds));
      const stretch = (now - this.startedAt) / 60_000;
      if (preferences.break_minutes && stretch >= preferences.break_minutes && !this.hinted) {
        this.hinted = true;
        byId("break").hidden = false;
      }
    },

    today({ labels, skips, changes, seconds }) {
      const number = (n) => n.toLocaleString(config.language);
      byId("today-labels").textContent = number(labels);
      byId("today-skips").textContent = number(skips);
      byId("today-changes").textContent = number(changes);
      byId("today-time").textContent = this.duration(seconds);
    },

    // Labels an hour and the middle time of this page, counted as everywhere else.
    summarise() {
      const sorted = [...this.times].sort((a, b) => a - b);
      const middle = sorted[Math.floor(sorted.length / 2)];
      const sum = this.times.reduce((total, each) => total + each, 0);
      byId("session-labels").textContent = this.times.length.toLocaleString(config.language);
      byId("session-middle").textContent = sorted.length ? this.duration(middle) : "–";
      byId("session-pace").textContent =
        sum > 0 ? Math.round((3600 * this.times.length) / sum).toLocaleString(config.language) : "–";
    },

    duration(seconds) {
      const [n, unit] = seconds < 120 ? [seconds, "second"] : [seconds / 60, "minute"];
      return new Intl.NumberFormat(config.language, {
        style: "unit",
        unit,
        unitDisplay: "short",
        maximumFractionDigits: seconds < 10 ? 1 : 0,
      }).format(n);
    },
  };

  // Keys, buttons, fingers --------------------------------------------------------------------------

  const open = (id) => byId(id).showModal();

  const look = (action) => () => {
    const said = view.viewer?.[action]();
    if (said) view.say(view.viewer.words(said));
  };

  byId("item").addEventListener("picture:said", ({ detail }) => {
    const said = view.viewer.words(detail);
    if (said) view.say(said);
  });

  const toggleUnsure = () => view.unsure(!remarks().unsure);

  const writeNote = () => {
    view.noteShown(true);
    byId("note").focus();
  };

  const ACTIONS = {
    accept,
    skip: () => skip(),
    skip_reason: () => current && !past && open("reasons"),
    undo,
    back,
    forward,
    unsure: toggleUnsure,
    note: writeNote,
    find_label: () => byId("find")?.focus(),
    guidelines: () => open("guidelines"),
    help: () => open("help"),
    summary: () => {
      rhythm.summarise();
      open("summary");
    },
    zoom_in: look("zoomIn"),
    zoom_out: look("zoomOut"),
    fit: look("fit"),
    rotate: look("rotate"),
    brighter: look("brighter"),
    darker: look("darker"),
    more_contrast: look("moreContrast"),
    less_contrast: look("lessContrast"),
    original: look("toggleOriginal"),
  };

  const keyboard = shortcuts.listen({
    keys: config.keys,
    labelAt: (key) => {
      const choice = view.choices.find((each) => each.dataset.key === key);
      return choice ? () => pick(choice) : null;
    },
    actions: ACTIONS,
    scroll: (key, isShifted) => current !== null && reading.scroll(key, isShifted),
  });

  // The next item can be there before the second half of a double click, which was not meant for it.
  const isSecondHalf = (event) => event.detail > 1 && clock.sinceStart < DOUBLE_CLICK_MS;

  document.addEventListener("click", (event) => {
    const button = event.target.closest("#desk button, #desk [data-choice]");
    // A mouse leaves no focus behind, or the next Space would press that button again.
    if (button && event.detail > 0) button.blur();
    const choice = event.target.closest("button[data-choice]");
    if (choice) {
      event.preventDefault();
      if (!isSecondHalf(event)) pick(choice);
      return;
    }
    const action = event.target.closest("[data-action]")?.dataset.action;
    if (action && !isSecondHalf(event)) {
      event.preventDefault();
      ACTIONS[action]();
    }
  });

  byId("answer").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!event.submitter?.hasAttribute("data-choice")) accept();
  });
  for (const form of document.querySelectorAll("#undo, #skip")) {
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-again]")) line.kick();
    if (event.target.closest("[data-decide-again]")) decideAgain();
    if (event.target.closest("[data-discard]")) discard();
    if (event.target.closest("[data-rested]")) byId("break").hidden = true;
    if (event.target.closest("[data-noted]")) byId("changed").hidden = true;
    const reason = event.target.closest("[data-reason]");
    if (reason) {
      byId("reasons").close();
      skip(reason.dataset.reason);
    }
  });

  byId("reasons").addEventListener("keydown", (event) => {
    const reasonAt = (key) => document.querySelector(`[data-reason][data-key="${CSS.escape(key)}"]`);
    const reason = shortcuts.find(event, reasonAt);
    if (!reason || event.repeat) return;
    // Or the desk would take the same key for a label, once the dialog is closed.
    event.preventDefault();
    reason.click();
  });

  byId("note").addEventListener("keydown", (event) => {
    const isDone = event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey));
    if (!isDone) return;
    event.preventDefault();
    event.target.blur();
    view.noteShown(event.target.value.trim() !== "");
  });

  const finder = window.Winnow.Finder && byId("find") && new window.Winnow.Finder({
    input: byId("find"),
    choices: view.choices,
    multi: config.multi,
    pick,
    accept,
    told: (n, first) => view.found(n, first),
  });

  // What is typed or ticked outlives the page; a tick by key is there once the key is let go.
  for (const name of ["input", "change", "click", "keyup"]) document.addEventListener(name, keepDraft);

  // A finger to the right accepts what is suggested, to the left skips.
  let touched = null;
  byId("item").addEventListener("pointerdown", (event) => {
    touched = event.pointerType === "touch" && event.isPrimary ? { x: event.clientX, y: event.clientY } : null;
  });
  byId("item").addEventListener("pointerup", (event) => {
    // A finger that moved a picture decides nothing.
    if (!touched || event.defaultPrevented || view.viewer?.zoomed) return;
    const [x, y] = [event.clientX - touched.x, event.clientY - touched.y];
    touched = null;
    if (Math.abs(x) < SWIPE_PX || Math.abs(x) < 2 * Math.abs(y)) return;
    if (x < 0) skip();
    else if (view.suggested.length) accept();
  });

  // Coming and going ---------------------------------------------------------------------------------

  document.addEventListener("visibilitychange", () => document.hidden || line.kick());
  window.addEventListener("online", () => line.kick());
  window.addEventListener("offline", () => line.kick());
  window.addEventListener("beforeunload", () => isStranger || tab.announce());
  window.addEventListener("pagehide", () => {
    if (isStranger) return;
    keepDraft();
    line.leave(page, leasesHeld());
  });
  // A page that comes back out of the browser's memory has given back what it held.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());

  // A page that holds what another tab holds: it shows nothing of it, and makes room for one that does not.
  let isStranger = false;

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
    const decided = new Set(outbox.waiting.map((entry) => entry.lease));
    if (current && decided.has(current.lease)) advance();
    showRefused();
  };

  const begin = async () => {
    // What the server took for a reload of one tab may have been opened in another.
    if (config.tab && config.tab !== tab.name) return startOver();
    const own = tab.isItsOwn();
    if (config.tab && !(await own)) return startAsDuplicate();
    const chosen = view.chosen.map(labels.of);
    paint(config.first, chosen.length ? { given: chosen } : undefined);
    if (finder) finder.query = drafts.of(about())?.find ?? "";
    if (!(await own)) return startAsDuplicate();
    await takeUp();
    line.kick();
  };

  begin();
})();
