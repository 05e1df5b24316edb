// The same flight over the hours of a week, as one picture that the arrow keys walk through.

import { svg } from "./svg.js";
import { DAYS, clock, percent, stamp, weekday } from "./words.js";

const HOURS = [...Array(24).keys()];
const CELL = 30;
const LEFT = 78;
const TOP = 20;

/** The flight at every hour of its week, Monday first: 168 flights. */
export function week(flight) {
  const chosen = clock(flight.FECHA_PROGRAMADA);
  return DAYS.flatMap((_, day) =>
    HOURS.map((hour) => {
      const when = new Date(chosen);
      when.setUTCDate(when.getUTCDate() + day - weekday(chosen));
      when.setUTCHours(hour);
      return { ...flight, FECHA_PROGRAMADA: stamp(when) };
    }),
  );
}

/** Light to dark, from the least to the most likely. */
function colour(part) {
  const [from, to] = [[232, 240, 252], [150, 30, 20]];
  const mixed = from.map((each, n) => Math.round(each + (to[n] - each) * part));
  return `rgb(${mixed.join(" ")})`;
}

/** Draws the week into `place`; `said(text)` tells of the cell pointed at, `taken(flight)` that it was chosen. */
export function draw(place, flights, probabilities, chosenTime, said, taken) {
  const chosen = flights.findIndex((flight) => flight.FECHA_PROGRAMADA.slice(0, 13) === chosenTime.slice(0, 13).replace("T", " "));
  const [least, most] = [Math.min(...probabilities), Math.max(...probabilities)];
  const at = (n) => ({ x: LEFT + (n % 24) * CELL, y: TOP + Math.floor(n / 24) * CELL });
  const name = (n) => `${DAYS[Math.floor(n / 24)]} a las ${n % 24} h: ${percent(probabilities[n])}`;
  const best = probabilities.indexOf(least);
  const cells = probabilities.map((probability, n) =>
    svg("rect", {
      ...at(n), width: CELL - 2, height: CELL - 2, rx: 3, class: "cell", "data-cell": n, "data-probability": probability,
      fill: colour(most > least ? (probability - least) / (most - least) : 0),
    }, svg("title", {}, name(n))),
  );
  const pointed = svg("rect", { ...at(chosen), width: CELL - 2, height: CELL - 2, rx: 3, class: "pointed" });
  const middle = CELL / 2 - 1;
  const mark = svg("circle", { cx: at(chosen).x + middle, cy: at(chosen).y + middle, r: 5, class: "chosen" });
  const picture = svg("svg", {
    viewBox: `0 0 ${LEFT + 24 * CELL} ${TOP + 7 * CELL}`, role: "application", tabindex: 0, "aria-describedby": "map-help",
    "aria-label": `Probabilidad de atraso por día y hora, de ${percent(least)} a ${percent(most)}. Elegido: ${name(chosen)}.`,
  },
    ...HOURS.filter((hour) => hour % 3 === 0).map((hour) => svg("text", { x: LEFT + hour * CELL, y: TOP - 7 }, `${hour} h`)),
    ...DAYS.map((day, n) => svg("text", { x: 0, y: TOP + n * CELL + CELL / 2 + 3 }, day)),
    ...cells, pointed, mark,
  );

  let current = chosen;
  const point = (n) => {
    current = n;
    for (const [key, value] of Object.entries(at(n))) pointed.setAttribute(key, value);
    said(name(n) + (n === chosen ? " (elegido)" : ""));
  };
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -24, ArrowDown: 24 };
  picture.addEventListener("keydown", (event) => {
    if (event.key === "Enter") return taken(flights[current]);
    const next = current + (moves[event.key] ?? 0);
    if (!(event.key in moves) || next < 0 || next >= flights.length) return;
    event.preventDefault();
    point(next);
  });
  const under = (event) => event.target.closest?.("[data-cell]")?.dataset.cell;
  picture.addEventListener("pointermove", (event) => under(event) && point(Number(under(event))));
  picture.addEventListener("click", (event) => under(event) && taken(flights[Number(under(event))]));
  place.replaceChildren(picture);

  const day = Math.floor(chosen / 24) * 24;
  const others = HOURS.map((hour) => day + hour).filter((n) => n !== chosen);
  const sameDay = others.reduce((a, b) => (probabilities[b] < probabilities[a] ? b : a));
  return { chosen: name(chosen), sameDay: name(sameDay), best: name(best), gains: probabilities[sameDay] < probabilities[chosen] };
}
