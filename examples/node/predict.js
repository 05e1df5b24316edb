// How likely a flight leaves late: node predict.js "Sky Airline" Calama "2017-11-27 13:00"

import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { columns, flight } from "./flight.js";

const [opera, siglades, time] = process.argv.slice(2);
try {
  if (time === undefined) throw new RangeError("an airline, a destination and a time are wanted");
  const one = flight(opera, siglades, time);
  const session = await InferenceSession.create(fileURLToPath(new URL("../../pipeline.onnx", import.meta.url)));
  const { delay_probability } = await session.run(columns([one], Tensor));
  console.log(delay_probability.data[0].toFixed(4));
} catch (error) {
  console.error(`${error.message}\nusage: node predict.js AIRLINE DESTINATION "YYYY-MM-DD HH:MM"`);
  process.exitCode = 1;
}
