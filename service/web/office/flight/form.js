// The form of one flight: fields that say in words what is wrong with them.

import { readClock, today } from "../../times.js";
import { prepareCombo } from "./combo.js";
import { day, prepareDay, setDay } from "./day.js";

const element = (id) => document.getElementById(id);
const FIELDS = ["opera", "siglades", "day", "time"];
const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);

let known = { OPERA: [], SIGLADES: [], rutas: {}, nombres: { OPERA: {}, SIGLADES: {} } };

const typed = (id) => element(id).value.trim();
const time = () => readClock(element("time").value);

const PROBLEMS = {
  opera: () => (typed("opera") ? "" : "Falta la aerolínea."),
  siglades: () => (typed("siglades") ? "" : "Falta el destino."),
  day: () => (day() ? "" : typed("day") ? "No se entiende la fecha: se escribe día-mes-año, como 5-3-2027." : "Falta la fecha."),
  time: () => (time() ? "" : typed("time") ? "No se entiende la hora: se escribe de 00:00 a 23:59, como 18:30." : "Falta la hora."),
};

function check(id) {
  const problem = PROBLEMS[id]();
  element(`${id}-error`).textContent = problem;
  element(`${id}-error`).hidden = !problem;
  element(id).setAttribute("aria-invalid", String(Boolean(problem)));
  return !problem;
}

/** What is typed is no longer what was found wrong. */
const forgive = (id) => {
  element(`${id}-error`).hidden = true;
  element(id).removeAttribute("aria-invalid");
};

/** The flight as the service takes it; null, with the problems told, where it is none. */
export function read() {
  const wrong = FIELDS.filter((id) => !check(id));
  if (wrong.length) element(wrong[0]).focus();
  return wrong.length ? null : { OPERA: typed("opera"), SIGLADES: typed("siglades"), FECHA_PROGRAMADA: `${day()} ${time()}:00` };
}

/** Shows a flight; what it lacks is left empty, and its day is today's. */
export function fill({ OPERA = "", SIGLADES = "", FECHA_PROGRAMADA }) {
  element("opera").value = OPERA;
  element("siglades").value = SIGLADES;
  setDay(FECHA_PROGRAMADA?.slice(0, 10) ?? today());
  element("time").value = FECHA_PROGRAMADA?.slice(11, 16) ?? "";
  FIELDS.forEach(forgive);
  tellRoute();
}

const destinations = () => own(known.rutas, typed("opera"));
const airlines = () => known.OPERA.filter((name) => own(known.rutas, name)?.includes(typed("siglades")));
const split = (all, first) => ({ first, others: all.filter((name) => !first.includes(name)) });

function tellRoute() {
  const [opera, siglades, places] = [typed("opera"), typed("siglades"), destinations()];
  const isNew = Boolean(places && known.SIGLADES.includes(siglades) && !places.includes(siglades));
  element("route").hidden = !isNew;
  element("route").textContent = isNew ? `Los datos no tienen vuelos de ${opera} a ${siglades}; se puede calcular igual.` : "";
}

/** The names to offer, of the service's catalogue. */
export function offer(catalogue) {
  known = catalogue;
  tellRoute();
}

/** Makes the form work; `submitted(flight)` is called with a whole one. */
export function prepareForm(submitted) {
  prepareCombo(element("opera"), element("opera-list"), () => split(known.OPERA, airlines()), () => known.nombres.OPERA ?? {});
  prepareCombo(element("siglades"), element("siglades-list"), () => split(known.SIGLADES, destinations() ?? []), () => known.nombres.SIGLADES ?? {});
  prepareDay();
  for (const id of FIELDS) element(id).addEventListener("input", () => forgive(id));
  for (const id of ["opera", "siglades"]) element(id).addEventListener("input", tellRoute);
  element("time").addEventListener("change", () => time() && (element("time").value = time()));
  element("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const flight = read();
    if (flight) submitted(flight);
  });
  fill({});
}
