// pipeline.onnx in this page: no server is asked once it is loaded.

import * as ort from "./ort.wasm.min.mjs";
import { columns } from "./flight.js";

const here = (name) => new URL(name, import.meta.url).href;
ort.env.wasm.numThreads = 1; // more would ask the server for headers of its own
ort.env.wasm.wasmPaths = here("./");

export const version = ort.env.versions.web;

/** Loads the model; what it gives turns flights into their probabilities. */
export async function load() {
  const session = await ort.InferenceSession.create(here("pipeline.onnx"));
  return async (flights) => {
    const { delay_probability } = await session.run(columns(flights, ort.Tensor, session.inputNames));
    return Array.from(delay_probability.data);
  };
}
