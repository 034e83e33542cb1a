"use strict";

// Items of the map are selected: by a line drawn around them, or by a frame that the keyboard moves.
(() => {
  const bar = document.querySelector("[data-lasso]");
  const map = document.querySelector("[data-lasso-map]");
  if (!bar || !map) return;

  const SVG = "http://www.w3.org/2000/svg";
  const { width, height } = map.viewBox.baseVal;
  const STEP = 20;
  const part = (name) => bar.querySelector(`[data-lasso-${name}]`);
  const [mode, count, open, clear, more] = ["mode", "count", "open", "clear", "more"].map(part);
  const points = [...map.querySelectorAll("[data-item]")].map((element) => {
    const { e, f } = element.transform.baseVal.consolidate().matrix;
    return { element, item: element.dataset.item, x: e, y: f };
  });
  const chosen = new Set();
  const frame = { x: width / 2 - 60, y: height / 2 - 40, wide: 120, high: 80 };
  const line = document.createElementNS(SVG, "polygon");
  line.setAttribute("class", "lasso");
  let drawn = [];
  let pointer = null;

  const isOn = () => mode.getAttribute("aria-pressed") === "true";

  // Even-odd rule: a ray to the right crosses the line an odd number of times.
  const isInside = ({ x, y }, corners) => {
    let inside = false;
    for (let i = 0, j = corners.length - 1; i < corners.length; j = i, i += 1) {
      const [ax, ay] = corners[i];
      const [bx, by] = corners[j];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
    return inside;
  };

  const show = () => {
    for (const { element, item } of points) element.classList.toggle("is-chosen", chosen.has(item));
    const { none, one, many } = count.dataset;
    const number = chosen.size.toLocaleString(document.documentElement.lang);
    count.textContent = chosen.size === 0 ? none : chosen.size === 1 ? one : many.replace("{n}", number);
    const most = Number(bar.dataset.most);
    const items = [...chosen].slice(0, most);
    open.href = `${bar.dataset.list}?ids=${items.join(".")}`;
    open.hidden = clear.hidden = chosen.size === 0;
    more.hidden = chosen.size <= most;
  };

  const draw = (corners) => {
    line.setAttribute("points", corners.map((each) => each.join(",")).join(" "));
    if (!line.isConnected) map.append(line);
  };

  const choose = (corners, isMore) => {
    if (!isMore) chosen.clear();
    for (const each of points) if (isInside(each, corners)) chosen.add(each.item);
    show();
  };

  // Pointer ----------------------------------------------------------------------------------------

  const placeOf = (event) => {
    const box = map.getBoundingClientRect();
    const x = ((event.clientX - box.x) / box.width) * width;
    const y = ((event.clientY - box.y) / box.height) * height;
    return [Math.round(x), Math.round(y)];
  };

  const begin = (event) => {
    if (!isOn() || event.button !== 0 || pointer !== null) return;
    event.preventDefault();
    pointer = event.pointerId;
    map.setPointerCapture(pointer);
    drawn = [placeOf(event)];
  };

  const go = (event) => {
    if (event.pointerId !== pointer) return;
    drawn.push(placeOf(event));
    draw(drawn);
  };

  const end = (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    line.remove();
    if (event.type === "pointerup" && drawn.length > 2) choose(drawn, event.shiftKey);
  };

  // Keyboard ---------------------------------------------------------------------------------------

  const corners = () => {
    const { x, y, wide, high } = frame;
    return [[x, y], [x + wide, y], [x + wide, y + high], [x, y + high]];
  };

  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const within = (value, least, most) => Math.min(Math.max(value, least), most);

  const move = ([x, y], isSize) => {
    if (isSize) {
      frame.wide = within(frame.wide + x * STEP, STEP, width - frame.x);
      frame.high = within(frame.high + y * STEP, STEP, height - frame.y);
    } else {
      frame.x = within(frame.x + x * STEP, 0, width - frame.wide);
      frame.y = within(frame.y + y * STEP, 0, height - frame.high);
    }
    draw(corners());
  };

  const press = (event) => {
    if (!isOn() || event.target !== map) return;
    const way = WAYS[event.key];
    if (way) move(way, event.shiftKey);
    else if (event.key === "Enter") choose(corners(), true);
    else if (event.key === "Escape") empty();
    else return;
    event.preventDefault();
  };

  // Controls ---------------------------------------------------------------------------------------

  const empty = () => {
    chosen.clear();
    show();
  };

  const toggle = () => {
    mode.setAttribute("aria-pressed", String(!isOn()));
    map.classList.toggle("is-lasso", isOn());
    if (isOn()) {
      map.tabIndex = 0;
      map.focus();
    } else {
      map.removeAttribute("tabindex");
      line.remove();
    }
  };

  mode.addEventListener("click", toggle);
  clear.addEventListener("click", empty);
  map.addEventListener("pointerdown", begin);
  map.addEventListener("pointermove", go);
  map.addEventListener("pointerup", end);
  map.addEventListener("pointercancel", end);
  map.addEventListener("keydown", press);
  map.addEventListener("focus", () => isOn() && map.matches(":focus-visible") && draw(corners()));
  map.addEventListener("blur", () => line.remove());
  map.addEventListener("dragstart", (event) => isOn() && event.preventDefault());
  // A press in this mode selects and opens nothing.
  map.addEventListener("click", (event) => isOn() && event.preventDefault(), true);
  bar.hidden = false;
  show();
})();
