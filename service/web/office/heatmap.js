// The same flight over the hours of a week, as one picture that the arrow keys walk through.

import { svg } from "../svg.js";
import { DAYS, clock, stamp, weekday } from "../times.js";
import { count, percent } from "../words.js";

const HOURS = [...Array(24).keys()];
const COLOURS = [[241, 245, 250], [248, 205, 170], [221, 104, 62], [140, 26, 20]];
const FULL = 0.5;
const NARROW = 620;

/** Days down and hours across, or the other way where it is narrow. */
const WIDE = { left: 84, top: 22, width: 30, height: 30, columns: 24, rows: 7, upright: false };
const UPRIGHT = { left: 40, top: 22, width: 44, height: 27, columns: 7, rows: 24, upright: true };

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

/**
 * Which of the week's flights is the chosen one, and which would be better: that day's best, and the week's. Of the hours at
 * which the route has flights in the data (`flights`, a number an hour): to another hour nobody could move.
 */
export function choices(probabilities, chosenTime, flights) {
  const when = clock(chosenTime);
  const chosen = weekday(when) * 24 + when.getUTCHours();
  const day = Math.floor(chosen / 24);
  const nearest = (a, b) => probabilities[a] - probabilities[b] || Math.abs(a - chosen) - Math.abs(b - chosen);
  const flown = [...probabilities.keys()].filter((n) => flights?.[n] > 0).sort(nearest);
  const sameDay = flown.find((n) => n !== chosen && Math.floor(n / 24) === day);
  return { chosen, sameDay: probabilities[sameDay] < probabilities[chosen] ? sameDay : null, best: flown[0] ?? null };
}

/** A cell of the week in words, with how many flights the data have there; `flights` is null where nobody counted. */
export function named(n, probabilities, flights) {
  const text = `${DAYS[Math.floor(n / 24)]} a ${n % 24 === 1 ? "la" : "las"} ${n % 24} h: ${percent(probabilities[n])}`;
  if (!flights) return text;
  return `${text} (${flights[n] ? count(flights[n], "vuelo", "vuelos") : "sin vuelos"} en los datos)`;
}

/** What is darkest: the same for all flights, unless one goes beyond. */
const darkest = (probabilities) => Math.max(FULL, ...probabilities);

/** From light to dark. */
function colour(probability, most) {
  const at = (probability / most) * (COLOURS.length - 1);
  const from = Math.min(Math.floor(at), COLOURS.length - 2);
  return COLOURS[from].map((each, n) => Math.round(each + (COLOURS[from + 1][n] - each) * (at - from)));
}

