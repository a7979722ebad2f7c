"use strict";
for (const table of document.querySelectorAll("table")) {
  table.classList.add("sorts");
  const heads = [...table.tHead.rows[0].cells];
  const key = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    return cell.classList.contains("n") ? NaN : cell.textContent;
  };
  const order = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true });
  heads.forEach((head, column) => {
    head.tabIndex = 0;
    const sort = () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = [...table.tBodies[0].rows].map(row => [key(row, column), row]);
      const none = keyed.filter(([value]) => Number.isNaN(value));
      const some = keyed.filter(([value]) => !Number.isNaN(value));
      some.sort((a, b) => down ? order(b[0], a[0]) : order(a[0], b[0]));
      table.tBodies[0].append(...some.concat(none).map(([, row]) => row));
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", event => { if (event.key === "Enter") sort(); });
  });
}
