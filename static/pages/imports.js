// Files that are chosen or dropped for an import are checked at once. They are sent for that, so what
// is chosen afterwards names them by the id of their upload.

import { Interrupted, ResumableUpload, remove } from "../uploads/resumable.js";
import { showing } from "../uploads/view.js";

// A smaller file is sent again sooner than it is asked how much of it is there.
const RESUMABLE_BYTES = 4 << 20;

let current = null;

const form = (event) => event.target.closest?.("[data-upload]");

const chosen = (own) => own.querySelector("[name=server_file]:checked");

const check = (own) => {
  // What is chosen meanwhile counts when the file is there.
  if (current?.isRunning) return;
  const files = [...own.elements.file.files];
  const isSent = own.querySelector("[name=upload]");
  const isLarge = files.reduce((sum, { size }) => sum + size, 0) > RESUMABLE_BYTES;
  if (isLarge && !isSent) send(own, files);
  else if (files.length || isSent || chosen(own)) window.htmx.trigger("#import-preview", "check");
};

document.addEventListener("change", (event) => {
  const own = form(event);
  if (!own) return;
  if (["file", "server_file"].includes(event.target.name)) {
    stop();
    // One of both counts: the one that was chosen last.
    if (event.target.name === "file" && chosen(own)) chosen(own).checked = false;
    if (event.target.name === "server_file") own.elements.file.value = "";
    own.querySelector("#import-preview").replaceChildren();
  }
  check(own);
});

// What is sent in chunks ----------------------------------------------------------------------------

const stop = () => {
  current?.stop();
  current = null;
};

// Sends the files one after the other; the form names them then by the ids of their uploads.
const send = async (own, files) => {
  const view = showing(own, () => current);
  const keys = [];
  try {
    for (const file of files) {
      const wanted = files.length === 1 ? own.elements.format?.value : undefined;
      const next = new ResumableUpload(file, own.dataset.uploads, wanted, view.tell);
      current = next;
      keys.push(await next.run());
    }
  } catch (problem) {
    if (!(problem instanceof Interrupted)) view.fail(problem.message);
    return;
  }
  view.end();
  const sent = Object.assign(document.createElement("input"), { type: "hidden", name: "upload" });
  sent.value = keys.join(",");
  own.querySelector("#import-preview").append(sent);
  check(own);
};

document.addEventListener("click", async (event) => {
  const line = event.target.closest?.("[data-remove-upload]")?.closest("[data-unfinished]");
  if (line && (await remove(line.dataset.unfinished))) line.remove();
});

window.addEventListener("beforeunload", (event) => {
  if (current?.isRunning) event.preventDefault();
});

document.addEventListener("htmx:configRequest", (event) => {
  if (!form(event)?.querySelector("[name=upload]")) return;
  for (const name of ["file", "server_file"]) event.detail.formData.delete(name);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const own = form(event);
  if (event.target.id !== "import-preview" || !own) return;
  own.querySelector(".upload").hidden = true;
  own.querySelector("button.primary").disabled = false;
  if (own.querySelector("[data-problem]")) own.querySelector("details").open = true;
});

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const own = form(event);
    if (!own || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    own.classList.toggle("is-over", kind === "dragover");
    if (kind !== "drop") return;
    own.elements.file.files = event.dataTransfer.files;
    own.elements.file.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
