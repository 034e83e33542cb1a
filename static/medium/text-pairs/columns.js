// Two texts beside each other, one below the other where there is no room.

import { media } from "../../labelling/registry.js";

const box = (part) => document.querySelector(`#item [data-part="${part}"]`);

media.register("text-pairs", {
  show({ a, b }) {
    box("a").textContent = a;
    box("b").textContent = b;
  },

  announce: ({ a, b }) => `A: ${a.slice(0, 100)} B: ${b}`,
});
