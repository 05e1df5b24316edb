// The page for people who schedule flights: ask about one or two, see how likely they leave late, why, and when it would be better.

import * as api from "../api.js";
import * as key from "../key.js";
import { difference, inBrief, showAnswers, titled } from "./answer/answer.js";
import { showReasons } from "./answer/reasons.js";
import * as share from "./answer/share.js";
import { prepareStrip } from "./answer/strip.js";
import * as file from "./files/file.js";
import { known as knownExample, list, prepareExamples, sayFound } from "./flight/examples.js";
import { fill, offer, prepareForm } from "./flight/form.js";
import * as link from "./flight/link.js";
import { periodOf, tellBasis } from "./basis.js";
import { momentsOf, showWhen } from "./when/when.js";

const SLOW = 4000;
const EMPTY = "Escribe un vuelo y verás aquí qué tan probable es que se atrase.";
const LACKS = "Al enlace le falta algo, o su salida no se entiende: complétalo y calcula.";
const element = (id) => document.getElementById(id);
const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);

let known = null;
let asked = []; // one flight, or two to compare
let first = null; // the flight that the next one will be compared with
let turn = 0;
let invitation = EMPTY;
let drawAnswers = () => {};
let showWhenAgain = () => {};

function say(id, text) {
  element(id).textContent = text;
  element(id).hidden = !text;
}

const failed = (error) => ({ failure: api.inWords(error) });

/** Shows everything about some flights; what comes for an older question is dropped. */
async function show(flights) {
  const mine = ++turn;
  asked = flights.map(knownExample);
  const current = asked.at(-1);
  drawAnswers = showWhenAgain = () => {};
  busy(true);
  say("state", "Calculando…");
  const slow = setTimeout(() => mine === turn && say("state", "El servicio está tardando; se sigue esperando…"), SLOW);
  const explained = Promise.all(asked.map((flight) => api.explain(questionOf(flight)))).catch(failed);
  const moments = api.predictAll(momentsOf(current)).then(({ body }) => body).catch(failed);
  try {
    const replies = await Promise.all(asked.map((flight) => api.predict(questionOf(flight))));
    if (mine !== turn) return;
    showAnswer(replies);
    say("state", "");
    await explained.then((explanations) => mine === turn && showWhy(explanations));
    const others = await moments;
    if (mine !== turn) return;
    showWhenAgain = () => showMoments(current, others, replies.at(-1).readAs);
    showWhenAgain();
  } catch (error) {
    if (mine === turn) fail(error);
  } finally {
    clearTimeout(slow);
    if (mine === turn) busy(false);
  }
}

const questionOf = ({ OPERA, SIGLADES, FECHA_PROGRAMADA }) => ({ OPERA, SIGLADES, FECHA_PROGRAMADA });

function busy(is) {
  element("result").parentElement.setAttribute("aria-busy", String(is));
  if (is) element("again").hidden = true;
}

function fail(error) {
  say("state", api.inWords(error));
  element("again").hidden = !(error instanceof api.ApiError && error.passes);
  for (const id of ["answer", "why", "when", "strip"]) element(id).hidden = true;
  document.title = "Atrasos desde Santiago";
}

function showAnswer(replies) {
  const bodies = replies.map(({ body }) => body);
  drawAnswers = (explanations) => showAnswers(element("answers"), asked, replies, explanations);
  drawAnswers();
  say("difference", asked.length > 1 ? difference(bodies) : "");
  element("compare").hidden = asked.length > 1;
  element("compare-end").hidden = asked.length < 2;
  const lines = asked.map((flight, n) => inBrief(flight, bodies[n]));
  say("strip", lines.join("  |  "));
  document.title = `${lines.join(" | ")} · Atrasos desde Santiago`;
  element("answer").hidden = false;
}

