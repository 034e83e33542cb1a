// Inputs that record the pressed key. Without this script, the key's name is typed.

import { nameOf } from "../shortcuts.js";

const caps = JSON.parse(document.getElementById("named-keys").textContent);

// Tab, function keys and the like keep their usual effect.
const capOf = (key) => {
  if (Object.hasOwn(caps, key)) return caps[key];
  if ([...key].length !== 1) return null;
  const large = key.toUpperCase();
  return [...large].length === 1 ? large : key;
};

const put = (input, cap) => {
  input.value = cap;
  // On keyboards that report no keys, as on phones, the next character replaces it.
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
