// The first sheet of an .xlsx workbook -> what a CSV would say. Loaded only where somebody brings one.

import { stamp } from "../times.js";
import { FIELDS, means } from "./columns.js";
import { readSheet } from "../vendor/read-excel-file.js";

const DAY = 86_400_000;
const EPOCH = Date.UTC(1899, 11, 30); // of Excel's day numbers, for dates after February 1900
const [FROM, TO] = [1, 2_958_466]; // the day numbers of 1900 to 9999

/** Throws RangeError where it cannot be read. */
export async function open(bytes) {
  let cells;
  try {
    cells = await readSheet(bytes);
  } catch {
    throw new RangeError("Ese archivo no se pudo leer como libro de Excel (.xlsx); guárdalo como CSV.");
  }
  const records = inTexts(cells).flatMap((fields, n) => (fields.some((field) => field.trim()) ? [{ line: n + 1, fields }] : []));
  return { separator: ";", first: records[0], records: (_, withFirst) => records.slice(withFirst ? 0 : 1) };
}

function inTexts(cells) {
  const head = cells.find((row) => row.some((cell) => cell !== null)) ?? [];
  const isTime = head.map((cell) => means(String(cell ?? ""), FIELDS.at(-1)));
  const timed = columnsWithTimes(cells);
  return cells.map((row) => row.map((cell, column) => {
    if (typeof cell === "number" && isTime[column] && cell >= FROM && cell < TO) return inText(new Date(EPOCH + cell * DAY), true);
    return cell instanceof Date ? inText(cell, timed.has(column)) : String(cell ?? "");
  }));
}

/** A date without its time is midnight in a workbook: where no cell of a column has a time, all of them are dates. */
function columnsWithTimes(cells) {
  const timed = new Set();
  for (const row of cells) {
    row.forEach((cell, column) => {
      if (cell instanceof Date && toSecond(cell) % DAY) timed.add(column);
    });
  }
  return timed;
}

/** Parts of days are not exact. */
const toSecond = (date) => Math.round(date / 1000) * 1000;

function inText(date, withTime) {
  const text = stamp(new Date(toSecond(date)));
  if (date < EPOCH + DAY) return text.slice(11, 16); // a time of no day
  return withTime ? text.replace(/:00$/, "") : text.slice(0, 10);
}
