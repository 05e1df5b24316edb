// Moments as cells of one picture, which the arrow keys walk through.

import { svg } from "../../svg.js";

const redraws = new Map();
const observer = new ResizeObserver((seen) => seen.forEach(({ target }) => redraws.get(target)?.()));
const paper = matchMedia("print");
let printing = false; // paper is wide enough, whatever the screen is

for (const [event, is] of [["beforeprint", true], ["afterprint", false]]) {
  addEventListener(event, () => {
    printing = is;
    for (const redraw of redraws.values()) redraw();
  });
}

/**
 * Draws cells into `place`, and again where its width asks for another form. `shape(width)` gives the form: the `size` of a cell,
 * `left` and `top`, `columns` and `rows`, `at(n)` for a cell's column and row, `labels`. A cell has a `text`, its `name` in words,
 * a `probability`, its `step` of colour, and whether it is `empty`. `said(n)` tells which is pointed at, `taken(n)` that it was chosen.
 */
export function draw(place, { cells, chosen, star, label, shape, said, taken }) {
  let drawn;
  const redraw = () => {
    const form = shape(printing || paper.matches ? Infinity : place.clientWidth);
    if (drawn?.key === form.key) return;
    drawn = form;
    place.replaceChildren(picture(form, cells, { chosen, star, label }, said, taken));
  };
  redraws.set(place, redraw);
  observer.observe(place);
  redraw();
  said(chosen);
}

function picture(form, cells, { chosen, star, label }, said, taken) {
  const { left, top, width, height, columns, rows } = form;
  const place = (n) => {
    const [column, row] = form.at(n);
    return { x: left + column * width, y: top + row * height };
  };
  const size = { width: width - 2, height: height - 2, rx: 3 };
  const frame = (name) => svg("rect", { ...place(chosen), ...size, class: name });
  const pointed = frame("pointed");
  const drawing = svg("svg", {
    viewBox: `0 0 ${left + columns * width + 1} ${top + rows * height + 1}`,
    role: "application", tabindex: 0, "aria-describedby": "map-help", "aria-label": `${label} Elegido: ${cells[chosen].name}.`,
  },
    svg("defs", {}, hatching(`hatch-${form.id}`)),
    ...form.labels,
    ...cells.map((cell, n) => drawnCell(cell, n, place(n), size, form.id)),
    ...(star === null ? [] : [svg("text", { x: place(star).x + width - 8, y: place(star).y + 10, class: `star step-${cells[star].step}`, "text-anchor": "middle" }, "★")]),
    pointed, frame("chosen-ground"), frame("chosen"),
  );
  let current = chosen;
  const point = (n) => {
    current = n;
    for (const [key, value] of Object.entries(place(n))) pointed.setAttribute(key, value);
    said(n);
  };
  listen(drawing, form, cells.length, () => current, point, taken);
  return drawing;
}

function drawnCell({ text, small, name, probability, step, empty }, n, { x, y }, { width, height, rx }, id) {
  return svg("g", { class: `cell step-${step}${empty ? " empty" : ""}`, "data-cell": n, "data-probability": probability },
    svg("title", {}, name),
    svg("rect", { x, y, width, height, rx }),
    ...(empty ? [svg("rect", { x, y, width, height, rx, fill: `url(#hatch-${id})` })] : []),
    ...(small ? [svg("text", { x: x + 4, y: y + 11, class: "small" }, small)] : []),
    svg("text", { x: x + width / 2, y: y + height / 2 + (small ? 9 : 4), "text-anchor": "middle" }, text));
}

/** Slanted lines, for what has no flights. */
const hatching = (id) =>
  svg("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    svg("line", { x1: 0, x2: 0, y1: 0, y2: 6, class: "hatch" }));

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function listen(drawing, form, count, current, point, taken) {
  const cells = new Map(Array.from({ length: count }, (_, n) => [String(form.at(n)), n]));
  drawing.addEventListener("keydown", (event) => {
    if (event.key === "Enter") return taken(current());
    if (!(event.key in MOVES)) return;
    event.preventDefault();
    const [[column, row], [across, down]] = [form.at(current()), MOVES[event.key]];
    const next = cells.get(String([column + across, row + down]));
    if (next !== undefined) point(next);
  });
  const under = (event) => event.target.closest?.("[data-cell]")?.dataset.cell;
  drawing.addEventListener("pointermove", (event) => under(event) && point(Number(under(event))));
  drawing.addEventListener("click", (event) => under(event) && taken(Number(under(event))));
}