function showWhy(explanations) {
  element("why").hidden = false;
  element("reasons").hidden = Boolean(explanations.failure);
  if (explanations.failure) return say("why-text", explanations.failure);
  drawAnswers(explanations);
  drawAnswers = ((draw) => () => draw(explanations))(drawAnswers);
  showReasons(element("reasons"), element("why-text"), explanations);
}

/** How many flights the data have of a route, as the model names it, in each hour of a week; null where it does not tell. */
function flightsOf({ OPERA, SIGLADES }) {
  const weeks = known?.semanas ?? {};
  if (!Object.keys(weeks).length) return null;
  return own(own(weeks, OPERA) ?? {}, SIGLADES) ?? Array(168).fill(0);
}

function showMoments(flight, replies, readAs) {
  element("when").hidden = false;
  element("when-title").textContent = asked.length > 1 ? "Cuándo convendría más el vuelo 2" : "Cuándo convendría más";
  element("maps").hidden = Boolean(replies.failure);
  if (replies.failure) return say("best", replies.failure);
  element("best").hidden = false;
  showWhen(flight, replies, flightsOf({ ...flight, ...Object.fromEntries(readAs) }), (other) => {
    ask([...asked.slice(0, -1), other]);
    element("result").focus();
  });
}

/** Asks about flights that somebody chose: they are a step in the browser's history. */
function ask(flights) {
  endComparing();
  link.write(flights);
  fill(flights.at(-1));
  show(flights);
  const { top, bottom } = element("result").getBoundingClientRect();
  if (top < 0 || Math.min(bottom, top + 200) > innerHeight) element("result").scrollIntoView();
}

function startComparing() {
  first = asked[0];
  say("comparing", `Se comparará con ${titled(first)}. Cambia lo que quieras y calcula.`);
  element("choose-title").textContent = "El otro vuelo";
  element("compare-cancel").hidden = false;
  element("choose").scrollIntoView();
  element("opera").focus();
}

function endComparing() {
  first = null;
  say("comparing", "");
  element("choose-title").textContent = "Tu vuelo";
  element("compare-cancel").hidden = true;
}

/** What the address says: at the start, and when somebody goes back or forth. */
function follow() {
  const { flights, part, lacks } = link.flightsOf(location.search);
  endComparing();
  fill(part ?? flights.at(-1) ?? {});
  if (flights.length) return show(flights);
  turn++;
  asked = [];
  drawAnswers = showWhenAgain = () => {};
  busy(false);
  for (const id of ["answer", "why", "when", "strip", "again"]) element(id).hidden = true;
  document.title = "Atrasos desde Santiago";
  invitation = lacks ? LACKS : EMPTY;
  say("state", invitation);
}

async function load() {
  const [flights, catalogue] = await Promise.all([api.flights(), api.catalogue()]);
  known = catalogue;
  offer(catalogue);
  if (!asked.length) say("state", invitation);
  tellBasis(element("basis"), catalogue.datos);
  list(flights, periodOf(catalogue.datos));
  asked = asked.map(knownExample);
  drawAnswers();
  showWhenAgain();
}

const start = () => load().catch((error) => {
  sayFound(api.inWords(error));
  if (!asked.length) say("state", api.inWords(error));
});

function resume() {
  if (!known) start();
  if (asked.length) show(asked);
}

api.watch((isDown) => {
  say("connection", isDown ? "Sin conexión con el servicio. Se sigue intentando; lo que escribiste no se pierde." : "");
  if (!isDown) resume();
});
key.whenEntered(resume);

prepareForm((flight) => ask(first ? [first, flight] : [flight]));
prepareExamples((flight) => ask(first ? [first, flight] : [flight]));
share.prepare();
prepareStrip();
file.prepare((flight) => ask([flight]));
element("again").addEventListener("click", () => show(asked));
element("compare").addEventListener("click", startComparing);
element("compare-end").addEventListener("click", () => ask(asked.slice(-1)));
element("compare-cancel").addEventListener("click", () => {
  endComparing();
  fill(asked.at(-1) ?? {});
});
addEventListener("popstate", follow);
follow();
start();
