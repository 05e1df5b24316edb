// Each feature's contribution as a bar, the largest first.

import { percent, points } from "./words.js";
import { svg } from "./svg.js";

const SMALLEST = 0.0005;

export function showReasons(list, text, { delay_probability, average_probability, features }) {
  text.textContent =
    `El vuelo promedio tiene ${percent(average_probability)}; este, ${percent(delay_probability)}. ` +
    "Cada barra dice cuánto sube o baja la probabilidad por ese dato.";
  const told = features
    .filter(({ contribution }) => Math.abs(contribution) >= SMALLEST)
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const most = Math.max(...told.map(({ contribution }) => Math.abs(contribution)));
  list.replaceChildren(...told.map((feature) => reason(feature, most)));
}

function reason({ sentence, contribution }, most) {
  const item = document.createElement("li");
  const words = document.createElement("p");
  const effect = document.createElement("span");
  effect.className = "effect";
  effect.textContent = points(contribution);
  words.append(`${sentence} `, effect);
  const width = (48 * Math.abs(contribution)) / most;
  const bar = svg("rect", {
    x: contribution < 0 ? 50 - width : 50, y: 2, width, height: 12, class: contribution < 0 ? "bar-down" : "bar-up",
  });
  const axis = svg("line", { x1: 50, x2: 50, y1: 0, y2: 16, class: "axis", "vector-effect": "non-scaling-stroke" });
  item.append(words, svg("svg", { viewBox: "0 0 100 16", preserveAspectRatio: "none", "aria-hidden": "true" }, bar, axis));
  return item;
}
