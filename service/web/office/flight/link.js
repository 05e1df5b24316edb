// The flights that are shown, in the page's address: a link, Back and reload lead to the same answer.

import { readTime } from "../../times.js";

const NAMES = { OPERA: "aerolinea", SIGLADES: "destino", FECHA_PROGRAMADA: "salida" };
const EXAMPLE = "ejemplo";

/** The query of some flights: nothing, one, or two to compare. */
export function queryOf(flights) {
  const query = new URLSearchParams();
  flights.forEach((flight, n) => {
    for (const [field, name] of Object.entries(NAMES)) {
      const value = field === "FECHA_PROGRAMADA" ? flight[field].slice(0, 16).replace(" ", "T") : flight[field];
      query.set(name + (n ? n + 1 : ""), value);
    }
    if (flight.id !== undefined) query.set(EXAMPLE + (n ? n + 1 : ""), flight.id);
  });
  return query.size ? `?${query}` : "";
}

/** The whole flights of a query, and what it says of one that is not whole. */
export function flightsOf(text) {
  const query = new URLSearchParams(text);
  const flights = [];
  for (const end of ["", "2"]) {
    const told = Object.fromEntries(Object.entries(NAMES).map(([field, name]) => [field, (query.get(name + end) ?? "").trim().slice(0, 256)]));
    const time = readTime(told.FECHA_PROGRAMADA);
    const part = { OPERA: told.OPERA, SIGLADES: told.SIGLADES, ...(time && { FECHA_PROGRAMADA: `${time.slice(0, 16).replace("T", " ")}:00` }) };
    if (!Object.values(told).some(Boolean)) continue;
    if (!told.OPERA || !told.SIGLADES || !time) return { flights, part, lacks: true };
    const id = Number(query.get(EXAMPLE + end) ?? NaN);
    flights.push(Number.isInteger(id) ? { ...part, id } : part);
  }
  return { flights, lacks: false };
}

/** Writes the flights into the address, as a step of its own unless they are there already. */
export function write(flights) {
  const query = queryOf(flights);
  if (query !== location.search) history.pushState(null, "", query || location.pathname);
}
