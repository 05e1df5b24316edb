// The part of the page for whole files: a CSV of flights in, a table and a CSV with the results out.

import * as api from "../api.js";
import * as csv from "./csv.js";
import { scoreAll } from "./scoring.js";
import { count, percent } from "../words.js";

const SHOWN = 200;
const element = (id) => document.getElementById(id);
const textElement = (name, text) => Object.assign(document.createElement(name), { textContent: text });
const compare = new Intl.Collator("es").compare;

let file = { header: [], separator: ",", rows: [] };
let scored = [];
let shown = SHOWN;
let running = 0;

async function score(text) {
  const next = csv.read(text);
  if (!next.rows.length) throw new RangeError("El archivo no trae vuelos.");
  const turn = ++running;
  file = next;
  const good = file.rows.filter(({ why }) => !why);
  busy(true);
  let failure = "";
  try {
    await scoreAll(good, (done) => {
      if (turn !== running) return false; // it was stopped, or another file was given
      element("progress").value = done / good.length;
      element("file-state").textContent = `Calculando: ${done.toLocaleString("es")} de ${count(good.length, "vuelo", "vuelos")}…`;
    });
  } catch (error) {
    failure = `${api.inWords(error)} `;
  }
  if (turn === running) showAll(failure);
}

function busy(is) {
  for (const id of ["progress", "stop"]) element(id).hidden = !is;
  if (!is) return;
  element("progress").value = 0;
  for (const id of ["bad", "scored"]) element(id).hidden = true;
}

function showAll(failure = "") {
  busy(false);
  scored = file.rows.filter(({ probability }) => probability !== undefined);
  shown = SHOWN;
  const bad = file.rows.filter(({ why }) => why);
  const left = file.rows.length - scored.length - bad.length;
  const told = [count(scored.length, "vuelo calculado", "vuelos calculados")];
  if (bad.length) told.push(count(bad.length, "línea con problemas", "líneas con problemas"));
  if (left) told.push(count(left, "vuelo sin calcular", "vuelos sin calcular"));
  element("file-state").textContent = `${failure}${told.join("; ")}.`;
  showBad(bad);
  element("scored").hidden = false;
  sort("line", 1);
}

function showBad(bad) {
  element("bad").hidden = !bad.length;
  element("bad").open = bad.length <= 20;
  element("bad-title").textContent = count(bad.length, "línea con problemas", "líneas con problemas");
  const lines = bad.slice(0, SHOWN).map(({ line, why }) => textElement("li", `Línea ${line}: ${why}`));
  if (bad.length > SHOWN) lines.push(textElement("li", "Las demás están en la descarga."));
  element("bad-lines").replaceChildren(...lines);
}

const value = (row, column) => row[column] ?? row.flight[column];

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

function tableRow({ line, probability, clase, shown: { OPERA, SIGLADES, FECHA_PROGRAMADA } }) {
  const row = document.createElement("tr");
  const high = clase.startsWith("Alta");
  const result = textElement("td", `${percent(probability)} ${high ? "alta" : "baja"}`);
  result.className = high ? "high" : "low";
  row.append(textElement("td", line), result, ...[OPERA, SIGLADES, FECHA_PROGRAMADA].map((text) => textElement("td", text)));
  return row;
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv.write(file)], { type: "text/csv" }));
  link.download = "atrasos.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** A file's text: UTF-8, or what spreadsheets write instead. Throws RangeError for a workbook. */
async function textOf(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) throw new RangeError("Eso es un libro de Excel; guárdalo como CSV.");
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

async function take(text) {
  try {
    await score(await text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    running++; // a file that is being calculated gave way
    busy(false);
    element("file-state").textContent = error.message;
  }
}

function acceptDrops() {
  const over = (is) => element("drop").classList.toggle("over", is);
  const hasFiles = (event) => event.dataTransfer.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return; // a text goes where it is dropped
    event.preventDefault(); // else the browser would leave the page for the file
    over(true);
  });
  addEventListener("dragleave", (event) => event.relatedTarget || over(false));
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(false);
    take(textOf(event.dataTransfer.files[0]));
  });
}

/** Makes this part of the page work. */
export function prepare() {
  acceptDrops();
  element("file").addEventListener("change", ({ target }) => {
    if (target.files[0]) take(textOf(target.files[0]));
    target.value = ""; // so that the same file may be chosen again
  });
  element("score").addEventListener("click", () => {
    if (element("paste").value.trim()) take(element("paste").value);
    else element("file-state").textContent = "Pega primero el texto de un CSV, o elige un archivo.";
  });
  element("stop").addEventListener("click", () => {
    running++;
    showAll();
  });
  element("download").addEventListener("click", download);
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
