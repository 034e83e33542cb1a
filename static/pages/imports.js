// The first rows of a file that is chosen for an import, as they would be read. Only the beginning
// of the file is sent; without this, the columns can still be named, and the import tells the rest.

const START = 256 << 10;

let asked = 0;

const start = (file) => new File([file.slice(0, START)], file.name, { type: file.type });

const read = async (form) => {
  const box = form.querySelector("[data-preview]");
  const file = form.elements.file.files[0];
  const mine = ++asked;
  if (!file) return box.replaceChildren();
  const body = new FormData(form);
  body.set("file", start(file));
  const answer = await fetch(box.dataset.preview, { method: "POST", body });
  const page = answer.ok ? await answer.text() : "";
  // A later question has been asked meanwhile.
  if (mine === asked) show(form, box, page);
};

const show = (form, box, page) => {
  const made = new DOMParser().parseFromString(page, "text/html");
  box.replaceChildren(...made.body.childNodes);
  if (box.querySelector("[data-problem]")) form.querySelector("details").open = true;
};

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-upload]");
  // Without a connection there is no preview; the upload says so by itself.
  if (form?.querySelector("[data-preview]")) read(form).catch(() => {});
});
