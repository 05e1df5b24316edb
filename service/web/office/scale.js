// A probability on a line from 0 to 100 %, with the place where it is called high.

import { svg } from "../svg.js";

export function showScale(place, probability, threshold) {
  const line = (at, name) => svg("line", { x1: at, x2: at, y1: 0, y2: 12, class: name, "vector-effect": "non-scaling-stroke" });
  place.replaceChildren(
    svg("svg", { viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { x: 0, y: 3, width: 100, height: 6, class: "track" }),
      svg("rect", { x: 0, y: 3, width: probability * 100, height: 6, class: "filled" }),
      line(threshold * 100, "axis")),
  );
}
