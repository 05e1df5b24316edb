// How likely a flight leaves late: node predict.js "Sky Airline" Calama "2017-11-27 13:00"

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { columns, flight } from "./flight.js";

const USAGE = `usage: node predict.js AIRLINE DESTINATION "YYYY-MM-DD HH:MM[:SS]"

The probability that the flight leaves Santiago more than 15 minutes late. The time is Santiago's; with a UTC offset,
as in 2017-11-27T13:00Z, it is converted.`;
const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const json = async (path) => JSON.parse(await readFile(root(path), "utf8"));

/** Tells of each name that no table knows. */
async function warn(asked) {
  const { features } = await json("tables/manifest.json");
  for (const [part, what] of [["OPERA", "airline"], ["SIGLADES", "destination"]]) {
    const feature = features.find(({ key }) => key.length === 1 && key[0] === part);
    if (feature && !Object.hasOwn(await json(`tables/${feature.name}.json`), asked[part])) {
      console.error(`the model does not know the ${what} "${asked[part]}": it takes averages`);
    }
  }
}

async function main(args) {
  if (args.length !== 3) throw new RangeError("an airline, a destination and a time are wanted");
  const one = flight(...args);
  await warn(one);
  const session = await InferenceSession.create(root("pipeline.onnx"));
  const { delay_probability } = await session.run(columns([one], Tensor, session.inputNames));
  console.log(delay_probability.data[0].toFixed(4));
}

const args = process.argv.slice(2);
try {
  if (args.includes("-h") || args.includes("--help")) console.log(USAGE);
  else await main(args);
} catch (error) {
  console.error(`${error.message}\n${USAGE}`);
  process.exitCode = 1;
}
