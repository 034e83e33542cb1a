// Fields that take the key that is pressed in them. Without this one types the key's name.

import { nameOf } from "../shortcuts.js";

const caps = JSON.parse(document.getElementById("named-keys").textContent);

// Tab, function keys and the like go on doing what they do everywhere.
const capOf = (key) => {
  if (Object.hasOwn(caps, key)) return caps[key];
  if ([...key].length !== 1) return null;
  const large = key.toUpperCase();
  return [...large].length === 1 ? large : key;
};

const put = (input, cap) => {
  input.value = cap;
  // What is typed next on a keyboard that tells no keys, as on phones, takes its place.
  input.select();
  const said = [input.labels[0].textContent.trim(), cap].join(": ");
  document.getElementById("key-said").textContent = said;
};

document.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-key-input]")) return;
  const key = nameOf(event);
  if (key === null) return;
  const cap = key === "Escape" ? "" : capOf(key);
  if (cap === null) return;
  event.preventDefault();
  put(event.target, cap);
});
