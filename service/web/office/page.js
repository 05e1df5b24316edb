// The page for people who schedule flights: choose one, see how likely it leaves late, why, and when it would be better.

import * as api from "../api.js";
import * as key from "../key.js";
import * as file from "./file.js";
import { choices, draw, legend, named, week } from "./heatmap.js";
import { showReasons } from "./reasons.js";
import { showScale } from "./scale.js";
import { inDigits, inFull, inShort } from "../times.js";
import { percent } from "../words.js";

const LISTED = 60;
const element = (id) => document.getElementById(id);
const made = (name, properties) => Object.assign(document.createElement(name), properties);

let listed = [];
let known = { OPERA: [], SIGLADES: [], rutas: new Map(), semanas: {} };
let asked = null;
let showWeekAgain = () => {};

function say(id, text) {
  element(id).textContent = text;
  element(id).hidden = !text;
}

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const searched = ({ id, OPERA, SIGLADES, FECHA_PROGRAMADA: time }) =>
  plain(`${id} ${OPERA} ${SIGLADES} ${time} ${inDigits(time)} ${inFull(time)}`);

function search() {
  if (!listed.length) return say("found", "Este modelo no trae vuelos de ejemplo; escribe uno.");
  const words = plain(element("search").value).split(/\s+/).filter(Boolean);
  const found = listed.filter(({ text }) => words.every((word) => text.includes(word)));
  element("list").replaceChildren(...found.slice(0, LISTED).map(listItem));
  markListed();
  const more = found.length > LISTED ? `; se muestran ${LISTED}` : "";
  say("found", found.length ? `${found.length} de ${listed.length} vuelos${more}.` : "Ningún vuelo calza con la búsqueda.");
}

function listItem({ flight }) {
  const button = made("button", { type: "button" });
  button.append(
    made("strong", { textContent: `${flight.OPERA} a ${flight.SIGLADES}` }),
    made("span", { textContent: `${inShort(flight.FECHA_PROGRAMADA)} · n.º ${flight.id}` }),
  );
  button.dataset.id = flight.id;
  button.addEventListener("click", () => {
    fillForm(flight);
    choose(flight);
    if (matchMedia("(max-width: 46rem)").matches) element("result").focus(); // it is further down there
  });
  const item = document.createElement("li");
  item.append(button);
  return item;
}

function markListed() {
  for (const button of element("list").querySelectorAll("button")) {
    button.setAttribute("aria-current", String(button.dataset.id === String(asked?.id)));
  }
}

function fillForm({ OPERA, SIGLADES, FECHA_PROGRAMADA }) {
  element("opera").value = OPERA;
  element("siglades").value = SIGLADES;
  element("time").value = FECHA_PROGRAMADA.slice(0, 16).replace(" ", "T");
  offerRoutes();
}

const offer = (list, names) => element(list).replaceChildren(...names.map((value) => made("option", { value })));

/** The destinations of the typed airline and the airlines to the typed destination; all of them for another one. */
function offerRoutes() {
  const [opera, siglades] = [element("opera").value.trim(), element("siglades").value.trim()];
  const destinations = known.rutas.get(opera);
  const airlines = known.OPERA.filter((name) => known.rutas.get(name)?.includes(siglades));
  offer("destinations", destinations ?? known.SIGLADES);
  offer("airlines", airlines.length ? airlines : known.OPERA);
  element("route").textContent =
    destinations && siglades && !destinations.includes(siglades)
      ? `El modelo no conoce vuelos de ${opera} a ${siglades}; se puede calcular igual.`
      : "Se ofrecen las rutas que existen; también puedes escribir otra.";
}

/** Shows everything about a flight; the answer to an older question is dropped. */
async function choose(flight) {
  asked = flight;
  const { OPERA, SIGLADES, FECHA_PROGRAMADA } = flight;
  const question = { OPERA, SIGLADES, FECHA_PROGRAMADA };
  markListed();
  say("state", "Calculando…");
  try {
    const [reply, explanation, probabilities] = await Promise.all([
      api.predict(question), orFailure(api.explain(question)), orFailure(api.predictAll(week(question)).then(({ body }) => body)),
    ]);
    if (asked !== flight) return;
    showAnswer(flight, reply);
    showWhy(explanation);
    const route = { ...question, ...Object.fromEntries(reply.readAs) };
    showWeekAgain = () => showWeek(question, probabilities, flightsOf(route));
    showWeekAgain();
    say("state", "");
  } catch (error) {
    if (asked !== flight) return;
    say("state", api.inWords(error));
    showWeekAgain = () => {};
    for (const id of ["answer", "why", "when"]) element(id).hidden = true;
  }
}

/** What only adds to the answer may fail without it. */
const orFailure = (promise) => promise.catch((error) => ({ failure: api.inWords(error) }));

