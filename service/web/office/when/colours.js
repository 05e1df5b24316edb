// One scale for all pictures of a flight: steps of four points around the average of its route.

import { svg } from "../../svg.js";
import { percent } from "../../words.js";

const MIDDLE = 5;
const POINTS = 0.04;

/** From 0, 20 points or more below the average, to 10; `office.css` has their colours. */
export const step = (probability, average) =>
  Math.max(0, Math.min(2 * MIDDLE, Math.round((probability - average) / POINTS) + MIDDLE));

export function legend(average) {
  const steps = [...Array(2 * MIDDLE + 1).keys()];
  const text = `Color: del promedio de esta ruta en la semana, ${percent(average)}, hasta 20 puntos menos o más`;
  return [
    "20 puntos menos ",
    svg("svg", { viewBox: "0 0 11 1", preserveAspectRatio: "none", role: "img", "aria-label": text },
      ...steps.map((n) => svg("g", { class: `step-${n}` }, svg("rect", { x: n, y: 0, width: 1.02, height: 1 })))),
    ` 20 más; al medio el promedio de esta ruta en la semana, ${percent(average)}`,
  ];
}
