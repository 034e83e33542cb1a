"use strict";

// Values of charts under the pointer or a finger. The drawing stays the image that the server made;
// its marks carry their values as labels, so the same drawing is read once somebody points at it.
(() => {
  const MARKS =
    "[role='graphics-symbol'][aria-label]:not([class*='role-'], [aria-roledescription^='line'], [aria-roledescription^='area'])";
  const NEAR = 40;

  // A mark's place in the drawing, from 0 to 1, by the translations of its groups.
  const placeOf = (mark, box) => {
    let [x, y] = [0, 0];
    for (let node = mark; node?.getAttribute; node = node.parentNode) {
      const moved = /translate\(([-\d.]+)[ ,]+([-\d.]+)\)/.exec(node.getAttribute("transform") ?? "");
      if (!moved) continue;
      x += Number(moved[1]);
      y += Number(moved[2]);
    }
    const [dx, dy] = middleOf(mark.getAttribute("d") ?? "", mark);
    return { x: (x + dx) / box.width, y: (y + dy) / box.height };
  };

  // Symbols are drawn around their place; bars and rules begin at a corner.
  const middleOf = (path, mark) => {
    const bar = /^M([-\d.]+),([-\d.]+)h([-\d.]+)v([-\d.]+)/.exec(path);
    if (bar) return [Number(bar[1]) + Number(bar[3]) / 2, Number(bar[2])];
    const end = [mark.getAttribute("x2"), mark.getAttribute("y2")].map(Number);
    return mark.localName === "line" ? [end[0] / 2, end[1] / 2] : [0, 0];
  };

  const read = async (address) => {
    const text = await (await fetch(address)).text();
    const drawing = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    const [, , width, height] = drawing.getAttribute("viewBox").split(" ").map(Number);
    return [...drawing.querySelectorAll(MARKS)].map((mark) => ({
      ...placeOf(mark, { width, height }),
      words: mark.getAttribute("aria-label"),
    }));
  };

  const drawings = new Map();
  const marksOf = (image) => {
    const address = image.currentSrc;
    if (!drawings.has(address)) drawings.set(address, read(address).catch(() => []));
    return drawings.get(address);
  };

  const nearest = (marks, image, x, y) => {
    const box = image.getBoundingClientRect();
    const far = ({ x: left, y: top }) =>
      Math.hypot(box.left + left * box.width - x, box.top + top * box.height - y);
    const best = marks.reduce((one, other) => (far(other) < far(one) ? other : one), marks[0]);
    return best && far(best) < NEAR ? best : null;
  };

  const part = (plot, name) => {
    const found = plot.querySelector(`.${name}`);
    if (found) return found;
    const made = document.createElement("div");
    made.className = name;
    plot.append(made);
    return made;
  };

  const clear = (plot) => plot?.querySelectorAll(".told, .marker").forEach((each) => each.remove());

  const tell = (plot, { x, y, words }) => {
    const [marker, told] = [part(plot, "marker"), part(plot, "told")];
    marker.style.left = `${100 * x}%`;
    marker.style.top = `${100 * y}%`;
    told.replaceChildren(
      ...words.split("; ").map((line) => {
        const row = document.createElement("span");
        row.textContent = line;
        return row;
      }),
    );
    told.style.left = x < 0.5 ? `calc(${100 * x}% + 0.75rem)` : "auto";
    told.style.right = x < 0.5 ? "auto" : `calc(${100 - 100 * x}% + 0.75rem)`;
    told.style.top = `${Math.min(100 * y, 60)}%`;
  };

  const point = async (event) => {
    const plot = event.target.closest?.("[data-plot]");
    if (!plot) return document.querySelectorAll("[data-plot]").forEach(clear);
    const image = plot.querySelector("img");
    const mark = nearest(await marksOf(image), image, event.clientX, event.clientY);
    if (mark) tell(plot, mark);
    else clear(plot);
  };

  document.addEventListener("pointermove", point);
  document.addEventListener("pointerdown", point);
})();
