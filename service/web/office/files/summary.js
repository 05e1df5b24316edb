// What a file's flights come to: how many are called high, and by airline.

import { count, percent } from "../../words.js";

const element = (id) => document.getElementById(id);
const cell = (text) => Object.assign(document.createElement("td"), { textContent: text });
const mean = (rows) => rows.reduce((sum, { probability }) => sum + probability, 0) / rows.length;
const high = (rows) => rows.filter(({ clase }) => clase.startsWith("Alta")).length;

/** Sums rows up: how many, how many of them high, their mean probability. */
const summed = (rows) => ({ flights: rows.length, high: high(rows), share: high(rows) / rows.length, mean: mean(rows) });

export function showSummary(rows) {
  if (!rows.length) return;
  const { flights, high: many, share, mean: average } = summed(rows);
  element("summary").textContent =
    `${count(many, "vuelo", "vuelos")} de ${flights.toLocaleString("es-CL")} (${percent(share)}) con alta probabilidad de atraso. ` +
    `En promedio ${percent(average)}: ${count(Math.round(average * flights), "atraso esperado", "atrasos esperados")}.`;
  const airlines = new Map();
  for (const row of rows) airlines.set(row.shown.OPERA, [...(airlines.get(row.shown.OPERA) ?? []), row]);
  const lines = [...airlines].map(([name, some]) => ({ name, ...summed(some) }));
  lines.sort((a, b) => b.share - a.share || b.mean - a.mean || b.flights - a.flights);
  element("airline-rows").replaceChildren(...lines.map(line));
}

function line({ name, flights, high: many, share, mean: average }) {
  const row = document.createElement("tr");
  row.append(cell(name), cell(flights.toLocaleString("es-CL")), cell(`${many.toLocaleString("es-CL")} (${percent(share)})`), cell(percent(average)));
  return row;
}
