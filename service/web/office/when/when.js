// When it would be better: the same flight at other moments, as three pictures on one scale, and a sentence about them.

import { DAYS, dayInFull, monthInFull } from "../../times.js";
import { count, percent } from "../../words.js";
import { average, better, choices } from "./advice.js";
import { legend, step } from "./colours.js";
import { monthForm, nearForm, weekForm } from "./forms.js";
import { draw } from "./grid.js";
import { hourOfWeek, month, near, week } from "./moments.js";

const element = (id) => document.getElementById(id);

/** All other moments of a flight, for one question. */
export const momentsOf = (flight) => [...week(flight), ...month(flight), ...near(flight)];

const atHour = (hour) => `a ${hour === 1 ? "la" : "las"} ${hour} h`;
const inWeek = (n) => `${DAYS[Math.floor(n / 24)]} ${atHour(n % 24)}`;
const atTime = ({ FECHA_PROGRAMADA: time }) => `a ${time.slice(11, 13) === "01" ? "la" : "las"} ${time.slice(11, 16)}`;
const onDay = ({ FECHA_PROGRAMADA: time }) => dayInFull(time).replace(/ de \d+$/, "");
const counted = (flights) => (flights ? count(flights, "vuelo", "vuelos") : "sin vuelos");

/**
 * Shows the moments of a flight: its `replies` are those of `momentsOf`, `flights` how many the data have in each hour of the
 * route's week, null where nobody counted. `taken(flight)` is called with one that was chosen.
 */
export function showWhen(flight, replies, flights, taken) {
  const sets = [[week(flight), "map", "cell"], [month(flight), "month", "month-cell"], [near(flight), "near", "near-cell"]];
  let from = 0;
  const [weekly, monthly, nearby] = sets.map(([moments, place, told]) => {
    const probabilities = replies.slice(from, (from += moments.length)).map(({ probabilidad }) => probabilidad);
    const chosen = moments.findIndex(({ FECHA_PROGRAMADA }) => FECHA_PROGRAMADA.slice(0, 13) === flight.FECHA_PROGRAMADA.slice(0, 13));
    const has = flights && moments.map(({ FECHA_PROGRAMADA }) => flights[hourOfWeek(FECHA_PROGRAMADA)]);
    return { moments, place, told, probabilities, chosen, flights: has };
  });
  const marks = choices(weekly.probabilities, flight.FECHA_PROGRAMADA, flights);
  const middle = average(weekly.probabilities, flights);
  const words = {
    week: namer(weekly, (n) => inWeek(n)), month: namer(monthly, (n) => onDay(monthly.moments[n])), near: namer(nearby, (n) => atTime(nearby.moments[n])),
  };
  picture(weekly, middle, words.week, { star: marks.sameDay, label: "Probabilidad de atraso por día y hora.", shape: weekForm }, taken);
  const ofMonth = better(monthly.probabilities, monthly.flights, monthly.chosen);
  const ofNear = better(nearby.probabilities, nearby.flights, nearby.chosen);
  picture(monthly, middle, words.month, { star: ofMonth, label: "Probabilidad de atraso por día del mes.", shape: () => monthForm(monthly.moments), small: (n) => n + 1 }, taken);
  picture(nearby, middle, words.near, { star: ofNear, label: "Probabilidad de atraso de 3 horas antes a 3 después.", shape: () => nearForm(nearby.moments) }, taken);
  element("month-title").textContent = `Día por día en ${monthInFull(flight.FECHA_PROGRAMADA)}, ${atTime(flight)}, en %`;
  element("legend").replaceChildren(...legend(middle));
  const told = advice({ ...marks, ofNear, ofMonth }, flights, words);
  const list = document.createElement("ul");
  list.append(...told.map((sentence) => Object.assign(document.createElement("li"), { textContent: sentence })));
  element("best").replaceChildren(told.length > 1 ? list : told[0]);
}

/** A moment in words, with how many flights the data have there. */
const namer = ({ probabilities, flights }, named) => (n) =>
  `${named(n)}: ${percent(probabilities[n])}${flights ? ` (${counted(flights[n])} en los datos)` : ""}`;

function picture({ moments, place, told, probabilities, chosen, flights }, middle, named, { star, label, shape, small }, taken) {
  const cells = moments.map((_, n) => ({
    text: Math.round(probabilities[n] * 100), small: small?.(n), name: named(n), probability: probabilities[n],
    step: step(probabilities[n], middle), empty: flights ? !flights[n] : false,
  }));
  const said = (n) => (element(told).textContent = named(n) + (n === chosen ? ", elegido" : ""));
  draw(element(place), { cells, chosen, star, label, shape, said, taken: (n) => taken(moments[n]) });
}

/** Sentences: one where there is nothing to advise. */
function advice({ chosen, sameDay, best: ofWeek, ofNear, ofMonth }, flights, words) {
  if (!flights) return ["Este modelo no dice a qué horas hay vuelos: no se recomienda ninguna."];
  if (ofWeek === null) return ["Los datos no tienen vuelos de esta ruta: no se recomienda ninguna hora."];
  const told = [sameDay === null ? "Ese día ninguna otra hora con vuelos sería mejor." : `Ese día convendría más el ${words.week(sameDay)}.`];
  if (ofNear !== null) told.push(`Con hasta 3 horas de cambio: ${words.near(ofNear)}.`);
  told.push(ofWeek === chosen ? "En la semana, ninguna hora con vuelos es mejor que esta." : `Lo mejor de la semana, entre las horas con vuelos: el ${words.week(ofWeek)}.`);
  if (ofMonth !== null) told.push(`Lo mejor del mes a esta hora: el ${words.month(ofMonth)}.`);
  return told;
}
