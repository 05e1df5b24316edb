// The forms of the pictures: a week of hours, a month of days, some hours in a row.

import { svg } from "../../svg.js";
import { DAYS, clock, weekday } from "../../times.js";
import { HOURS } from "./moments.js";

const NARROW = 700;

const text = (x, y, words, anchor = "start") => svg("text", { x, y, "text-anchor": anchor }, words);

/** Days down and hours across, or the other way where cells would be too small for a finger. */
export function weekForm(available) {
  const upright = available < NARROW;
  const [left, top] = [upright ? 38 : 84, 24];
  const [width, height] = upright ? [44, 36] : [30, available === Infinity ? 26 : 42]; // low on paper
  const days = DAYS.map((day, n) =>
    upright ? text(left + n * width + width / 2, top - 9, day.slice(0, 3), "middle") : text(0, top + n * height + height / 2 + 4, day));
  const hours = HOURS.filter((hour) => upright || hour % 3 === 0).map((hour) =>
    upright ? text(0, top + hour * height + height / 2 + 4, `${hour} h`) : text(left + hour * width, top - 9, `${hour} h`));
  const at = (n) => (upright ? [Math.floor(n / 24), n % 24] : [n % 24, Math.floor(n / 24)]);
  const [columns, rows] = upright ? [7, 24] : [24, 7];
  return { id: "week", key: `${upright} ${height}`, left, top, width, height, columns, rows, at, labels: [...days, ...hours] };
}

/** A sheet of a calendar, Monday first. */
export function monthForm(days) {
  const before = weekday(clock(days[0].FECHA_PROGRAMADA));
  const [left, top, width, height] = [3, 24, 44, 40];
  const at = (n) => [(before + n) % 7, Math.floor((before + n) / 7)];
  const labels = DAYS.map((day, n) => text(left + n * width + width / 2, top - 9, day.slice(0, 2), "middle"));
  return { id: "month", key: "", left, top, width, height, columns: 7, rows: Math.ceil((before + days.length) / 7), at, labels };
}

export function nearForm(flights) {
  const [left, top, width, height] = [3, 24, 44, 40];
  const labels = flights.map(({ FECHA_PROGRAMADA }, n) => text(left + n * width + width / 2, top - 9, FECHA_PROGRAMADA.slice(11, 16), "middle"));
  return { id: "near", key: "", left, top, width, height, columns: flights.length, rows: 1, at: (n) => [n, 0], labels };
}
