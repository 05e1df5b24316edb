// Many flights -> a probability each, a slice at a time. It outlives a silence of the service.

import * as api from "../api.js";
import { inSpanish } from "../words.js";

const SLICE = 500;
const PAUSE = 1000;

/**
 * Gives each row its `probability`, not rounded, the `threshold` of its `clase`, and its `unknown` fields, or `why` the service takes it not. `told(done)` is called
 * after each slice, and the rest is left where it returns false.
 */
export async function scoreAll(rows, told) {
  for (let start = 0; start < rows.length; start += SLICE) {
    await scoreSlice(rows.slice(start, start + SLICE), () => told(start));
    if (told(Math.min(start + SLICE, rows.length)) === false) return;
  }
}

async function scoreSlice(slice, goesOn) {
  let left = slice;
  while (left.length && goesOn() !== false) {
    try {
      const { body } = await api.predictAll(left.map(({ flight }) => flight));
      if (goesOn() === false) return;
      left.forEach((row, n) => Object.assign(row, {
        probability: body[n].probabilidad, threshold: body[n].umbral, clase: body[n].clase[0], unknown: body[n].desconocidos,
      }));
      return;
    } catch (error) {
      if (error.passes) await new Promise((done) => setTimeout(done, PAUSE));
      else if (error.tooLarge && left.length > 1) {
        const half = Math.ceil(left.length / 2);
        await scoreSlice(left.slice(0, half), goesOn);
        left = left.slice(half);
      } else left = withoutRefused(left, error);
    }
  }
}

/** The rows that the service found nothing wrong with. Throws the error where it names no row. */
function withoutRefused(rows, error) {
  const refused = new Map((error.status === 422 ? error.detail : []).map((each) => [each.loc[1], inSpanish(each)]));
  for (const [place, why] of refused) {
    if (!rows[place]) throw error;
    rows[place].why = why;
  }
  if (!refused.size) throw error;
  return rows.filter((_, place) => !refused.has(place));
}