function showAnswer(flight, { body: { delay_probability, clase }, unknown, readAs }) {
  const late = Math.round(delay_probability * 100);
  element("answer").className = clase[0].startsWith("Alta") ? "high" : "low";
  element("flight").textContent = `${flight.OPERA} a ${flight.SIGLADES}, ${inFull(flight.FECHA_PROGRAMADA)}`;
  element("probability").textContent = percent(delay_probability);
  element("class").textContent = clase[0];
  element("meaning").textContent =
    late === 0 ? "De 100 vuelos como este, casi ninguno saldría más de 15 minutos tarde."
    : late === 1 ? "De 100 vuelos como este, uno saldría más de 15 minutos tarde."
    : `De 100 vuelos como este, unos ${late} saldrían más de 15 minutos tarde.`;
  const names = { OPERA: "la aerolínea", SIGLADES: "el destino" };
  const told = unknown.map((field) => names[field]).join(" ni ");
  const read = readAs.map(([field, name]) => `«${flight[field]}» leído como «${name}».`);
  say("unknown", [...read, told && `El modelo no conoce ${told}: se usan promedios.`].filter(Boolean).join(" "));
  say("happened", happened(flight));
  element("answer").hidden = false;
}

function happened({ minutos_de_atraso: minutes, atrasado }) {
  if (minutes === undefined) return "";
  const many = `${Math.abs(minutes)} ${Math.abs(minutes) === 1 ? "minuto" : "minutos"}`;
  const when = minutes === 0 ? "a la hora" : `${many} ${minutes > 0 ? "después" : "antes"} de lo programado`;
  return `Lo que pasó: salió ${when}, ${atrasado ? "atrasado" : "sin atraso"}. El modelo también aprendió de este vuelo.`;
}

function showWhy(explanation) {
  element("why").hidden = false;
  for (const id of ["scale", "scale-text", "reasons"]) element(id).hidden = Boolean(explanation.failure);
  if (explanation.failure) return say("why-text", explanation.failure);
  const { delay_probability, umbral } = explanation;
  showScale(element("scale"), delay_probability, umbral);
  element("scale-text").textContent = `La raya marca ${percent(umbral)}: más que eso es «alta».`;
  showReasons(element("reasons"), element("why-text"), explanation);
}

const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);

/** How many flights the data have of a route, as the model names it, in each hour of a week; null where it does not tell. */
function flightsOf({ OPERA, SIGLADES }) {
  if (!Object.keys(known.semanas).length) return null;
  return own(own(known.semanas, OPERA) ?? {}, SIGLADES) ?? Array(168).fill(0);
}

function showWeek(flight, replies, flights) {
  element("when").hidden = false;
  element("map-box").hidden = Boolean(replies.failure);
  if (replies.failure) return say("best", replies.failure);
  const probabilities = replies.map((each) => each.delay_probability);
  const marks = choices(probabilities, flight.FECHA_PROGRAMADA, flights);
  const name = (n) => named(n, probabilities, flights);
  const pointed = (n) => (element("cell").textContent = name(n) + (n === marks.chosen ? ", elegido" : ""));
  element("most").textContent = legend(element("legend"), probabilities);
  draw(element("map"), probabilities, flights, marks, pointed, (n) => {
    const other = week(flight)[n];
    fillForm(other);
    choose(other);
    element("result").focus();
  });
  pointed(marks.chosen);
  say("best", advice(marks, flights, name));
}

function advice({ sameDay, best }, flights, name) {
  if (!flights) return "Este modelo no dice a qué horas hay vuelos: no se recomienda ninguna.";
  if (best === null) return "Los datos no tienen vuelos de esta ruta: no se recomienda ninguna hora.";
  const day = sameDay === null ? "Ese día ninguna otra hora con vuelos sería mejor." : `Ese día convendría más el ${name(sameDay)}.`;
  return `${day} Lo mejor de la semana, entre las horas con vuelos: el ${name(best)}.`;
}

async function load() {
  const [flights, catalogue] = await Promise.all([api.flights(), api.catalogue()]);
  listed = flights.map((flight) => ({ flight, text: searched(flight) }));
  known = { ...catalogue, rutas: new Map(Object.entries(catalogue.rutas)) };
  offerRoutes();
  search();
  showWeekAgain();
}

const start = () => load().catch((error) => say("found", api.inWords(error)));

function resume() {
  if (!known.OPERA.length) start();
  if (asked) choose(asked);
}

api.watch((isDown) => {
  say("connection", isDown ? "Sin conexión con el servicio. Se sigue intentando; lo que escribiste no se pierde." : "");
  if (!isDown) resume();
});
key.whenEntered(resume);

element("search").addEventListener("input", search);
for (const id of ["opera", "siglades"]) element(id).addEventListener("input", offerRoutes);
element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const FECHA_PROGRAMADA = `${element("time").value.replace("T", " ")}:00`.slice(0, 19);
  choose({ OPERA: element("opera").value.trim(), SIGLADES: element("siglades").value.trim(), FECHA_PROGRAMADA });
});
file.prepare();
start();
