// The other moments at which a flight could leave: its week hour by hour, its month day by day, some hours around it.

import { clock, stamp, weekday } from "../../times.js";

export const HOURS = [...Array(24).keys()];
export const WEEK = [...Array(7).keys()];
export const NEAR = [-3, -2, -1, 0, 1, 2, 3];

const moved = (flight, change) => {
  const when = clock(flight.FECHA_PROGRAMADA);
  change(when);
  return { OPERA: flight.OPERA, SIGLADES: flight.SIGLADES, FECHA_PROGRAMADA: stamp(when) };
};

/** Where a time is in a week of hours, Monday at midnight first. */
export function hourOfWeek(text) {
  const when = clock(text);
  return weekday(when) * 24 + when.getUTCHours();
}

/** The flight at every hour of its week, Monday first: 168 flights. */
export function week(flight) {
  const day = weekday(clock(flight.FECHA_PROGRAMADA));
  return WEEK.flatMap((n) => HOURS.map((hour) => moved(flight, (when) => {
    when.setUTCDate(when.getUTCDate() + n - day);
    when.setUTCHours(hour);
  })));
}

/** The flight on every day of its month, at its own time. */
export function month(flight) {
  const when = clock(flight.FECHA_PROGRAMADA);
  const days = new Date(Date.UTC(when.getUTCFullYear(), when.getUTCMonth() + 1, 0)).getUTCDate();
  return Array.from({ length: days }, (_, n) => moved(flight, (one) => one.setUTCDate(n + 1)));
}

/** The flight some hours before and after. */
export const near = (flight) => NEAR.map((hours) => moved(flight, (when) => when.setUTCHours(when.getUTCHours() + hours)));
