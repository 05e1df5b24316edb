// Each feature's contribution as a bar, the largest first.

import { svg } from "../svg.js";
import { percent, points } from "../words.js";

const SMALLEST = 0.0005;

export function showReasons(list, text, { delay_probability, probabilidad_promedio, variables }) {
  text.textContent =
    `Un vuelo con todos los datos promedio tendría ${percent(probabilidad_promedio)}; este tiene ${percent(delay_probability)}. ` +
    "Cada barra dice cuánto sube (derecha) o baja (izquierda) la probabilidad por ese dato.";
  const told = variables
    .filter(({ contribucion }) => Math.abs(contribucion) >= SMALLEST)
    .sort((a, b) => Math.abs(b.contribucion) - Math.abs(a.contribucion));
  const most = Math.max(...told.map(({ contribucion }) => Math.abs(contribucion)));
  list.replaceChildren(...told.map((variable) => reason(variable, most)));
}

function reason({ frase, contribucion }, most) {
  const item = document.createElement("li");
  const [words, effect] = [document.createElement("p"), document.createElement("strong")];
  words.textContent = frase;
  effect.textContent = points(contribucion);
  const width = (49 * Math.abs(contribucion)) / most;
  const bar = svg("rect", {
    x: contribucion < 0 ? 50 - width : 50, y: 2, width, height: 12, class: contribucion < 0 ? "bar-down" : "bar-up",
  });
  const axis = svg("line", { x1: 50, x2: 50, y1: 0, y2: 16, class: "axis", "vector-effect": "non-scaling-stroke" });
  item.append(words, svg("svg", { viewBox: "0 0 100 16", preserveAspectRatio: "none", "aria-hidden": "true" }, bar, axis), effect);
  return item;
}
