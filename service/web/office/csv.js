// CSV of flights: read, with the line of every problem, and written again with the results. No line is lost.

import { readTime } from "../times.js";
import { LONGEST, problem } from "../words.js";

export const FIELDS = ["OPERA", "SIGLADES", "FECHA_PROGRAMADA"];
const RESULTS = ["delay_probability", "clase", "problema"];

/** The record that begins at `start`: its fields and where the next begins; null where a quote in it never ends. */
function record(text, start, separator) {
  const fields = [];
  let field = "", quoted = false, wasQuoted = false, at = start;
  const end = () => {
    fields.push(wasQuoted ? field : field.trim());
    [field, wasQuoted] = ["", false];
  };
  for (; at < text.length; at++) {
    const letter = text[at];
    if (quoted) {
      if (letter !== '"') field += letter;
      else if (text[at + 1] !== '"') quoted = false;
      else {
        field += letter;
        at++;
      }
    } else if (letter === '"' && field.trim() === "") [quoted, wasQuoted, field] = [true, true, ""];
    else if (letter === separator) end();
    else if (letter === "\n") break;
    else if (letter !== "\r") field += letter;
  }
  if (quoted) return null;
  end();
  return { fields, next: at + 1 };
}

function* records(text, separator) {
  for (let start = 0, line = 1; start < text.length; ) {
    const lineEnd = (text.indexOf("\n", start) + 1 || text.length + 1) - 1;
    const found = record(text, start, separator) ?? {
      fields: text.slice(start, lineEnd).replace("\r", "").split(separator), next: lineEnd + 1, why: "una comilla no se cierra",
    };
    if (found.fields.length > 1 || found.fields[0]) yield { line, fields: found.fields, why: found.why };
    line += text.slice(start, found.next).split("\n").length - 1;
    start = found.next;
  }
}

/**
 * A CSV's header, separator and rows, each with its line, its fields, and its flight or `why` there is none.
 * Throws RangeError where the first line does not name the columns.
 */
export function read(text) {
  const clean = text.replace(/^\ufeff/, "").toWellFormed();
  const first = clean.split("\n", 1)[0];
  const separator = [";", "\t", ","].find((each) => first.includes(each)) ?? ",";
  const [header, ...rows] = records(clean, separator);
  const names = header?.fields.map((name) => name.toUpperCase()) ?? [];
  const missing = FIELDS.filter((field) => !names.includes(field));
  if (missing.length) throw new RangeError(`La primera línea debe nombrar las columnas; falta ${missing.join(", ")}.`);
  return { header: header.fields, separator, rows: rows.map((row) => check(row, names)) };
}

function check({ line, fields, why }, names) {
  while (fields.length > names.length && !fields.at(-1)) fields.pop();
  const flight = Object.fromEntries(FIELDS.map((field) => [field, fields[names.indexOf(field)] ?? ""]));
  why ??= whatIsWrong(flight);
  if (fields.length > names.length) why = `tiene ${fields.length} campos, y la primera línea nombra ${names.length}`;
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

/** A formula would run where the file is opened in a spreadsheet. */
const harmless = (value) => (/^[=+\-@\t\r]/.test(value) && !/^[+-]?[\d.,]+$/.test(value) ? `'${value}` : value);

/** The same columns and lines, with what was calculated and what was wrong; a spreadsheet knows it by its first mark. */
export function write({ header, separator, rows }) {
  const quote = (value) => (/["\n\r]/.test(value) || value.includes(separator) ? `"${value.replaceAll('"', '""')}"` : value);
  const number = (value = "") => (separator === ";" ? String(value).replace(".", ",") : String(value));
  const line = (fields) => fields.map((field) => quote(field)).join(separator);
  const lines = rows.map(({ fields, probability, clase = "", why = "" }) => {
    const padded = header.map((_, n) => harmless(fields[n] ?? ""));
    return line([...padded, number(probability), clase, why, ...fields.slice(header.length).map(harmless)]);
  });
  return `\ufeff${[line([...header, ...RESULTS]), ...lines].join("\r\n")}\r\n`;
}
