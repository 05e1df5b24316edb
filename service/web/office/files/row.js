// The reasons of one flight of a file, as a row below its own.

import * as api from "../../api.js";
import { introduction, reasons, record } from "../answer/reasons.js";

const made = (name, properties, ...children) => {
  const one = Object.assign(document.createElement(name), properties);
  one.append(...children);
  return one;
};

/** Asks for them and shows them as they come; `opened(flight)` is called where somebody wants to see all of the flight. */
export function reasonsRow({ flight, shown }, opened) {
  const state = made("p", { className: "soft", textContent: "Calculando…" });
  state.setAttribute("role", "status");
  const inside = made("div", {}, state);
  fill(inside, state, { ...shown, FECHA_PROGRAMADA: flight.FECHA_PROGRAMADA }, opened);
  return made("tr", { className: "why" }, made("td", { colSpan: 6 }, inside));
}

async function fill(place, state, flight, opened) {
  try {
    const explanation = await api.explain(flight);
    const all = made("button", { type: "button", className: "plain", textContent: "Ver este vuelo completo" });
    all.addEventListener("click", () => opened(flight));
    state.textContent = introduction([explanation]);
    const range = explanation.rango ? [made("p", { textContent: explanation.rango.frase })] : [];
    place.append(...range, made("ol", { className: "reasons" }, ...reasons([explanation]), ...record(explanation, "")), all);
  } catch (error) {
    state.textContent = api.inWords(error);
  }
}
