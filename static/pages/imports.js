// Files that are chosen or dropped for an import are checked at once. They are sent for that, so what
// is chosen afterwards names them by the id of their upload.

const form = (event) => event.target.closest?.("[data-upload]");

const check = (own) => {
  const isSent = own.querySelector("[name=upload]");
  if (own.elements.file.files.length || isSent) window.htmx.trigger("#import-preview", "check");
};

document.addEventListener("change", (event) => {
  const own = form(event);
  if (!own) return;
  if (event.target.name === "file") own.querySelector("#import-preview").replaceChildren();
  check(own);
});

document.addEventListener("htmx:configRequest", (event) => {
  if (form(event)?.querySelector("[name=upload]")) event.detail.formData.delete("file");
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
