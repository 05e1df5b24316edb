// CSV -> records, each with its line, and back. A quote that is wrong costs the line it is in, and no other.

const SEPARATORS = [";", "\t", ",", "|"];
const OPENING = /[ \u00a0]*"/y;
const CLOSED = /[ \u00a0]*/y;

/** One kind of line end; without the marks that programs put at a text's start and end. */
const cleaned = (text) => text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n").replace(/[\u001a\0]+\s*$/, "").toWellFormed();

/**
 * A CSV's first record and how to go through all of them. `isWrong(fields, separator)` tells why a record over some lines
 * is none: each of its lines is then read on its own. `known(fields)` is how many of the fields a first line would have.
 */
export function open(text, known, isWrong) {
  const clean = cleaned(text);
  const told = /^\n*"?sep=(.)"?[^\S\n]*(?:\n|$)/i.exec(clean);
  const begin = told ? { start: told[0].length, line: told[0].split("\n").length } : { start: 0, line: 1 };
  const head = (separator) => records(clean, separator, begin, isWrong).next().value;
  const separator = told?.[1] ?? separatorOf(head, known);
  const first = head(separator);
  return {
    separator, first,
    records: (isWrong, withFirst) => (first ? records(clean, separator, withFirst ? begin : first.after, isWrong) : []),
  };
}

/** The separator with which the first line has the most columns that are known, then the most columns. */
function separatorOf(head, known) {
  const worth = (separator) => {
    const fields = head(separator)?.fields ?? [];
    return known(fields) * 1000 + Math.min(fields.length, 999);
  };
  return SEPARATORS.reduce((best, each) => (worth(each) > worth(best) ? each : best));
}

function* records(text, separator, { start, line }, isWrong) {
  while (start < text.length) {
    const lineEnd = endOf(text, start);
    let { fields, next, why } = record(text, start, separator);
    if (next > lineEnd + 1) why = isWrong(fields, separator);
    if (why) [fields, next] = [text.slice(start, lineEnd).split(separator), lineEnd + 1];
    const after = { start: next, line: line + text.slice(start, next).split("\n").length - 1 };
    if (fields.some((field) => field.trim())) yield { line, fields, why, after };
    ({ start, line } = after);
  }
}

const endOf = (text, start) => (text.indexOf("\n", start) + 1 || text.length + 1) - 1;

/** The record that begins at `start`: its fields and where the next begins, or `why` its quotes are wrong. */
function record(text, start, separator) {
  const fields = [];
  for (let at = start; ; ) {
    OPENING.lastIndex = at;
    const { value, end, why } = OPENING.test(text) ? quoted(text, OPENING.lastIndex, separator) : plain(text, at, separator);
    if (why) return { why };
    fields.push(value);
    if (text[end] !== separator) return { fields, next: end + 1 };
    at = end + 1;
  }
}

function plain(text, at, separator) {
  let end = at;
  while (end < text.length && text[end] !== separator && text[end] !== "\n") end++;
  return { value: text.slice(at, end).trim(), end };
}

function quoted(text, at, separator) {
  let close = text.indexOf('"', at);
  while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  if (close < 0) return { why: "una comilla no se cierra" };
  CLOSED.lastIndex = close + 1;
  CLOSED.test(text);
  const end = CLOSED.lastIndex;
  if (end < text.length && text[end] !== separator && text[end] !== "\n") return { why: "una comilla no se cierra, o sobra" };
  return { value: text.slice(at, close).replaceAll('""', '"'), end };
}

/** A formula would run where the file is opened in a spreadsheet. */
const harmless = (value) => (/^[=+\-@\t\r]/.test(value) && !/^[+-]?[\d.,]+$/.test(value) ? `'${value}` : value);

/** Lines of texts as a CSV; a spreadsheet knows it by its first mark. */
export function write(lines, separator) {
  const quote = (value) => (/["\n\r]/.test(value) || value.includes(separator) ? `"${value.replaceAll('"', '""')}"` : value);
  return `\ufeff${lines.map((fields) => fields.map((field) => quote(harmless(field))).join(separator)).join("\r\n")}\r\n`;
}
