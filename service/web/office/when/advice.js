// Which other moments would be better, of those at which the route has flights in the data: to another nobody could move.

import { clock, weekday } from "../../times.js";

/** What is worth a change: less than this the page does not show. */
const WORTH = 0.01;

/** Of some moments the best with flights, nearest to the chosen one where several are as good; null where there is none. */
export function best(probabilities, flights, chosen) {
  const nearest = (a, b) => probabilities[a] - probabilities[b] || Math.abs(a - chosen) - Math.abs(b - chosen);
  return [...probabilities.keys()].filter((n) => flights?.[n] > 0).sort(nearest)[0] ?? null;
}

/** The same where it is better than the chosen one by as much as is worth a change. */
export function better(probabilities, flights, chosen) {
  const found = best(probabilities, flights, chosen);
  return found !== null && found !== chosen && probabilities[chosen] - probabilities[found] >= WORTH ? found : null;
}

/** Of a week's hours: the chosen one, a better one of that day, and the best of all. */
export function choices(probabilities, chosenTime, flights) {
  const when = clock(chosenTime);
  const day = weekday(when);
  const chosen = day * 24 + when.getUTCHours();
  const thatDay = flights?.map((each, n) => (Math.floor(n / 24) === day ? each : 0));
  return { chosen, sameDay: better(probabilities, thatDay, chosen), best: best(probabilities, flights, chosen) };
}

/** The average of a route over a week: of its flights where it has some, else of all hours. */
export function average(probabilities, flights) {
  const weights = flights?.some((each) => each) ? flights : probabilities.map(() => 1);
  const total = weights.reduce((sum, each) => sum + each, 0);
  return probabilities.reduce((sum, each, n) => sum + each * weights[n], 0) / total;
}
