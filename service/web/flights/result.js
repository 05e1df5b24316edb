// What people take with them: their file with the results, and an empty one to begin with.

import { stamp } from "../times.js";
import { decimals, unknownNames } from "../words.js";
import { write } from "./csv.js";

const DAY = 86_400_000;
const RESULTS = ["Probabilidad de atraso", "Clase", "Nombre desconocido", "Problema"];

/** Of two digits, or of as many as its class needs. */
const rounded = (probability, threshold) =>
  probability === undefined ? "" : Number(probability.toFixed(2 + decimals(probability, threshold)));

/** The same columns and lines, with what was calculated, what the model does not know, and what was wrong. */
export function withResults({ header, separator, rows }) {
  const kept = header.flatMap((name, n) => (RESULTS.includes(name) ? [] : [n])); // a file that was here before has them
  const number = (value = "") => (separator === ";" ? String(value).replace(".", ",") : String(value));
  const lines = rows.map(({ fields, probability, threshold, clase = "", unknown = [], why = "" }) => [
    ...kept.map((n) => fields[n] ?? ""), number(rounded(probability, threshold)), clase, unknownNames(unknown), why, ...fields.slice(header.length),
  ]);
  return write([[...kept.map((n) => header[n]), ...RESULTS], ...lines], separator);
}

/** Two flights of tomorrow that the model knows. */
export function template({ rutas }) {
  const day = stamp(new Date(Date.now() + DAY)).slice(0, 10).split("-").reverse().join("/");
  const flights = Object.entries(rutas).slice(0, 2).map(([airline, [destination]], n) => [airline, destination, `${day} ${["07:05", "18:30"][n]}`]);
  return write([["Aerolínea", "Destino", "Salida"], ...flights], ";");
}
