// The page for people who schedule flights: choose one, see how likely it leaves late, why, and when it would be better.

import * as api from "./api.js";
import * as file from "./file.js";
import { draw, week } from "./heatmap.js";
import { showReasons } from "./reasons.js";
import { inFull, percent } from "./words.js";

const LISTED = 60;
const element = (id) => document.getElementById(id);

let listed = [];
let known = { OPERA: [], SIGLADES: [], rutas: {} };
let turn = 0;

function say(id, text) {
  element(id).textContent = text;
  element(id).hidden = !text;
}

function offer(list, names) {
  element(list).replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), { value: name })));
}

/** The destinations that the typed airline flies to, all of them for another one. */
function offerRoutes() {
  const routes = known.rutas[element("opera").value];
  offer("destinations", routes ?? known.SIGLADES);
  const [opera, siglades] = [element("opera").value, element("siglades").value];
  element("route").textContent =
    routes && siglades && !routes.includes(siglades)
      ? `${opera} no voló a ${siglades} en 2017; se puede calcular igual.`
      : "Se ofrecen las rutas que existen; también puedes escribir otra.";
}

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function search() {
  const words = plain(element("search").value).split(/\s+/).filter(Boolean);
  const found = listed.filter((flight) => {
    const text = plain(`${flight.id} ${flight.OPERA} ${flight.SIGLADES} ${flight.FECHA_PROGRAMADA}`);
    return words.every((word) => text.includes(word));
  });
  element("list").replaceChildren(...found.slice(0, LISTED).map(listItem));
  if (!listed.length) return say("found", "Este modelo no trae vuelos de ejemplo; escribe uno.");
  const more = found.length > LISTED ? `, se muestran ${LISTED}` : "";
  say("found", found.length ? `${found.length} de ${listed.length} vuelos${more}.` : "Ningún vuelo calza con la búsqueda.");
}

function listItem(flight) {
  const button = Object.assign(document.createElement("button"), { type: "button" });
  const name = Object.assign(document.createElement("strong"), { textContent: `${flight.OPERA} a ${flight.SIGLADES}` });
  const when = Object.assign(document.createElement("span"), {
    textContent: `${flight.FECHA_PROGRAMADA.slice(0, 16)} · n.º ${flight.id}`,
  });
  button.append(name, when);
  button.dataset.id = flight.id;
  button.addEventListener("click", () => {
    element("opera").value = flight.OPERA;
    element("siglades").value = flight.SIGLADES;
    element("time").value = flight.FECHA_PROGRAMADA.slice(0, 16).replace(" ", "T");
    offerRoutes();
    choose(flight);
    if (matchMedia("(max-width: 46rem)").matches) element("result").focus(); // it is further down there
  });
  const item = document.createElement("li");
  item.append(button);
  return item;
}

/** Shows everything about a flight; the answer to an older question is dropped. */
async function choose(flight) {
  const mine = ++turn;
  const asked = { OPERA: flight.OPERA, SIGLADES: flight.SIGLADES, FECHA_PROGRAMADA: flight.FECHA_PROGRAMADA };
  for (const button of element("list").querySelectorAll("button")) {
    button.setAttribute("aria-current", String(button.dataset.id === String(flight.id)));
  }
  say("state", "Calculando…");
  try {
    const hours = week(asked);
    const [{ body, unknown }, explanation, probabilities] = await Promise.all([
      api.predict(asked), api.explain(asked), api.predictAll(hours),
    ]);
    if (mine !== turn) return;
    showAnswer(flight, body, unknown);
    showReasons(element("reasons"), element("why-text"), explanation);
    showWeek(asked, hours, probabilities.map((each) => each.delay_probability));
    say("state", "");
    for (const id of ["answer", "why", "when"]) element(id).hidden = false;
  } catch (error) {
    if (mine !== turn) return;
    for (const id of ["answer", "why", "when"]) element(id).hidden = true;
    say("state", api.inWords(error));
  }
}

function showAnswer(flight, { delay_probability, clase }, unknown) {
  const high = clase[0].startsWith("Alta");
  element("answer").className = high ? "high" : "low";
  element("flight").textContent = `${flight.OPERA} a ${flight.SIGLADES}, ${inFull(flight.FECHA_PROGRAMADA)}`;
  element("probability").textContent = percent(delay_probability);
  element("class").textContent = clase[0];
  const late = Math.round(delay_probability * 100);
  element("meaning").textContent = `De 100 vuelos como este, unos ${late} saldrían más de 15 minutos tarde.`;
  const names = { OPERA: "la aerolínea", SIGLADES: "el destino" };
  const told = unknown.map((field) => names[field]).join(" ni ");
  say("unknown", told && `El modelo no conoce ${told}: se usan promedios.`);
  say("happened", happened(flight));
}

function happened({ minutos_de_atraso: minutes, atrasado }) {
  if (minutes === undefined) return "";
  const when =
    minutes === 0 ? "a la hora" : `${Math.abs(minutes)} ${Math.abs(minutes) === 1 ? "minuto" : "minutos"} ${minutes > 0 ? "después" : "antes"} de lo programado`;
  return `Lo que pasó: salió ${when}${atrasado ? ", atrasado." : ", sin atraso."}`;
}

function showWeek(flight, hours, probabilities) {
  const { chosen, sameDay, best, gains } = draw(
    element("map"), hours, probabilities, flight.FECHA_PROGRAMADA,
    (text) => (element("cell").textContent = text),
    (other) => {
      element("time").value = other.FECHA_PROGRAMADA.slice(0, 16).replace(" ", "T");
      choose(other);
      element("result").focus();
    },
  );
  element("cell").textContent = `${chosen} (elegido)`;
  element("best").textContent =
    (gains ? `Ese día convendría más el ${sameDay}. ` : "Ese día ninguna otra hora sería mejor. ") +
    `Lo mejor de la semana: el ${best}.`;
}

async function load() {
  [listed, known] = await Promise.all([api.flights(), api.catalogue()]);
  offer("airlines", known.OPERA);
  offerRoutes();
  search();
}

api.watch((isDown) => {
  say("connection", isDown ? "Sin conexión con el servicio. Se sigue intentando; lo que escribiste no se pierde." : "");
  if (isDown) return;
  if (!listed.length) start();
  if (element("state").textContent) say("state", "Hay conexión otra vez. Calcula de nuevo.");
});

const start = () => load().catch((error) => say("found", api.inWords(error)));

element("search").addEventListener("input", search);
element("opera").addEventListener("input", offerRoutes);
element("siglades").addEventListener("input", offerRoutes);
element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const FECHA_PROGRAMADA = `${element("time").value.replace("T", " ")}:00`.slice(0, 19);
  choose({ OPERA: element("opera").value, SIGLADES: element("siglades").value, FECHA_PROGRAMADA });
});
file.prepare();
start();
