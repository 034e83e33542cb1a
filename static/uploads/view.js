// How far an upload is: a bar, its speed and when it ends, and a button that pauses it.

const MB = 1 << 20;
// The speed is that of the last seconds.
const WINDOW_MS = 8000;

const language = document.documentElement.lang || "en";
const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

// Bytes per second of the last samples; null while that is unknown.
export const speedOf = (samples) => {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || last.at - first.at < 500) return null;
  return (1000 * Math.max(last.done - first.done, 0)) / (last.at - first.at);
};

// Returns what tells of an upload in the form; `current` gives the upload that runs.
export const showing = (own, current) => {
  const [bar, figures, pause, problem] = ["progress", "figures", "pause", "problem"].map((name) =>
    own.querySelector(`#upload-${name}`),
  );
  const submits = own.querySelectorAll("[type=submit]");
  let samples = [];

  const shown = (isShown) => {
    own.querySelector(".upload").hidden = !isShown;
    pause.hidden = !isShown;
    for (const button of submits) button.disabled = isShown;
  };

  const tell = ({ state, file, done, problem: words }) => {
    if (state === "running") samples.push({ at: performance.now(), done });
    else samples = [];
    while (samples.length > 2 && samples.at(-1).at - samples[0].at > WINDOW_MS) samples.shift();
    bar.value = file.size ? (100 * done) / file.size : 100;
    const speed = speedOf(samples);
    figures.textContent = filled(figures.dataset[state], {
      name: file.name,
      done: number.format(done / MB),
      total: number.format(file.size / MB),
      speed: speed === null ? "–" : number.format(speed / MB),
      end: speed ? clock.format(Date.now() + (1000 * (file.size - done)) / speed) : "–",
    });
    pause.textContent = state === "paused" ? pause.dataset.resume : pause.dataset.pause;
    problem.textContent = words;
    problem.hidden = !words;
  };

  const end = () => {
    shown(false);
    pause.onclick = null;
    figures.textContent = "";
  };

  const fail = (words) => {
    end();
    const lost = own.querySelector("[data-upload-failed]");
    problem.textContent = words || lost.textContent;
    problem.hidden = false;
  };

  pause.onclick = () => (current().isPaused ? current().resume() : current().pause());
  problem.hidden = true;
  bar.value = 0;
  shown(true);
  return { tell, end, fail };
};
