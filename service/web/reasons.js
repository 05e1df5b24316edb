// Each feature's contribution as a bar, the largest first.

import { percent, points } from "./words.js";
import { svg } from "./svg.js";

const SMALLEST = 0.0005;

export function showReasons(list, text, { delay_probability, probabilidad_promedio, variables }) {
  text.textContent =
    `El vuelo promedio tiene ${percent(probabilidad_promedio)}; este, ${percent(delay_probability)}. ` +
    "Cada barra dice cuánto sube o baja la probabilidad por ese dato.";
  const told = variables
    .filter(({ contribucion }) => Math.abs(contribucion) >= SMALLEST)
    .sort((a, b) => Math.abs(b.contribucion) - Math.abs(a.contribucion));
  const most = Math.max(...told.map(({ contribucion }) => Math.abs(contribucion)));
  list.replaceChildren(...told.map((feature) => reason(feature, most)));
}

function reason({ frase, contribucion }, most) {
  const item = document.createElement("li");
  const words = document.createElement("p");
  const effect = document.createElement("span");
  effect.className = "effect";
  effect.textContent = points(contribucion);
  words.append(`${frase} `, effect);
  const width = (48 * Math.abs(contribucion)) / most;
  const bar = svg("rect", {
    x: contribucion < 0 ? 50 - width : 50, y: 2, width, height: 12, class: contribucion < 0 ? "bar-down" : "bar-up",
  });
  const axis = svg("line", { x1: 50, x2: 50, y1: 0, y2: 16, class: "axis", "vector-effect": "non-scaling-stroke" });
  item.append(words, svg("svg", { viewBox: "0 0 100 16", preserveAspectRatio: "none", "aria-hidden": "true" }, bar, axis));
  return item;
}
