// The answer to one flight, or to two side by side.

import { happened } from "../flight/examples.js";
import { inFull, inShort } from "../../times.js";
import { percent } from "../../words.js";
import { scale } from "./scale.js";

const made = (name, className, ...children) => {
  const one = Object.assign(document.createElement(name), { className });
  one.append(...children);
  return one;
};

export const titled = ({ OPERA, SIGLADES, FECHA_PROGRAMADA }) => `${OPERA} a ${SIGLADES}, ${inFull(FECHA_PROGRAMADA)}`;
export const brief = ({ OPERA, SIGLADES, FECHA_PROGRAMADA }) => `${OPERA} a ${SIGLADES}, ${inShort(FECHA_PROGRAMADA)}`;

const isHigh = ({ clase }) => clase[0].startsWith("Alta");

/** Of a reply with details: its figure with as many decimals as its class needs. */
export const figure = ({ probabilidad, umbral }) => percent(probabilidad, umbral);

/** In a few words, for the line that stays in sight. */
export const inBrief = (flight, reply) => `${figure(reply)} ${isHigh(reply) ? "alta" : "baja"} · ${brief(flight)}`;

/** Draws the answers; `explanations` are those that have come, and may have failed. */
export function showAnswers(place, flights, replies, explanations = []) {
  const blocks = flights.map((flight, n) => block(flight, replies[n], explanations[n], flights.length > 1 ? `Vuelo ${n + 1}` : ""));
  place.className = flights.length > 1 ? "two" : "";
  place.replaceChildren(...blocks);
}

function block(flight, { body, unknown, readAs }, explanation, title) {
  const { probabilidad, umbral, clase } = body;
  const day = explanation?.registro_del_dia;
  const range = explanation?.rango;
  const beside = range && !day ? [made("p", "between", `entre ${percent(range.desde)} y ${percent(range.hasta)}`)] : [];
  const notes = { range: range?.frase, unknown: names(flight, unknown, readAs), happened: happened(flight) };
  return made("article", `answer ${isHigh(body) ? "high" : "low"}`,
    made("div", "",
      ...(title ? [made("h3", "", title)] : []),
      made("p", "flight", titled(flight)),
      made("div", "number", made("p", "probability", figure(body)), made("div", "", made("p", "class", clase[0]), ...beside)),
      made("p", "meaning", meaning(probabilidad))),
    made("div", "",
      made("div", "scale", scale(probabilidad, umbral, day ? null : range)),
      made("p", "scale-text soft", `La raya marca ${percent(umbral)}: más que eso es «alta».${beside.length ? " La franja es lo que puede variar." : ""}`),
      ...Object.entries(notes).filter(([, text]) => text).map(([name, text]) => made("p", `note ${name}`, text))));
}

function meaning(probability) {
  const late = Math.round(probability * 100);
  if (late === 0) return "De 100 vuelos como este, casi ninguno saldría más de 15 minutos tarde.";
  if (late === 1) return "De 100 vuelos como este, uno saldría más de 15 minutos tarde.";
  return `De 100 vuelos como este, unos ${late} saldrían más de 15 minutos tarde.`;
}

/** What a name was read as, and which the model does not know. */
function names(flight, unknown, readAs) {
  const told = unknown.map((field) => ({ OPERA: "la aerolínea", SIGLADES: "el destino" })[field]).join(" ni ");
  const read = readAs.map(([field, name]) => `«${flight[field]}» leído como «${name}».`);
  return [...read, told && `El modelo no conoce ${told}: se usan promedios.`].filter(Boolean).join(" ");
}

/** How the second flight differs from the first. */
export function difference([first, second]) {
  const points = Math.round((second.probabilidad - first.probabilidad) * 100);
  const many = `${Math.abs(points)} ${Math.abs(points) === 1 ? "punto" : "puntos"}`;
  return points ? `El vuelo 2 tiene ${many} ${points < 0 ? "menos" : "más"} que el vuelo 1.` : "Los dos se atrasarían casi igual: la diferencia es menor que un punto.";
}
