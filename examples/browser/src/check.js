// Runs every golden vector in this page and writes the largest difference into it.

import { checkTimes, flight } from "./flight.js";
import { load, version } from "./model.js";

const LIMIT = 1e-5;

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

async function check() {
  checkTimes(await (await fetch("times.json")).json());
  const vectors = await (await fetch("golden.json")).json();
  const expected = vectors.map((each) => each.delay_probability);
  const flights = vectors.map((each) => flight(each.OPERA, each.SIGLADES, each.FECHA_PROGRAMADA));
  const run = await load();
  const alone = async () => {
    const found = [];
    for (const each of flights) found.push(...(await run([each])));
    return found;
  };
  const difference = Math.max(largest(await run(flights), expected), largest(await alone(), expected));
  const one = (await leastMicroseconds(5, alone)) / flights.length;
  const many = (await leastMicroseconds(50, () => run(flights))) / flights.length;
  const line =
    `onnxruntime-web ${version}, pipeline.onnx: largest difference ${difference.toExponential(1)} over ` +
    `${flights.length} flights, ${one.toFixed(2)} us alone, ${many.toFixed(3)} us in a batch of ${flights.length}`;
  return { line, held: difference <= LIMIT };
}

const output = document.getElementById("line");
try {
  const { line, held } = await check();
  output.textContent = line;
  output.dataset.ended = held ? "well" : `a difference is above ${LIMIT}`;
} catch (error) {
  output.textContent = error.message;
  output.dataset.ended = error.message;
}
