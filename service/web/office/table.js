// The scored flights as a table, which is sorted by any of its columns.

import { percent, unknownNames } from "../words.js";

const SHOWN = 200;
const element = (id) => document.getElementById(id);
const cell = (text, className = "") => Object.assign(document.createElement("td"), { textContent: text, className });
const compare = new Intl.Collator("es").compare;

let scored = [];
let shown = SHOWN;

export function showTable(rows) {
  scored = rows;
  shown = SHOWN;
  sort("line", 1);
}

const value = (row, column) => (column === "unknown" ? unknownNames(row.unknown) : (row[column] ?? row.flight[column]));

function sort(column, direction) {
  scored.sort((a, b) => {
    const [x, y] = [value(a, column), value(b, column)];
    return direction * (typeof x === "number" ? x - y : compare(x, y)) || a.line - b.line;
  });
  for (const button of document.querySelectorAll("[data-column]")) {
    const order = direction > 0 ? "ascending" : "descending";
    button.parentElement.setAttribute("aria-sort", button.dataset.column === column ? order : "none");
  }
  show();
}

function show() {
  element("rows").replaceChildren(...scored.slice(0, shown).map(tableRow));
  element("more").hidden = scored.length <= shown;
}

function tableRow({ line, probability, clase, unknown, shown: { OPERA, SIGLADES, FECHA_PROGRAMADA } }) {
  const row = document.createElement("tr");
  const high = clase.startsWith("Alta");
  row.append(
    cell(line), cell(`${percent(probability)} ${high ? "alta" : "baja"}`, high ? "high" : "low"),
    ...[OPERA, SIGLADES, FECHA_PROGRAMADA, unknownNames(unknown)].map((text) => cell(text)),
  );
  return row;
}

/** Makes its buttons work. */
export function prepareTable() {
  element("more").addEventListener("click", () => {
    shown += SHOWN;
    show();
  });
  for (const button of document.querySelectorAll("[data-column]")) {
    button.addEventListener("click", () => {
      const rising = button.parentElement.getAttribute("aria-sort") === "ascending";
      sort(button.dataset.column, rising ? -1 : 1);
    });
  }
}
