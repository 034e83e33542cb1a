// Keys become labels and actions, on every page that has keys and on every keyboard. They are handled
// here because htmx's key filters need eval, which the CSP forbids; they are never taken from a field,
// a dialog or a button that has the focus.

const isTyping = (element) =>
  element.isContentEditable ||
  element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button])");

const isPressable = (element) => element.matches("button, a, summary, input");

// What a press means ----------------------------------------------------------------------------

// The signs of the American keyboard, by their place: plain and shifted.
const SIGNS = {
  Backquote: "`~",
  Minus: "-_",
  Equal: "=+",
  BracketLeft: "[{",
  BracketRight: "]}",
  Backslash: "\\|",
  Semicolon: ";:",
  Quote: "'\"",
  Comma: ",<",
  Period: ".>",
  Slash: "/?",
};

const isSign = (key) => [...key].length === 1;
const isLetter = (key) => isSign(key) && /[\p{L}\p{M}]/u.test(key);
// Such a keyboard types no Latin letters and may lack the signs that stand beside them.
const isForeign = (key) => isLetter(key) && !/\p{Script=Latin}/u.test(key);

// Small letters, also with Caps Lock; "İ" would become two signs.
const printedOn = (key) => (isSign(key) ? [...key.normalize("NFC").toLowerCase()][0] : key);

const placeOf = ({ key, code, shiftKey }) => {
  if (!isSign(key) && key !== "Dead") return null;
  // Some keyboards have their digits under shift, others have digits of another script.
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1];
  if (digit && (!shiftKey || /\p{Nd}/u.test(key))) return digit;
  if (!isForeign(key)) return null;
  return /^Key([A-Z])$/.exec(code)?.[1].toLowerCase() ?? SIGNS[code]?.[shiftKey ? 1 : 0] ?? null;
};

// What a press may mean: `printed` is what it types, `placed` what an American keyboard types in
// that place where this one types something else. Null where the press is not for the page.
const read = (event) => {
  // What a browser fills in by itself comes as a key without a name.
  if (!event.key || ["Process", "Unidentified"].includes(event.key)) return null;
  if (event.isComposing || event.metaKey) return null;
  if (event.getModifierState("AltGraph")) return readThirdLevel(event);
  if (event.ctrlKey || event.altKey) return null;
  const printed = printedOn(event.key);
  const placed = placeOf(event);
  return { printed, placed: placed === printed ? null : placed };
};

// With AltGr a key is only what it types, such as @ or /.
const readThirdLevel = ({ key }) =>
  isSign(key) && !/[a-z0-9]/i.test(key) ? { printed: printedOn(key), placed: null } : null;

// Of the upper row only a letter is stronger than the digit in that place.
const isDigit = ({ printed, placed }) => placed !== null && /\d/.test(placed) && !isLetter(printed);

// What to do: `labelAt` and `actionAt` give a function for a key, or null. What a key types comes
// before its place, and a label before an action.
export const find = (event, labelAt, actionAt = () => null) => {
  const press = read(event);
  if (!press) return null;
  const byPlace = (at) => (press.placed === null ? null : at(press.placed));
  return (
    labelAt(press.printed) ??
    (isDigit(press) ? byPlace(labelAt) : null) ??
    actionAt(press.printed) ??
    byPlace(labelAt) ??
    byPlace(actionAt) ??
    null
  );
};

// The key to store for a press, null where it has none.
export const nameOf = (event) => {
  const press = read(event);
  if (!press) return null;
  return isDigit(press) ? press.placed : press.printed;
};

// As in other programs; an answer that has steps of its own takes it before.
const isUndo = ({ key, ctrlKey, metaKey, altKey, shiftKey }) =>
  ctrlKey !== metaKey && !altKey && !shiftKey && key?.toLowerCase() === "z";

// The desk's ------------------------------------------------------------------------------------

// `keys` maps an action to its keys, `labelAt` a key to a function, `actions` an action to one;
// `scroll` does what a key does for reading and tells whether it did.
export const listen = ({ keys, labelAt, actions, scroll }) => {
  const named = (own) => new Map(Object.entries(own).flatMap(([name, its]) => its.map((key) => [key, name])));
  let byKey = named(keys);
  const actionAt = (key) => actions[byKey.get(key)] ?? null;

  const actionFor = (event) => {
    if (isUndo(event)) return actions.undo;
    const presses = ["Enter", " "].includes(event.key) && isPressable(event.target);
    return presses ? find(event, labelAt) : find(event, labelAt, actionAt);
  };

  // Space reads on before it does anything else, and back with Shift; the other keys scroll where
  // they do nothing.
  const reads = (event, action) => {
    if (event.key === " " && isPressable(event.target)) return false;
    if (!read(event) || (action && event.key !== " ")) return false;
    return scroll(event.key, event.shiftKey) || (event.key === " " && event.shiftKey);
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const action = actionFor(event);
    const isRead = reads(event, action);
    if (!isRead && !action) return;
    event.preventDefault();
    // A held key is one decision.
    if (!isRead && !event.repeat) action();
  });

  // Labels may have taken keys of actions since, or given them back.
  return { rekey: (own) => (byKey = named(own)) };
};
