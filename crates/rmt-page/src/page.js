"use strict";
const sorts = new Map();
for (const table of document.querySelectorAll("table")) {
  table.classList.add("sorts");
  const heads = [...table.tHead.rows[0].cells];
  const key = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    return cell.classList.contains("n") ? NaN : cell.textContent;
  };
  const order = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true });
  const sort = (column, down) => {
    if (!heads[column]) return;
    heads.forEach(other => other.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = [...table.tBodies[0].rows].map(row => [key(row, column), row]);
    const none = keyed.filter(([value]) => Number.isNaN(value));
    const some = keyed.filter(([value]) => !Number.isNaN(value));
    some.sort((a, b) => down ? order(b[0], a[0]) : order(a[0], b[0]));
    table.tBodies[0].append(...some.concat(none).map(([, row]) => row));
  };
  sorts.set(table.id, sort);
  heads.forEach((head, column) => {
    head.tabIndex = 0;
    const turn = () => sort(column, head.getAttribute("aria-sort") === "ascending");
    head.addEventListener("click", turn);
    head.addEventListener("keydown", event => { if (event.key === "Enter") turn(); });
  });
}
const state = document.querySelector(".state");
if (state) {
  const all = selector => [...document.querySelectorAll(selector)];
  const place = "rmt:" + location.pathname;
  const title = details => details.querySelector("summary").textContent.replace(/\d+/g, "");
  const keep = () => {
    const heads = all("th[aria-sort]");
    const kept = {
      at: [scrollX, scrollY],
      open: all("details").map(details => [title(details), details.open]),
      sorted: heads.map(head => [head.closest("table").id, head.cellIndex, head.getAttribute("aria-sort") === "descending"]),
      scrolled: all(".scroll").map(box => [box.querySelector("table").id, box.scrollLeft, box.scrollTop]),
    };
    try { sessionStorage.setItem(place, JSON.stringify(kept)); } catch { }
  };
  const restore = () => {
    let kept = null;
    try { kept = JSON.parse(sessionStorage.getItem(place)); } catch { }
    if (!kept) return;
    const open = new Map(kept.open);
    for (const details of all("details")) {
      if (open.has(title(details))) details.open = open.get(title(details));
    }
    for (const [table, column, down] of kept.sorted) sorts.get(table)?.(column, down);
    for (const [table, left, top] of kept.scrolled) {
      document.getElementById(table)?.parentElement.scrollTo(left, top);
    }
    scrollTo(...kept.at);
  };
  history.scrollRestoration = "manual";
  restore();
  addEventListener("pagehide", keep);
  const time = state.querySelector("time");
  const written = Number(time.dataset.seconds);
  const age = () => {
    const minutes = Math.floor((Date.now() / 1000 - written) / 60);
    if (minutes < 1) return "";
    return minutes < 120 ? ` (${minutes} min ago)` : ` (${Math.floor(minutes / 60)} hours ago)`;
  };
  if (state.dataset.reload) {
    time.append(age());
    setInterval(() => {
      if (!document.hidden && getSelection().isCollapsed) location.reload();
    }, 1000 * state.dataset.reload);
  }
}
