// Sorts every table of class "sortable", filters the claims and copies commands. Without it the
// pages and tables stay as they are: the buttons and the filter appear only here.
"use strict";

// A cell sorts by its data-value, a number as Python writes it, or by its text; an empty cell
// always comes last.
function sortKey(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent.trim();
  if (text === "") return null;
  return "value" in cell.dataset ? Number(text.replace("inf", "Infinity")) : text.toLowerCase();
}

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  return typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
}

function sortBy(table, column, direction) {
  const body = table.tBodies[0];
  const sign = direction === "descending" ? -1 : 1;
  const rows = [...body.rows].map((row) => [sortKey(row, column), row]);
  rows.sort(([a], [b]) => (a === null || b === null ? compare(a, b) : sign * compare(a, b)));
  body.append(...rows.map(([, row]) => row));
  for (const head of table.tHead.rows[0].cells) head.removeAttribute("aria-sort");
  table.tHead.rows[0].cells[column].setAttribute("aria-sort", direction);
}

// A header says with data-first which direction comes first (numbers where the largest is the worst
// start with it), or "none".
function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (head.dataset.first === "none") return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    const first = head.dataset.first ?? "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    button.addEventListener("click", () => {
      sortBy(table, column, head.getAttribute("aria-sort") === first ? other : first);
    });
  });
}

function makeFilter(filter) {
  const rows = [...document.getElementById(filter.dataset.table).tBodies[0].rows];
  const text = filter.querySelector("input");
  const verdict = filter.querySelector("select");
  const shown = filter.querySelector("output");
  const contents = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  function apply() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const named = words.every((word) => contents.get(row).includes(word));
      const judged = verdict.value === "" || row.dataset.verdict === verdict.value;
      row.hidden = !(named && judged);
      count += row.hidden ? 0 : 1;
    }
    shown.textContent = `${count} of ${rows.length} shown`;
  }
  text.addEventListener("input", apply);
  verdict.addEventListener("change", apply);
  filter.hidden = false;
  apply(); // a browser may keep what was typed before a reload
}

// A button beside every command; where the clipboard is closed to the page the text is selected.
function makeCopyable(command) {
  const text = command.textContent;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(command);
      button.textContent = "selected";
    }
    setTimeout(() => { button.textContent = "copy"; }, 2000);
  });
  command.after(button);
}

// The style shows the page; this says which one it is, and opens what a link leads into.
function nameThePage() {
  const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
  const page = target?.closest(".page") ?? document.getElementById("summary");
  for (const link of document.querySelectorAll("header nav a")) {
    const here = link.hash === `#${page.id}`;
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (here) link.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

document.querySelectorAll(".command").forEach(makeCopyable);
window.addEventListener("hashchange", nameThePage);
nameThePage();
document.querySelectorAll("table.sortable").forEach(makeSortable);
document.querySelectorAll(".filter").forEach(makeFilter);
