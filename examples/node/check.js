// Runs every golden vector and prints the largest difference: node check.js [golden.json [times.json]]

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { checkTimes, columns, flight } from "./flight.js";

const LIMIT = 1e-5;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json");

/** The least time that `what` takes in so many tries, in microseconds. */
async function leastMicroseconds(tries, what) {
  let least = Infinity;
  for (let n = 0; n < tries; n++) {
    const start = performance.now();
    await what();
    least = Math.min(least, performance.now() - start);
  }
  return least * 1000;
}

/** The largest difference, NaN where some probability is none. */
function largest(got, expected) {
  return got.map((each, n) => Math.abs(each - expected[n])).reduce((a, b) => Math.max(a, b), 0);
}

async function check(path, times) {
  checkTimes(JSON.parse(await readFile(times, "utf8")));
  const vectors = JSON.parse(await readFile(path, "utf8"));
  const expected = vectors.map((each) => each.delay_probability);
  const flights = vectors.map((each) => flight(each.OPERA, each.SIGLADES, each.FECHA_PROGRAMADA));
  const session = await InferenceSession.create(here("../../pipeline.onnx"), { intraOpNumThreads: 1 });
  const run = async (some) => Array.from((await session.run(columns(some, Tensor, session.inputNames))).delay_probability.data);
  const alone = async () => {
    const found = [];
    for (const each of flights) found.push(...(await run([each])));
    return found;
  };

  const differences = [largest(await run(flights), expected), largest(await alone(), expected)];
  const difference = Math.max(...differences);
  const one = (await leastMicroseconds(5, alone)) / flights.length;
  const many = (await leastMicroseconds(50, () => run(flights))) / flights.length;
  console.log(
    `onnxruntime-node ${version}, pipeline.onnx: largest difference ${difference.toExponential(1)} over ` +
      `${flights.length} flights, ${one.toFixed(2)} us alone, ${many.toFixed(3)} us in a batch of ${flights.length}`,
  );
  if (!(difference <= LIMIT)) throw new Error(`a difference is above ${LIMIT}`);
}

try {
  await check(process.argv[2] ?? here("../golden.json"), process.argv[3] ?? here("../times.json"));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
