// The service, and whether it can be reached.

const RETRY = 2000;

/** An answer that is no success; `detail` is the service's own. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(typeof detail === "string" ? detail : (detail ?? []).map((each) => each.msg).join("; "));
    this.status = status;
    this.detail = detail;
  }
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

async function retry() {
  try {
    const reply = await fetch("v2/health/ready");
    if (reply.ok) return tell(false);
  } catch {
    // still away
  }
  setTimeout(retry, RETRY);
}

/** The reply's JSON and the unknown fields it names. Throws ApiError, and TypeError where nobody answers. */
async function ask(path, options) {
  let reply;
  try {
    reply = await fetch(path, options);
  } catch (error) {
    tell(true);
    throw error;
  }
  tell(false);
  const body = await reply.json();
  if (!reply.ok) throw new ApiError(reply.status, body.detail);
  return { body, unknown: (reply.headers.get("x-unknown") ?? "").split(", ").filter(Boolean) };
}

const post = (path, value) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(value) });

export const flights = async () => (await ask("flights")).body;
export const catalogue = async () => (await ask("catalogue")).body;
export const predict = (flight) => post("predict_delay_probability", flight);
export const explain = async (flight) => (await post("explain_delay_probability", flight)).body;
export const predictAll = async (list) => (await post("predict_delay_probabilities", list)).body;

/** What went wrong, in words for people. */
export function inWords(error) {
  if (error instanceof ApiError) {
    if (error.status === 503) return "El servicio está muy ocupado; inténtalo otra vez.";
    return `El servicio no aceptó el vuelo: ${error.message}`;
  }
  return "No hay conexión con el servicio; se sigue intentando.";
}
