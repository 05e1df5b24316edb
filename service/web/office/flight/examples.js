// The drawer of flights that the model was trained on, with what happened.

import { inDigits, inFull, inShort } from "../../times.js";

const LISTED = 60;
const element = (id) => document.getElementById(id);
const made = (name, properties) => Object.assign(document.createElement(name), properties);
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

let listed = [];
let years = "";
let taken = () => {};

const searched = ({ id, OPERA, SIGLADES, FECHA_PROGRAMADA: time }) =>
  plain(`${id} ${OPERA} ${SIGLADES} ${time} ${inDigits(time)} ${inFull(time)}`);

export const sayFound = (text) => (element("found").textContent = text);

/** Takes the service's list; `period` says of when the data are. */
export function list(flights, period) {
  listed = flights.map((flight) => ({ flight, text: searched(flight) }));
  years = period;
  const of = years && ` de ${years}`;
  element("examples-open").textContent = `Probar con un vuelo${of || " de los datos"}`;
  element("examples-title").textContent = `Vuelos${of || " de los datos"}`;
  element("examples-about").textContent =
    `Son vuelos reales${of}, con lo que pasó. El modelo aprendió también de ellos: acertar aquí no dice cuánto acierta con vuelos nuevos.`;
  element("examples-open").hidden = !flights.length;
  search();
}

/** The listed flight that a link tells of, else the flight itself. */
export function known(flight) {
  const same = listed.find(({ flight: each }) => each.id === flight.id && each.FECHA_PROGRAMADA === flight.FECHA_PROGRAMADA);
  return same?.flight.OPERA === flight.OPERA && same.flight.SIGLADES === flight.SIGLADES ? same.flight : flight;
}

function search() {
  const words = plain(element("search").value).split(/\s+/).filter(Boolean);
  const found = listed.filter(({ text }) => words.every((word) => text.includes(word)));
  element("list").replaceChildren(...found.slice(0, LISTED).map(item));
  const more = found.length > LISTED ? `; se muestran ${LISTED}` : "";
  sayFound(found.length ? `${found.length} de ${listed.length} vuelos${more}.` : "Ningún vuelo calza con la búsqueda.");
}

function item({ flight }) {
  const button = made("button", { type: "button" });
  button.append(
    made("strong", { textContent: `${flight.OPERA} a ${flight.SIGLADES}` }),
    made("span", { textContent: `${inShort(flight.FECHA_PROGRAMADA)} · n.º ${flight.id}` }),
  );
  button.dataset.id = flight.id;
  button.addEventListener("click", () => {
    element("examples").close();
    taken(flight);
  });
  const entry = made("li", {});
  entry.append(button);
  return entry;
}

/** Makes the drawer work; `chosen(flight)` is called with one of its flights. */
export function prepareExamples(chosen) {
  taken = chosen;
  const drawer = element("examples");
  element("examples-open").addEventListener("click", () => drawer.showModal());
  element("examples-close").addEventListener("click", () => drawer.close());
  drawer.addEventListener("click", (event) => event.target === drawer && drawer.close()); // beside it
  element("search").addEventListener("input", search);
}

/** What happened to a flight of the list, in words; nothing for any other. */
export function happened({ minutos_de_atraso: minutes, atrasado }) {
  if (minutes === undefined) return "";
  const many = `${Math.abs(minutes)} ${Math.abs(minutes) === 1 ? "minuto" : "minutos"}`;
  const when = minutes === 0 ? "a la hora" : `${many} ${minutes > 0 ? "después" : "antes"} de lo programado`;
  return `Lo que pasó: salió ${when}, ${atrasado ? "atrasado" : "sin atraso"}. El modelo también aprendió de este vuelo.`;
}
