// The scored flights as a table, which is sorted by any of its columns and filtered; a row opens its reasons.

import { count, folded, percent, unknownNames } from "../../words.js";
import { reasonsRow } from "./row.js";

const SHOWN = 200;
const element = (id) => document.getElementById(id);
const cell = (text, className = "") => Object.assign(document.createElement("td"), { textContent: text, className });
const compare = new Intl.Collator("es").compare;

let scored = [];
let kept = [];
let shown = SHOWN;
let opened = () => {};

export function showTable(rows) {
  scored = rows;
  for (const id of ["filter-text", "filter-class"]) element(id).value = "";
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
  filter();
}

function filter() {
  const words = folded(element("filter-text").value).split(" ").filter(Boolean);
  const wanted = element("filter-class").value;
  const isWanted = (row) => (wanted === "unknown" ? row.unknown.length > 0 : row.clase.startsWith(wanted));
  const text = ({ line, shown: { OPERA, SIGLADES, FECHA_PROGRAMADA } }) => folded(`${line} ${OPERA} ${SIGLADES} ${FECHA_PROGRAMADA}`);
  kept = scored.filter((row) => isWanted(row) && words.every((word) => text(row).includes(word)));
  shown = SHOWN;
  show();
}

function show() {
  element("rows").replaceChildren(...kept.slice(0, shown).map(tableRow));
  element("more").hidden = kept.length <= shown;
  const all = count(scored.length, "vuelo", "vuelos");
  element("filtered").textContent = kept.length === scored.length ? `${all}.` : kept.length ? `${kept.length.toLocaleString("es-CL")} de ${all}.` : "Ningún vuelo calza con el filtro.";
}

function tableRow(row) {
  const { line, probability, threshold, clase, unknown, shown: { OPERA, SIGLADES, FECHA_PROGRAMADA } } = row;
  const drawn = document.createElement("tr");
  const high = clase.startsWith("Alta");
  const figure = cell("", high ? "high" : "low");
  const why = Object.assign(document.createElement("button"), {
    type: "button", className: "fold", textContent: `${percent(probability, threshold)} ${high ? "alta" : "baja"}`, title: "Ver por qué",
  });
  why.setAttribute("aria-expanded", "false");
  figure.append(why);
  drawn.append(cell(line), figure, ...[OPERA, SIGLADES, FECHA_PROGRAMADA, unknownNames(unknown)].map((text) => cell(text)));
  drawn.addEventListener("click", () => getSelection().isCollapsed && toggle(why, drawn, row));
  return drawn;
}

function toggle(button, drawn, row) {
  const isOpen = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) drawn.nextElementSibling.remove();
  else drawn.after(reasonsRow(row, opened));
}

/** Makes its buttons work. */
export function prepareTable(told) {
  opened = told;
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
  for (const id of ["filter-text", "filter-class"]) element(id).addEventListener("input", filter);
}
