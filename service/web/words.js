// Numbers and problems in words for people.

export const percent = (part) => `${Math.round(part * 100)}\u00a0%`;

export const count = (number, one, more) => `${number.toLocaleString("es")} ${number === 1 ? one : more}`;

/** Of percentage points, with a sign. */
export const points = (part) => {
  const rounded = Math.round(part * 1000) / 10;
  const text = Math.abs(rounded).toLocaleString("es", { maximumFractionDigits: 1 });
  return `${rounded > 0 ? "+" : rounded < 0 ? "−" : ""}${text}\u00a0puntos`;
};

export const NAMES = { OPERA: "la aerolínea", SIGLADES: "el destino", FECHA_PROGRAMADA: "la salida" };

export const LONGEST = 256;

const BARE = { OPERA: "aerolínea", SIGLADES: "destino" };

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
