"use strict";

// What several pages need. All of it is comfort: every form works without it.
(() => {
  // Dialogs open by a button that names them.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
  });

  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-select]")) event.target.select();
  });

  // Nobody looks, so nobody asks. Filters in hx-trigger would need eval, which the CSP forbids.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.target.matches("[data-poll]")) event.preventDefault();
  });

  // A region that is renewed keeps what was opened in it.
  let opened = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    opened = [...event.detail.target.querySelectorAll("details[open][id]")].map(({ id }) => id);
  });
  document.addEventListener("htmx:afterSettle", () => {
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  });

  // Uploads say how far they are, and whether they arrived.
  const upload = (event) => event.target.closest?.("[data-upload]");

  document.addEventListener("htmx:beforeSend", (event) => {
    const form = upload(event);
    if (!form) return;
    form.querySelector(".upload").hidden = false;
    form.querySelector("[data-upload-failed]").hidden = true;
    form.querySelector("button.primary").disabled = true;
  });

  document.addEventListener("htmx:xhr:progress", (event) => {
    const form = upload(event);
    if (!form || !event.detail.lengthComputable) return;
    form.querySelector(".upload progress").value = (100 * event.detail.loaded) / event.detail.total;
  });

  const uploadFailed = (event) => {
    const form = upload(event);
    if (!form) return;
    form.querySelector(".upload").hidden = true;
    form.querySelector("[data-upload-failed]").hidden = false;
    form.querySelector("button.primary").disabled = false;
  };
  document.addEventListener("htmx:sendError", uploadFailed);
  document.addEventListener("htmx:responseError", uploadFailed);
})();
