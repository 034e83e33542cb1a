// A large archive is sent in chunks before the form is, which then names it by the id of its upload.

import { Interrupted, ResumableUpload, remove } from "../uploads/resumable.js";
import { showing } from "../uploads/view.js";

// A smaller file is sent again sooner than it is asked how much of it is there.
const RESUMABLE_BYTES = 4 << 20;

let current = null;

const send = async (own, file) => {
  const view = showing(own, () => current);
  current = new ResumableUpload(file, own.dataset.uploads, undefined, view.tell);
  try {
    own.elements.upload.value = await current.run();
  } catch (problem) {
    if (!(problem instanceof Interrupted)) view.fail(problem.message);
    return;
  }
  view.end();
  own.elements.file.value = "";
  own.submit();
};

document.addEventListener("submit", (event) => {
  const own = event.target.closest("[data-open-archive]");
  const file = own?.elements.file.files[0];
  if (!file || file.size <= RESUMABLE_BYTES) return;
  event.preventDefault();
  send(own, file);
});

document.addEventListener("click", async (event) => {
  const line = event.target.closest?.("[data-remove-upload]")?.closest("[data-unfinished]");
  if (line && (await remove(line.dataset.unfinished))) line.remove();
});

window.addEventListener("beforeunload", (event) => {
  if (current?.isRunning) event.preventDefault();
});