/** Whether white or black can be read on it, by its relative luminance. */
function isDark(rgb) {
  const [red, green, blue] = rgb.map((each) => (each / 255 <= 0.04045 ? each / 3294.6 : ((each / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179;
}

let redraw = () => {};
let observed;

/**
 * Draws the week into `place`, and again where its width asks for the other form. `said(n)` tells which cell is pointed at,
 * `taken(n)` that it was chosen.
 */
export function draw(place, probabilities, flights, marks, said, taken) {
  const narrow = () => place.clientWidth < NARROW;
  let drawn;
  redraw = () => {
    if (drawn === narrow()) return;
    drawn = narrow();
    place.replaceChildren(picture(drawn ? UPRIGHT : WIDE, probabilities, flights, marks, said, taken));
  };
  observed ??= new ResizeObserver(() => redraw());
  observed.observe(place);
  redraw();
}

function picture(grid, probabilities, flights, { chosen, sameDay }, said, taken) {
  const at = (n) => {
    const [day, hour] = [Math.floor(n / 24), n % 24];
    const [column, row] = grid.upright ? [day, hour] : [hour, day];
    return { x: grid.left + column * grid.width, y: grid.top + row * grid.height };
  };
  const size = { width: grid.width - 2, height: grid.height - 2, rx: 3 };
  const frame = (n, name) => svg("rect", { ...at(n), ...size, class: name });
  const pointed = frame(chosen, "pointed");
  const most = darkest(probabilities);
  const drawing = svg("svg", {
    viewBox: `0 0 ${grid.left + grid.columns * grid.width} ${grid.top + grid.rows * grid.height}`,
    role: "application", tabindex: 0, "aria-describedby": "map-help",
    "aria-label": `Probabilidad de atraso por día y hora. Elegido: ${named(chosen, probabilities, flights)}.`,
  },
    svg("defs", {}, hatching("hatch")),
    ...labels(grid),
    ...probabilities.map((_, n) => cell(n, probabilities, flights, most, at(n), size)),
    ...(sameDay === null ? [] : [star(at(sameDay), size)]),
    pointed, frame(chosen, "chosen-ground"), frame(chosen, "chosen"),
  );
  let current = chosen;
  const point = (n) => {
    current = n;
    for (const [key, value] of Object.entries(at(n))) pointed.setAttribute(key, value);
    said(n);
  };
  listen(drawing, grid.upright, () => current, point, taken);
  return drawing;
}

function labels({ left, top, width, height, upright }) {
  const days = DAYS.map((day, n) =>
    upright
      ? svg("text", { x: left + n * width + width / 2, y: top - 8, "text-anchor": "middle" }, day.slice(0, 3))
      : svg("text", { x: 0, y: top + n * height + height / 2 + 4 }, day),
  );
  const hours = HOURS.filter((hour) => upright || hour % 3 === 0).map((hour) =>
    upright
      ? svg("text", { x: 0, y: top + hour * height + height / 2 + 4 }, `${hour} h`)
      : svg("text", { x: left + hour * width, y: top - 8 }, `${hour} h`),
  );
  return [...days, ...hours];
}

function cell(n, probabilities, flights, most, { x, y }, { width, height, rx }) {
  const rgb = colour(probabilities[n], most);
  const empty = flights && !flights[n];
  const name = `cell${isDark(rgb) ? " dark" : ""}${empty ? " empty" : ""}`;
  return svg("g", { class: name, "data-cell": n, "data-probability": probabilities[n] },
    svg("title", {}, named(n, probabilities, flights)),
    svg("rect", { x, y, width, height, rx, fill: `rgb(${rgb.join(" ")})` }),
    ...(empty ? [svg("rect", { x, y, width, height, rx, fill: "url(#hatch)" })] : []),
    svg("text", { x: x + width / 2, y: y + height / 2 + 4, "text-anchor": "middle" }, Math.round(probabilities[n] * 100)),
  );
}

/** Slanted lines, for what has no flights. */
export const hatching = (id) =>
  svg("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    svg("line", { x1: 0, x2: 0, y1: 0, y2: 6, class: "hatch" }));

const star = ({ x, y }, { width }) => svg("text", { x: x + width - 5, y: y + 8, class: "star", "text-anchor": "middle" }, "★");

function listen(drawing, upright, current, point, taken) {
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  drawing.addEventListener("keydown", (event) => {
    if (event.key === "Enter") return taken(current());
    if (!(event.key in moves)) return;
    event.preventDefault();
    const [across, down] = moves[event.key];
    const [day, hour] = upright ? [across, down] : [down, across];
    const [nextDay, nextHour] = [Math.floor(current() / 24) + day, (current() % 24) + hour];
    if (nextDay in DAYS && nextHour in HOURS) point(nextDay * 24 + nextHour);
  });
  const under = (event) => event.target.closest?.("[data-cell]")?.dataset.cell;
  drawing.addEventListener("pointermove", (event) => under(event) && point(Number(under(event))));
  drawing.addEventListener("click", (event) => under(event) && taken(Number(under(event))));
}

/** Draws the scale of the colours into `place`; the text of its dark end. */
export function legend(place, probabilities) {
  const most = darkest(probabilities);
  const steps = [...Array(40).keys()];
  place.replaceChildren(
    svg("svg", { viewBox: "0 0 40 4", preserveAspectRatio: "none", role: "img", "aria-label": `Color: de 0 % a ${percent(most)}` },
      ...steps.map((n) => svg("rect", { x: n, y: 0, width: 1.1, height: 4, fill: `rgb(${colour((n / 39) * most, most).join(" ")})` }))),
  );
  return percent(most);
}
