// A probability on a line from 0 to 100 %, with the range around it and the place where it is called high.

import { svg } from "../../svg.js";

export function scale(probability, threshold, range) {
  const line = (at, name) => svg("line", { x1: at, x2: at, y1: 0, y2: 14, class: name, "vector-effect": "non-scaling-stroke" });
  const band = range && [svg("rect", { x: range.desde * 100, y: 0, width: (range.hasta - range.desde) * 100, height: 14, class: "range" })];
  return svg("svg", { viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { x: 0, y: 4, width: 100, height: 6, class: "track" }),
    ...(band ?? []),
    svg("rect", { x: 0, y: 4, width: probability * 100, height: 6, class: "filled" }),
    line(threshold * 100, "axis"));
}
