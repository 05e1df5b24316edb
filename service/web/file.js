// A CSV of flights -> a table with a probability each.

import * as api from "./api.js";
import * as csv from "./csv.js";
import { percent } from "./words.js";

const SLICE = 500;
const SHOWN = 200;
const PATIENCE = 30;
const element = (id) => document.getElementById(id);
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

let rows = [];
let shown = SHOWN;
let running = 0;

/** One slice's replies, undefined for a flight that is wrong; what is wrong goes to `bad`. It outlives a short silence. */
async function scoreSlice(slice, bad) {
  let left = slice;
  for (let tries = 0; left.length; ) {
    try {
      const replies = await api.predictAll(left.map(({ flight }) => flight));
      return left.map((row, n) => ({ ...row, probability: replies[n].delay_probability, clase: replies[n].clase[0] }));
    } catch (error) {
      if (error.status === 422) {
        const wrong = new Map(error.detail.map(({ loc, msg }) => [loc[1], `${loc[2]}: ${msg}`]));
        if (!wrong.size) throw error;
        for (const [place, why] of wrong) bad.push({ line: left[place].line, why });
        left = left.filter((_, place) => !wrong.has(place));
      } else if ((error.status ?? 503) === 503 && ++tries < PATIENCE) await pause(1000);
      else throw error;
    }
  }
  return [];
}

async function score(text) {
  const turn = ++running;
  const progress = element("progress");
  const { flights, bad } = csv.read(text);
  if (!flights.length && !bad.length) throw new RangeError("El archivo no trae vuelos.");
  [rows, shown] = [[], SHOWN];
  element("scored").hidden = true;
  element("bad").hidden = true;
  progress.hidden = false;
  for (let start = 0; start < flights.length; start += SLICE) {
    progress.value = start / flights.length;
    element("file-state").textContent = `Calculando: ${start.toLocaleString("es")} de ${flights.length.toLocaleString("es")} vuelos…`;
    const scored = await scoreSlice(flights.slice(start, start + SLICE), bad);
    if (turn !== running) return; // another file was given meanwhile
    rows.push(...scored);
  }
  progress.hidden = true;
  showBad(bad.sort((a, b) => a.line - b.line));
  const many = (count, one, more) => `${count.toLocaleString("es")} ${count === 1 ? one : more}`;
  element("file-state").textContent =
    `${many(rows.length, "vuelo calculado", "vuelos calculados")}` +
    (bad.length ? `; ${many(bad.length, "línea con problemas", "líneas con problemas")}.` : ".");
  element("scored").hidden = !rows.length;
  sort("line", 1);
}

function showBad(bad) {
  element("bad").hidden = !bad.length;
  element("bad").open = bad.length > 0 && bad.length <= 20;
  element("bad-title").textContent = `Líneas con problemas: ${bad.length.toLocaleString("es")}`;
  element("bad-lines").replaceChildren(...bad.map(({ line, why }) => textElement("li", `Línea ${line}: ${why}`)));
}

function textElement(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

const value = (row, column) => row[column] ?? row.flight[column];

function sort(column, direction) {
  rows.sort((a, b) => {
    const [x, y] = [value(a, column), value(b, column)];
    return direction * (typeof x === "number" ? x - y : x.localeCompare(y, "es")) || a.line - b.line;
  });
  for (const button of document.querySelectorAll("[data-column]")) {
    const order = direction > 0 ? "ascending" : "descending";
    button.parentElement.setAttribute("aria-sort", button.dataset.column === column ? order : "none");
  }
  show();
}

function show() {
  element("rows").replaceChildren(
    ...rows.slice(0, shown).map((row) => {
      const line = document.createElement("tr");
      const texts = [row.line, row.flight.OPERA, row.flight.SIGLADES, row.flight.FECHA_PROGRAMADA];
      line.append(...texts.map((text) => textElement("td", text)), textElement("td", percent(row.probability)));
      return line;
    }),
  );
  element("more").hidden = rows.length <= shown;
}

function download() {
  const blob = new Blob([csv.write([...rows].sort((a, b) => a.line - b.line))], { type: "text/csv" });
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: "atrasos.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function take(text) {
  try {
    await score(text);
  } catch (error) {
    element("progress").hidden = true;
    element("file-state").textContent = error instanceof RangeError ? error.message : api.inWords(error);
  }
}

/** Makes the part of the page for whole files work. */
export function prepare() {
  const drop = element("drop");
  element("file").addEventListener("change", async ({ target }) => target.files[0] && take(await target.files[0].text()));
  element("score").addEventListener("click", () => {
    if (element("paste").value.trim()) take(element("paste").value);
    else element("file-state").textContent = "Pega primero el texto de un CSV, o elige un archivo.";
  });
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) take(await file.text());
  });
  element("download").addEventListener("click", download);
  element("more").addEventListener("click", () => {
    shown += SHOWN;
    show();
  });
  for (const button of document.querySelectorAll("[data-column]")) {
    button.addEventListener("click", () => {
      const down = button.parentElement.getAttribute("aria-sort") === "ascending";
      sort(button.dataset.column, down ? -1 : 1);
    });
  }
}
