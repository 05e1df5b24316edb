// Which column of a file is which, by what people call them.

import { readTime } from "../times.js";

export const FIELDS = ["OPERA", "SIGLADES", "FECHA_PROGRAMADA"];

/** Beside the service's own names. Folded: small letters, no accents, one space for whatever is neither letter nor digit. */
const ALSO = {
  OPERA: [
    "aerolinea", "aerolineas", "linea aerea", "nombre aerolinea", "nombre de la aerolinea", "operador", "operadora", "operador aereo",
    "compania", "compania aerea", "cia", "cia aerea", "empresa", "airline", "airline name", "carrier", "operator",
  ],
  SIGLADES: [
    "destino", "ciudad", "ciudad destino", "ciudad de destino", "aeropuerto destino", "aeropuerto de destino", "nombre destino", "hacia",
    "destination", "destination city", "dest", "to",
  ],
  FECHA_PROGRAMADA: [
    "salida", "salida programada", "fecha", "fecha salida", "fecha de salida", "fecha y hora", "fecha hora", "hora programada",
    "fecha y hora de salida", "fecha hora salida", "fecha y hora programada", "fecha salida programada", "fecha de salida programada",
    "fecha i", "programada", "programado", "itinerario", "std", "departure", "scheduled departure", "departure time", "scheduled time",
    "scheduled", "datetime",
  ],
};

export const fold = (name) =>
  name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\d]+/gu, " ").trim();

/** How many of the fields a first line names. */
export const known = (names) => FIELDS.filter((field) => candidates(names, field).length).length;

export const means = (name, field) => fold(name) === fold(field) || ALSO[field].includes(fold(name));

/** The places of the service's own name, else of what people call it. */
function candidates(names, field) {
  const places = (ok) => names.flatMap((name, place) => (ok(name) ? [place] : []));
  const own = places((name) => fold(name) === fold(field));
  return own.length ? own : places((name) => means(name, field));
}

/**
 * The place of each field that a first line names, and the fields that it does not, or more than once by other names.
 * Throws RangeError where it names one twice by its own name.
 */
export function find(names) {
  const places = {}, missing = [];
  for (const field of FIELDS) {
    const found = candidates(names, field);
    if (found.length > 1 && fold(names[found[0]]) === fold(field)) {
      throw new RangeError(`La primera línea nombra ${field} ${found.length} veces; deja una sola de esas columnas.`);
    }
    if (found.length === 1) places[field] = found[0];
    else missing.push(field);
  }
  return { places, missing };
}

/** A first line that names nothing and holds a time is a flight already. */
export const isFlight = (fields) => known(fields) === 0 && fields.some((field) => readTime(field.trim()));

/** The places in a flight of three columns, the airline before the destination; null where that cannot be told. */
export function guess(fields) {
  const time = fields.findIndex((field) => readTime(field.trim()));
  if (fields.length !== FIELDS.length) return null;
  const [OPERA, SIGLADES] = [0, 1, 2].filter((place) => place !== time);
  return { OPERA, SIGLADES, FECHA_PROGRAMADA: time };
}
