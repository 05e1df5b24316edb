// What the answers rest on, as the service's catalogue tells it.

import { clock, monthInFull } from "../times.js";

const year = (day) => day.slice(0, 4);

/** `2017`, `2017 y 2018`, `2016 a 2018`; nothing where it is not told. */
export function periodOf(data) {
  if (!data) return "";
  const [from, to] = [Number(year(data.desde)), Number(year(data.hasta))];
  return from === to ? String(from) : `${from} ${to - from === 1 ? "y" : "a"} ${to}`;
}

function span({ desde, hasta }) {
  const whole = desde.endsWith("-01-01") && hasta.endsWith("-12-31");
  if (whole) return periodOf({ desde, hasta });
  const [from, to] = [desde, hasta].map((day) => monthInFull(`${day} 00:00`));
  return from === to ? from : `${from} a ${to}`;
}

/** A line that says of when the data are, and how old that makes them. */
export function tellBasis(place, data) {
  place.hidden = !data;
  if (!data) return;
  const years = Math.floor((Date.now() - clock(`${data.hasta} 00:00`)) / (365.25 * 86_400_000));
  const age = years >= 1 ? ` Terminan hace ${years === 1 ? "un año" : `${years} años`}: lo que cambió desde entonces no está en ellos.` : "";
  place.textContent = `Calculado con ${data.vuelos.toLocaleString("es-CL")} vuelos de ${span(data)}.${age}`;
}
