// Uses the types that openapi-typescript made, `api.d.ts`, with `fetch`, of the server at the given address.

import type { components, paths } from "./api";

declare const process: { argv: string[] };

type Predicted = paths["/predict_delay_probabilities"]["post"]["responses"];
type Asked = paths["/predict_delay_probabilities"]["post"]["requestBody"]["content"]["application/json"];
type Inferred = paths["/v2/models/{name}/infer"]["post"]["responses"][200]["content"]["application/json"];
type Request = components["schemas"]["InferenceRequest"];
type Names = NonNullable<components["schemas"]["Prediction"]["desconocidos"]>;

const server = process.argv[2];

async function post(path: keyof paths, body: unknown, query = ""): Promise<unknown> {
  const options = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  return (await fetch(server + path.replace("{name}", "flight_delay") + query, options)).json();
}

function check(is: boolean, what: string): void {
  if (!is) throw new Error(what);
}

async function use(): Promise<void> {
  const flights: Asked = [
    { OPERA: "Sky Airline", SIGLADES: "Calama", FECHA_PROGRAMADA: "2024-02-29 13:00:00" },
    { OPERA: "Nueva", SIGLADES: "Calama", FECHA_PROGRAMADA: "2017-11-27T13:00:00+0000" },
  ];
  const query: paths["/predict_delay_probabilities"]["post"]["parameters"]["query"] = { detail: true };
  const path = "/predict_delay_probabilities";
  const replies = (await post(path, flights, `?detail=${query.detail}`)) as Predicted[200]["content"]["application/json"];
  const unknown: (Names | undefined)[] = replies.map((reply) => reply.desconocidos);
  check(JSON.stringify(unknown) === '[[],["OPERA"]]', `unknown: ${JSON.stringify(unknown)}`);
  const clase: "Baja probabilidad de atraso" | "Alta probabilidad de atraso" = replies[0].clase[0];
  check(clase.endsWith("probabilidad de atraso"), clase);

  const refused = (await post(path, [{}])) as Predicted[422]["content"]["application/json"];
  check(refused.detail[0].loc[1] === 0, JSON.stringify(refused));

  const inputs: Request["inputs"] = (["OPERA", "SIGLADES", "FECHA_PROGRAMADA"] as const).map((name) => ({
    name, datatype: "BYTES", shape: [2, 1], data: flights.map((flight) => [flight[name]]),
  }));
  const request: Request = { inputs, parameters: null, outputs: [{ name: "delay_probability" }, { name: "unknown" }] };
  const inferred = (await post("/v2/models/{name}/infer", request)) as Inferred;
  const [probability, names] = inferred.outputs;
  const difference = Math.abs((probability.data?.[0] as number) - (replies[0].probabilidad ?? NaN));
  check(difference < 1e-6, `probability: ${difference}`);
  check(names.data?.[1] === "OPERA", JSON.stringify(names));
  console.log("used");
}

use();
