"use strict";

// Tables sort by a press on a column's head, and show the rows that hold what is typed.
(() => {
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });

  // A cell says its number where its words would sort otherwise.
  const valueOf = (row, place) => {
    const cell = row.cells[place];
    return cell.dataset.value ?? cell.textContent.trim();
  };

  const compare = (one, other) => {
    const [left, right] = [Number(one), Number(other)];
    const areNumbers = one !== "" && other !== "" && !Number.isNaN(left) && !Number.isNaN(right);
    return areNumbers ? left - right : collator.compare(one, other);
  };

  const sortBy = (head) => {
    const table = head.closest("table");
    const sign = head.ariaSort === "ascending" ? -1 : 1;
    for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const body = table.tBodies[0];
    const place = head.cellIndex;
    const rows = [...body.rows].sort((a, b) => sign * compare(valueOf(a, place), valueOf(b, place)));
    body.append(...rows);
  };

  // The choices outlive a region that is renewed.
  const chosen = new Map();
  const keyOf = (table) => table.closest("[id]")?.id ?? "";

  const prepare = (table) => {
    for (const head of table.tHead.rows[0].cells) {
      if (head.querySelector(".sort") || !head.textContent.trim()) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
    }
    const last = chosen.get(keyOf(table));
    if (!last) return;
    const head = table.tHead.rows[0].cells[last.place];
    if (last.sign < 0) head.setAttribute("aria-sort", "ascending");
    sortBy(head);
  };

  const filter = (box) => {
    const wanted = box.value.trim().toLowerCase();
    const table = document.getElementById(box.dataset.filters);
    for (const row of table.tBodies[0].rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  };

  const prepareAll = () => {
    document.querySelectorAll("table[data-sorts]").forEach(prepare);
    document.querySelectorAll("[data-filters]").forEach((box) => {
      box.hidden = false;
      filter(box);
    });
  };

  document.addEventListener("click", (event) => {
    const head = event.target.closest("th")?.querySelector(".sort") && event.target.closest("th");
    if (!head) return;
    sortBy(head);
    const sign = head.ariaSort === "ascending" ? 1 : -1;
    chosen.set(keyOf(head.closest("table")), { place: head.cellIndex, sign });
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-filters]")) filter(event.target);
  });
  document.addEventListener("htmx:afterSettle", prepareAll);
  prepareAll();
})();
