"use strict";

// The labels of the form change places by dragging a row's handle, or by arrow keys on it. What is
// stored are the numbers in the rows, which are written here and sent with the form.
(() => {
  const table = document.querySelector("[data-orders]");
  const told = document.querySelector("[data-order-told]");
  if (!table || !told) return;
  const body = table.tBodies[0];
  let dragged = null;

  const placeIn = (row) => row.querySelector("[data-field=place]");
  const nameOf = (row) => row.querySelector("[data-field=name]").value;

  const number = () => {
    [...body.rows].forEach((row, at) => {
      const field = placeIn(row);
      if (field.value === String(at + 1)) return;
      field.value = String(at + 1);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  };

  const tell = (row) => {
    const words = told.dataset.orderTold.replace("{place}", row.sectionRowIndex + 1);
    told.textContent = words.replace("{name}", nameOf(row));
  };

  const step = (row, way) => {
    const other = way < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (way < 0) other.before(row);
    else other.after(row);
    number();
    tell(row);
  };

  const press = (event) => {
    const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    step(event.currentTarget.closest("tr"), way);
    event.currentTarget.focus();
  };

  const begin = (event) => {
    if (event.button !== 0) return;
    dragged = event.currentTarget.closest("tr");
    dragged.classList.add("is-dragged");
    event.preventDefault();
  };

  // The row goes where the pointer is: before the first row whose middle lies below it.
  const go = (event) => {
    if (!dragged) return;
    const middle = (row) => row.getBoundingClientRect().top + row.offsetHeight / 2;
    const others = [...body.rows].filter((row) => row !== dragged);
    const below = others.find((row) => middle(row) > event.clientY) ?? null;
    if (dragged.nextElementSibling !== below) body.insertBefore(dragged, below);
  };

  const end = () => {
    if (!dragged) return;
    dragged.classList.remove("is-dragged");
    number();
    tell(dragged);
    dragged = null;
  };

  for (const row of body.rows) {
    const handle = row.querySelector("[data-order-handle]");
    handle.hidden = false;
    handle.addEventListener("keydown", press);
    handle.addEventListener("pointerdown", begin);
  }
  // Of the page: a row that moves loses what it has captured.
  document.addEventListener("pointermove", go);
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", end);
})();
