// Numbers and problems in words for people.

const LOCALE = "es-CL";

const inDigits = (number, digits) => number.toLocaleString(LOCALE, { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** How many decimals a percentage needs so that it is on the same side of the threshold as what it rounds. */
export function decimals(part, threshold) {
  if (threshold === undefined || Math.round(part * 100) !== Math.round(threshold * 100)) return 0;
  const agrees = (digits) => Number((part * 100).toFixed(digits)) > threshold * 100 === part > threshold;
  return [1, 2, 3].find(agrees) ?? 4;
}

/** In percent; with a threshold that decides its class, it never contradicts it. */
export const percent = (part, threshold) => `${inDigits(part * 100, decimals(part, threshold))}\u00a0%`;

export const count = (number, one, more) => `${number.toLocaleString(LOCALE)} ${number === 1 ? one : more}`;

const signed = (rounded) => `${rounded > 0 ? "+" : rounded < 0 ? "−" : ""}${Math.abs(rounded).toLocaleString(LOCALE, { maximumFractionDigits: 1 })}`;

/** Of percentage points, with a sign. */
export const points = (part) => `${signed(Math.round(part * 1000) / 10)}\u00a0puntos`;

export const NAMES = { OPERA: "la aerolínea", SIGLADES: "el destino", FECHA_PROGRAMADA: "la salida" };

export const LONGEST = 256;

const BARE = { OPERA: "aerolínea", SIGLADES: "destino" };

/** A name as the service compares it: without case, accents and needless spaces. */
export const folded = (text) => text.normalize("NFKD").replace(/[\p{Mn}\p{Cf}]/gu, "").toLowerCase().trim().split(/\s+/u).join(" ");

/** The fields whose names the model does not know. */
export const unknownNames = (fields) => fields.map((field) => BARE[field] ?? field).join(" y ");

const PROBLEMS = {
  missing: (name) => `falta ${name}`,
  string_type: (name) => `${name} debe ser un texto`,
  string_too_long: (name) => `${name} tiene más de ${LONGEST} letras`,
  datetime_parsing: (name, input) => `no se entiende ${name} «${input}»: se escribe AAAA-MM-DD HH:MM o DD/MM/AAAA HH:MM`,
  unknown_value: (name, input, nearest) =>
    `el modelo no conoce ${name} «${input}»${nearest === undefined ? "" : `; lo más parecido es «${nearest}»`}`,
};

/** What is wrong with a field of a flight, as our own look at it or the service found. */
export const problem = (type, field, ...rest) => PROBLEMS[type](NAMES[field] ?? field, ...rest);

/** One entry of the service's `detail`; what has no words here keeps the service's. */
export function inSpanish({ type, loc, msg, input }) {
  const nearest = /the nearest is (['"])(.*)\1$/.exec(msg)?.[2];
  return type in PROBLEMS ? problem(type, loc.at(-1), input, nearest) : msg;
}
