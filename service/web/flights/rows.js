// A sheet, which a CSV or a workbook is -> flights, each with its line, and what is wrong with it. No line is lost.

import { readTime } from "../times.js";
import { LONGEST, NAMES, problem } from "../words.js";
import { FIELDS, find, guess, isFlight } from "./columns.js";

const COLUMN = { OPERA: "Aerolínea", SIGLADES: "Destino", FECHA_PROGRAMADA: "Salida" };

/** A quote that opens a field over some lines may have swallowed flights. */
export function hasSwallowed(fields, separator) {
  const lines = fields.flatMap((field) => field.split("\n").slice(1)).map((line) => line.split(separator));
  const isOne = (parts) => parts.length >= FIELDS.length && parts.some((part) => readTime(part.trim()));
  return lines.some(isOne) ? "una comilla no se cierra, o sobra" : undefined;
}

/**
 * What a sheet's first line says: whether it is `headed`, and the `places` of the fields, with those `missing`.
 * Throws RangeError where that cannot be mended by telling which column is which.
 */
export function understand({ first }) {
  if (!first) throw new RangeError("El archivo no trae vuelos.");
  const fields = trimmed(first.fields);
  if (isFlight(fields)) {
    const places = guess(fields);
    return { headed: false, places: places ?? {}, missing: places ? [] : FIELDS };
  }
  const { places, missing } = find(fields);
  if (fields.length >= FIELDS.length) return { headed: true, places, missing };
  throw new RangeError(`La primera línea debe nombrar las columnas; falta ${inWords(missing)}.`);
}

export const inWords = (fields) => fields.map((field) => NAMES[field]).join(", ");

/** A sheet's header and its rows, each with its line, its fields, and its flight or `why` there is none. */
export function readRows(sheet, { headed, places }) {
  const first = trimmed(sheet.first.fields);
  const header = headed ? first : first.map((_, n) => COLUMN[FIELDS.find((field) => places[field] === n)] ?? `Columna ${n + 1}`);
  const isWrong = (fields, separator) => {
    const broken = FIELDS.find((field) => fields[places[field]]?.includes("\n"));
    return broken ? `hay un salto de línea en ${NAMES[broken]}` : hasSwallowed(fields, separator);
  };
  const rows = Array.from(sheet.records(isWrong, !headed), (record) => check(record, header.length, places));
  return { header, separator: sheet.separator, rows };
}

/** Without the empty fields at its end, which spreadsheets add. */
const trimmed = (fields) => fields.slice(0, fields.findLastIndex((field) => field.trim()) + 1);

function check({ line, fields, why }, width, places) {
  while (fields.length > width && !fields.at(-1)) fields.pop();
  const flight = Object.fromEntries(FIELDS.map((field) => [field, (fields[places[field]] ?? "").trim()]));
  why ??= fields.length > width ? `tiene ${fields.length} campos, y la primera línea tiene ${width}` : whatIsWrong(flight);
  return { line, fields, shown: { ...flight }, flight: { ...flight, FECHA_PROGRAMADA: readTime(flight.FECHA_PROGRAMADA) }, why };
}

function whatIsWrong(flight) {
  const missing = FIELDS.find((field) => !flight[field]);
  if (missing) return problem("missing", missing);
  const long = FIELDS.find((field) => [...flight[field]].length > LONGEST);
  if (long) return problem("string_too_long", long);
  const time = flight.FECHA_PROGRAMADA;
  return readTime(time) ? undefined : problem("datetime_parsing", "FECHA_PROGRAMADA", time);
}
