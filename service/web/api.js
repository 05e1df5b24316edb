// The service, and whether it can be reached.

import * as key from "./key.js";
import { inSpanish } from "./words.js";

const RETRY = 2000;

/** An answer that is no success; `detail` is the service's own. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(Array.isArray(detail) ? detail.map(inSpanish).join("; ") : detail);
    this.status = status;
    this.detail = detail;
  }

  /** It may go better later. */
  get passes() {
    return this.status === 503;
  }

  /** It may go better with fewer flights. */
  get tooLarge() {
    return this.status === 413 || (this.status === 422 && this.detail[0].type === "too_long");
  }
}

/** Nobody answers. */
export class Unreachable extends Error {
  passes = true;
}

let listener = () => {};
let down = false;

/** `told(isDown)` is called when the service goes away and when it is back. */
export function watch(told) {
  listener = told;
}

function tell(isDown) {
  if (isDown === down) return;
  down = isDown;
  listener(down);
  if (down) setTimeout(retry, RETRY);
}

/** Only this tells that the service is back: one route may fail while another answers. */
async function retry() {
  const reply = await fetch("v2/health/ready").catch(() => null);
  if (reply?.ok) tell(false);
  else setTimeout(retry, RETRY);
}

const listed = (header) => (header ?? "").split(", ").filter(Boolean);

/** The reply's JSON, the unknown fields that it names and, by field, what it read as another name. Throws ApiError and Unreachable. */
async function ask(path, options) {
  let reply, body;
  try {
    reply = await fetch(path, { ...options, headers: { ...options?.headers, ...key.headers() } });
    body = await reply.text();
  } catch {
    tell(true);
    throw new Unreachable();
  }
  const json = reply.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(body) : {};
  if (reply.status === 401) key.ask();
  if (!reply.ok) throw new ApiError(reply.status, json.detail ?? `estado ${reply.status}`);
  const readAs = listed(reply.headers.get("x-read-as")).map((pair) => pair.split("=").map(decodeURIComponent));
  return { body: json, unknown: listed(reply.headers.get("x-unknown")), readAs };
}

const post = (path, value) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(value) });

const PAUSES = [500, 1000, 2000];

/** Asks again, some times, where the service is busy. */
async function patient(question) {
  for (const pause of PAUSES) {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof ApiError && error.passes)) throw error;
      await new Promise((done) => setTimeout(done, pause));
    }
  }
  return question();
}

export const flights = async () => (await ask("flights")).body;
export const catalogue = async () => (await ask("catalogue")).body;
export const predict = (flight) => patient(() => post("predict_delay_probability?detail=1", flight));
export const explain = async (flight) => (await patient(() => post("explain_delay_probability", flight))).body;
export const predictAll = (list) => post("predict_delay_probabilities?detail=1", list);

/** What went wrong, in words for people. */
export function inWords(error) {
  if (error instanceof Unreachable) return "No hay conexión con el servicio; se sigue intentando.";
  if (!(error instanceof ApiError)) throw error;
  if (error.passes) return "El servicio está muy ocupado; inténtalo otra vez.";
  if (error.status === 401) return "El servicio pide una clave; escríbela arriba.";
  if (error.status === 422) return `El servicio no aceptó el vuelo: ${error.message}.`;
  return `El servicio no pudo responder: ${error.message}.`;
}
