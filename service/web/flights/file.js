// A file's bytes -> a sheet: a CSV in whatever encoding spreadsheets write, or a workbook.

import * as csv from "./csv.js";
import { known } from "./columns.js";
import { hasSwallowed } from "./rows.js";

export const sheetOfText = (text) => csv.open(text, known, hasSwallowed);

/** Throws RangeError where it is no text and no workbook. */
export async function sheetOfFile(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const begins = (...marks) => marks.every((mark, n) => bytes[n] === mark);
  if (begins(0x50, 0x4b)) return (await import("./workbook.js")).open(bytes);
  if (begins(0xd0, 0xcf, 0x11, 0xe0)) throw new RangeError("Eso es un libro de Excel antiguo; guárdalo como .xlsx o como CSV.");
  return sheetOfText(textOf(bytes));
}

/** By its mark; without one UTF-8, or what it is instead. */
function textOf(bytes) {
  const [a, b] = bytes;
  if ((a === 0xff && b === 0xfe) || (a && b === 0)) return new TextDecoder("utf-16le").decode(bytes);
  if ((a === 0xfe && b === 0xff) || (a === 0 && b)) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
