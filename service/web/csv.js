// CSV of flights: read, with the line of every problem, and written again with the results.

export const FIELDS = ["OPERA", "SIGLADES", "FECHA_PROGRAMADA"];

/** Records with the line that each begins in; fields may be quoted, and hold separators and line ends then. */
function records(text, separator) {
  const found = [];
  let fields = [], field = "", quoted = false, wasQuoted = false, line = 1, begun = 1;
  const endField = () => {
    fields.push(wasQuoted ? field : field.trim());
    field = "";
    wasQuoted = false;
  };
  const endRecord = () => {
    endField();
    if (fields.length > 1 || fields[0] !== "") found.push({ line: begun, fields });
    fields = [];
    begun = line + 1;
  };
  for (let n = 0; n < text.length; n++) {
    const letter = text[n];
    if (quoted) {
      if (letter === '"' && text[n + 1] === '"') field += text[n++];
      else if (letter === '"') quoted = false;
      else field += letter;
    } else if (letter === '"' && field.trim() === "") [quoted, wasQuoted, field] = [true, true, ""];
    else if (letter === separator) endField();
    else if (letter === "\n") endRecord();
    else if (letter !== "\r") field += letter;
    if (letter === "\n") line++;
  }
  if (field || fields.length) endRecord();
  return found;
}

/** The flights of a CSV, each with its line, and the lines that hold none. Throws RangeError for another header. */
export function read(text) {
  const clean = text.replace(/^\ufeff/, "");
  const first = clean.split("\n", 1)[0];
  const separator = [",", ";", "\t"].find((each) => first.includes(each)) ?? ",";
  const [header, ...rest] = records(clean, separator);
  const names = header?.fields.map((name) => name.toUpperCase()) ?? [];
  const places = FIELDS.map((field) => names.indexOf(field));
  const missing = FIELDS.filter((_, n) => places[n] < 0);
  if (missing.length) throw new RangeError(`La primera línea debe nombrar las columnas; falta ${missing.join(", ")}.`);
  const flights = [], bad = [];
  for (const { line, fields } of rest) {
    const flight = Object.fromEntries(FIELDS.map((field, n) => [field, fields[places[n]]]));
    const empty = FIELDS.filter((field) => !flight[field]);
    if (empty.length) bad.push({ line, why: `falta ${empty.join(", ")}` });
    else flights.push({ line, flight });
  }
  return { flights, bad };
}

const quote = (value) => (/[",;\n\r]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));

/** A formula would run where the file is opened in a spreadsheet. */
const harmless = (value) => (/^[=+\-@\t]/.test(value) ? `'${value}` : value);

export function write(rows) {
  const lines = rows.map(({ flight, probability, clase }) =>
    [...FIELDS.map((field) => harmless(flight[field])), probability, clase].map(quote).join(","),
  );
  return [[...FIELDS, "delay_probability", "clase"].join(","), ...lines].join("\r\n") + "\r\n";
}
