// Marking by keyboard: `hand` has the text, the cursor in it, its marks, and the one with the focus.

import { Cursor, isRightToLeft } from "./text.js";
import { isSame } from "./marks.js";

const isTyping = (element) => element.matches?.("textarea, select, input") || element.isContentEditable;

export const listen = (hand) =>
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (does(hand, event)) event.preventDefault();
  });

// Returns whether the key meant something here; the desk has the others.
const does = (hand, event) => {
  const { key, ctrlKey, metaKey, shiftKey } = event;
  const isArrow = key === "ArrowLeft" || key === "ArrowRight";
  if (isArrow && (shiftKey || !(ctrlKey || metaKey))) return arrow(hand, event);
  if (ctrlKey || metaKey) return step(hand, key.toLowerCase(), shiftKey);
  if (key === "ArrowUp" || key === "ArrowDown") return line(hand, key === "ArrowUp" ? -1 : 1, shiftKey);
  if (key === "Tab") return tab(hand, event);
  if (key === "Delete" || key === "Backspace") return hand.remove();
  return key === "Escape" && hand.escape();
};

const step = (hand, key, isShifted) => {
  if (key !== "z" && key !== "y") return false;
  hand.step(key === "z" && !isShifted ? -1 : 1);
  return true;
};

const arrow = (hand, { key, shiftKey, altKey, ctrlKey, metaKey, repeat }) => {
  const { cursor, focused, text } = hand;
  const isForward = (key === "ArrowRight") !== isRightToLeft(text.text, cursor.head?.start ?? 0);
  const isPast = !document.getElementById("past").hidden;
  // Without a cursor: back to earlier answers, and forward again; there, Shift goes into the text.
  if (!cursor.range && !shiftKey && (!isForward || isPast)) return repeat || turn(hand, isForward);
  const by = isForward ? 1 : -1;
  const byWord = hand.byWord && !altKey;
  if (focused && shiftKey) return nudge(hand, ctrlKey || metaKey ? "start" : "end", by, byWord);
  if (cursor.step(by, { extends: shiftKey, byWord })) hand.moved();
  return true;
};

// What the desk has on the arrow of a text that runs from left to right.
const turn = ({ desk }, isForward) => {
  const wanted = isForward ? "ArrowRight" : "ArrowLeft";
  const [name] = Object.entries(desk.config.keys).find(([, keys]) => keys.includes(wanted)) ?? [];
  if (name) desk.act(name);
  return Boolean(name);
};

// Shift and arrows move the end of the mark that has the focus, with Ctrl its start.
const nudge = (hand, side, by, byWord) => {
  const { start, end, [side]: from } = hand.focused;
  const probe = new Cursor(hand.text);
  probe.set({ start: from, end: from });
  if (!probe.step(by, { byWord })) return true;
  const border = by > 0 ? probe.head.end : probe.head.start;
  if (side === "end" ? border > start : border < end) hand.moveBorder(side, border);
  return true;
};

const line = (hand, by, isExtending) => {
  const { cursor, paint, text } = hand;
  if (!cursor.head) return false;
  const offset = paint.offsetInLine(cursor.head, by);
  if (offset === null) return true;
  const word = text.wordAt(offset) ?? text.wordBefore(offset) ?? text.wordAfter(offset);
  if (!word) return true;
  cursor.to(word, isExtending);
  hand.moved();
  return true;
};

// From mark to mark while the text has the focus; past the last one Tab is the browser's again.
const tab = (hand, { shiftKey, target }) => {
  const isHere = target === document.body || document.getElementById("item").contains(target);
  if (!isHere) return false;
  const { all, cursor, focused } = hand;
  const at = focused ? all.findIndex((each) => isSame(each, focused)) : -1;
  const after = all.findIndex(({ start }) => !cursor.range || start >= cursor.range.start);
  const next = at >= 0 ? at + (shiftKey ? -1 : 1) : shiftKey ? after - 1 : after;
  if (!all[next]) {
    if (focused) hand.focus(null);
    return false;
  }
  hand.focus(all[next]);
  return true;
};
