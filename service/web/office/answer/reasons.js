// What each input of a flight contributes to its probability: a bar, and behind a fold what was counted.

import { svg } from "../../svg.js";
import { dayInFull, DAYS } from "../../times.js";
import { percent, points } from "../../words.js";

const INPUTS = { aerolinea: "Aerolínea", destino: "Destino", hora: "Hora", dia_semana: "Día de la semana", fecha: "Fecha" };

const VALUES = {
  hora: (hour) => `${hour} h`,
  dia_semana: (day) => DAYS[day],
  fecha: (day) => (/^\d{4}-\d\d-\d\d$/.test(day) ? dayInFull(`${day} 00:00`) : day),
};

const made = (name, className, ...children) => {
  const one = Object.assign(document.createElement(name), { className });
  one.append(...children);
  return one;
};

const value = ({ entrada, valor }) => (VALUES[entrada] ?? String)(valor);

/** The sentence before the bars: the one baseline, and where the flight comes out. */
export function introduction(explanations) {
  const [{ base }] = explanations;
  const ends = explanations.map(({ delay_probability, umbral, registro_del_dia }) =>
    percent(registro_del_dia?.probabilidad_sin_registro ?? delay_probability, umbral));
  const end = ends.length > 1 ? `el vuelo 1 llega a ${ends[0]} y el 2 a ${ends[1]}` : `este vuelo llega a ${ends[0]}`;
  return `${base.frase} Desde ahí, ${end}: cada barra dice cuánto sube (derecha) o baja (izquierda) por ese dato.`;
}

/** Items for a list: one an input, the largest first, or with two explanations side by side in the order of the service. */
export function reasons(explanations) {
  const largest = Math.max(1e-9, ...explanations.flatMap(({ motivos }) => motivos.map(({ contribucion }) => Math.abs(contribucion))));
  const inputs = explanations[0].motivos.map(({ entrada }) => explanations.map(({ motivos }) => motivos.find((each) => each.entrada === entrada)));
  if (explanations.length === 1) inputs.sort(([a], [b]) => Math.abs(b.contribucion) - Math.abs(a.contribucion));
  return inputs.map((told) => item(told.filter(Boolean), largest));
}

function item(told, largest) {
  const same = told.every((each) => value(each) === value(told[0]));
  const title = `${INPUTS[told[0].entrada] ?? told[0].entrada}: ${same ? value(told[0]) : told.map(value).join(" / ")}`;
  const rows = told.map((each) => made("div", "bar", bar(each.contribucion, largest), made("strong", "", points(each.contribucion))));
  const sentences = told.map(({ frase }) => frase).filter((text, n, all) => text && all.indexOf(text) === n);
  const behind = told.flatMap(({ evidencia }) => evidencia ?? []).map(({ frase }) => frase).filter((text, n, all) => all.indexOf(text) === n);
  return made("li", "", made("p", "input", title), made("div", "bars", ...rows), fold(sentences, behind));
}

function fold(sentences, behind) {
  const all = [...sentences.map((text) => made("li", "own", text)), ...behind.map((text) => made("li", "", text))];
  return made("details", "", made("summary", "", "Lo que dicen los datos"), made("ul", "", ...all));
}

function bar(contribution, largest) {
  const width = (49 * Math.abs(contribution)) / largest;
  return svg("svg", { viewBox: "0 0 100 16", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", {
      x: contribution < 0 ? 50 - width : 50, y: 2, width, height: 12, class: contribution < 0 ? "bar-down" : "bar-up",
    }),
    svg("line", { x1: 50, x2: 50, y1: 0, y2: 16, class: "axis", "vector-effect": "non-scaling-stroke" }));
}

/** What a day's own record adds, which is hindsight and no reason; nothing for a day that is not in the data. */
export function record({ registro_del_dia: day }, title) {
  if (!day) return [];
  const sentences = (day.evidencia ?? []).map(({ frase }) => made("li", "", frase));
  return [made("li", "note record",
    made("p", "", `${title}${day.frase} Saberlo cambia la cifra en ${points(day.contribucion)}.`),
    ...(sentences.length ? [made("details", "", made("summary", "", "Lo que dicen los datos de ese día"), made("ul", "", ...sentences))] : []))];
}

/** All of it for one explanation or two to compare. */
export function showReasons(list, text, explanations) {
  text.textContent = introduction(explanations);
  const days = explanations.flatMap((each, n) => record(each, explanations.length > 1 ? `Vuelo ${n + 1}. ` : ""));
  list.replaceChildren(...reasons(explanations), ...days);
}
