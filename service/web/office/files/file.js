// The part of the page for whole files: flights in a CSV or a workbook in, a table and a CSV with the results out.

import * as api from "../../api.js";
import { sheetOfFile, sheetOfText } from "../../flights/file.js";
import { template, withResults } from "../../flights/result.js";
import { inWords, readRows, understand } from "../../flights/rows.js";
import { scoreAll } from "../../flights/scoring.js";
import { count } from "../../words.js";
import { askColumns, hideColumns, prepareMapping } from "./mapping.js";
import { showSummary } from "./summary.js";
import { prepareTable, showTable } from "./table.js";

const SHOWN = 200;
const element = (id) => document.getElementById(id);
const say = (text) => (element("file-state").textContent = text);
const textElement = (name, text) => Object.assign(document.createElement(name), { textContent: text });

let file = { header: [], separator: ",", rows: [] };
let running = 0;

/** Reads what was given and calculates it; whatever was given before gives way. */
async function take(given) {
  const turn = ++running;
  busy(false);
  hideColumns();
  try {
    const sheet = await given;
    if (turn !== running) return;
    const understood = understand(sheet);
    if (!understood.missing.length) return await score(readRows(sheet, understood));
    say(`La primera línea debe nombrar las columnas; falta ${inWords(understood.missing)}. Elige cuál es cuál.`);
    for (const id of ["bad", "scored"]) element(id).hidden = true;
    askColumns(sheet, understood, (told) => orSay(turn, () => score(readRows(sheet, told))));
  } catch (error) {
    refuse(turn, error);
  }
}

async function orSay(turn, what) {
  try {
    await what();
  } catch (error) {
    refuse(turn, error);
  }
}

function refuse(turn, error) {
  if (!(error instanceof RangeError)) throw error;
  if (turn === running) say(error.message);
}

async function score(next) {
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
      say(`Calculando: ${done.toLocaleString("es-CL")} de ${count(good.length, "vuelo", "vuelos")}…`);
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
  const scored = file.rows.filter(({ probability }) => probability !== undefined);
  const bad = file.rows.filter(({ why }) => why);
  const unknown = scored.filter((row) => row.unknown.length).length;
  const left = file.rows.length - scored.length - bad.length;
  const told = [count(scored.length, "vuelo calculado", "vuelos calculados")];
  if (unknown) told.push(`${count(unknown, "vuelo", "vuelos")} con un nombre que el modelo no conoce, donde usa promedios`);
  if (bad.length) told.push(count(bad.length, "línea con problemas", "líneas con problemas"));
  if (left) told.push(count(left, "vuelo sin calcular", "vuelos sin calcular"));
  say(`${failure}${told.join("; ")}.`);
  showBad(bad);
  element("scored").hidden = !scored.length;
  element("by-airline").open = false;
  showSummary(scored);
  showTable(scored);
}

function showBad(bad) {
  element("bad").hidden = !bad.length;
  element("bad").open = bad.length <= 20;
  element("bad-title").textContent = count(bad.length, "línea con problemas", "líneas con problemas");
  const lines = bad.slice(0, SHOWN).map(({ line, why }) => textElement("li", `Línea ${line}: ${why}`));
  if (bad.length > SHOWN) lines.push(textElement("li", "Las demás están en la descarga."));
  element("bad-lines").replaceChildren(...lines);
}

function download(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function downloadTemplate() {
  try {
    download(template(await api.catalogue()), "plantilla.csv");
  } catch (error) {
    say(api.inWords(error));
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
    take(sheetOfFile(event.dataTransfer.files[0]));
  });
}

/** Makes this part of the page work; `opened(flight)` is called with one of its flights that somebody wants to see. */
export function prepare(opened) {
  acceptDrops();
  prepareMapping();
  prepareTable(opened);
  element("file").addEventListener("change", ({ target }) => {
    if (target.files[0]) take(sheetOfFile(target.files[0]));
    target.value = ""; // so that the same file may be chosen again
  });
  element("score").addEventListener("click", () => {
    if (element("paste").value.trim()) take(sheetOfText(element("paste").value));
    else say("Pega primero el texto de un CSV, o elige un archivo.");
  });
  element("stop").addEventListener("click", () => {
    running++;
    showAll();
  });
  element("download").addEventListener("click", () => download(withResults(file), "atrasos.csv"));
  element("template").addEventListener("click", downloadTemplate);
}
