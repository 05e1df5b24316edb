"""The graph of an ONNX model as an SVG: data flows from the left to the right, a box a node."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import onnx

from export.graph.show import attributes

WIDTH, HEIGHT, ACROSS, DOWN = 240, 34, 40, 10
"""Of a box, and between boxes, in pixels."""
MARGIN = 24
FITS = 38
"""Characters of a box's text; of a longer one the end is shown."""
SWEEPS = 12

STYLE = """
svg { background: #ffffff; font: 11px system-ui, sans-serif; }
rect { fill: #eef2f7; stroke: #8a99ad; }
.input rect, .output rect { fill: #fff4d6; stroke: #b98a1c; }
.LabelEncoder rect { fill: #e3f1e5; stroke: #5b9466; }
.TreeEnsembleClassifier rect { fill: #dfe9fb; stroke: #4a72b8; }
.op { font-weight: 600; }
.name { fill: #4a5568; }
path { fill: none; stroke: #9aa7b8; stroke-width: 1.2; }
"""


@dataclass(frozen=True)
class Box:
    kind: str
    title: str
    text: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]


@dataclass
class Spot:
    """A box in its layer, or, without a box, where an edge passes through a layer."""

    layer: int
    box: Box | None
    y: float = 0.0


def draw(model: onnx.ModelProto) -> str:
    """The SVG's text."""
    boxes = _boxes(model.graph)
    spots = [Spot(layer, box) for layer, box in zip(_layers(boxes), boxes, strict=True)]
    edges = _edges(spots)
    layers: dict[int, list[Spot]] = defaultdict(list)
    for spot in spots:
        layers[spot.layer].append(spot)
    _arrange([layers[number] for number in sorted(layers)], edges)
    return _svg(spots, edges)


def _boxes(graph: onnx.GraphProto) -> list[Box]:
    constants = {each.name for each in graph.initializer}
    inputs = [Box("input", "input", each.name, (), (each.name,)) for each in graph.input if each.name not in constants]
    nodes = [
        Box(
            node.op_type, *_label(node), tuple(name for name in node.input if name not in constants), tuple(node.output)
        )
        for node in graph.node
    ]
    return inputs + nodes + [Box("output", "output", each.name, (each.name,), ()) for each in graph.output]


def _label(node: onnx.NodeProto) -> tuple[str, str]:
    values = attributes(node)
    if "nodes_treeids" in values:
        return node.op_type, f"{len(set(values['nodes_treeids'])):,} trees, {len(values['nodes_modes']):,} nodes"
    if node.op_type == "LabelEncoder":
        rows = max(len(value) for name, value in values.items() if name.startswith("keys_"))
        return f"{node.op_type}, {rows:,} rows", node.name or node.output[0]
    return node.op_type, node.name or node.output[0]


def _layers(boxes: Sequence[Box]) -> list[int]:
    """How far right each box stands: as far as what follows allows, inputs at the very left."""
    takers = defaultdict(list)
    for place, box in enumerate(boxes):
        for name in box.takes:
            takers[name].append(place)
    behind = [0] * len(boxes)  # how many boxes follow at most; an ONNX graph is sorted, so takers come later
    for place in reversed(range(len(boxes))):
        followers = [behind[taker] for name in boxes[place].gives for taker in takers[name]]
        behind[place] = 1 + max(followers, default=-1)
    return [0 if box.kind == "input" else max(behind) - steps for box, steps in zip(boxes, behind, strict=True)]


def _edges(spots: list[Spot]) -> list[tuple[Spot, Spot]]:
    """From spot to spot of the next layer; what reaches further gets spots to pass through, added to `spots`."""
    givers = {name: spot for spot in spots if spot.box for name in spot.box.gives}
    edges = []
    for taker in list(spots):
        for name in taker.box.takes if taker.box else ():
            at = givers[name]
            for layer in range(at.layer + 1, taker.layer):
                between = Spot(layer, None)
                spots.append(between)
                edges.append((at, between))
                at = between
            edges.append((at, taker))
    return edges


def _arrange(layers: Sequence[list[Spot]], edges: Sequence[tuple[Spot, Spot]]) -> None:
    """Order the spots of each layer by what they are joined to, sweeping to and fro, and set them out evenly."""
    before, after = defaultdict(list), defaultdict(list)
    for left, right in edges:
        before[id(right)].append(left)
        after[id(left)].append(right)
    tallest = max(map(_tall, layers))
    for layer in layers:
        _set_out(layer, tallest)
    for sweep in range(SWEEPS):
        joined, order = (before, layers) if sweep % 2 == 0 else (after, layers[::-1])
        for layer in order:
            wanted = {id(spot): _mean((other.y for other in joined[id(spot)]), spot.y) for spot in layer}
            layer.sort(key=lambda spot: wanted[id(spot)])
            _set_out(layer, tallest)


def _mean(numbers: Iterable[float], otherwise: float) -> float:
    found = list(numbers)
    return sum(found) / len(found) if found else otherwise


def _size(spot: Spot) -> float:
    return HEIGHT + DOWN if spot.box else DOWN


def _tall(layer: Sequence[Spot]) -> float:
    return sum(map(_size, layer))


def _set_out(layer: Sequence[Spot], tallest: float) -> None:
    """One below the other, in the middle of the picture's height; `y` is a spot's own middle."""
    y = (tallest - _tall(layer)) / 2
    for spot in layer:
        spot.y = y + _size(spot) / 2
        y += _size(spot)


def _left(spot: Spot) -> float:
    return MARGIN + spot.layer * (WIDTH + ACROSS)


def _svg(spots: Sequence[Spot], edges: Sequence[tuple[Spot, Spot]]) -> str:
    width = max(map(_left, spots)) + WIDTH + MARGIN
    height = max(spot.y for spot in spots) + HEIGHT / 2 + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}">',
        f"<style>{STYLE}</style>",
        *(_curve(left, right) for left, right in edges),
        *(f'<path d="M{_left(spot):.0f} {spot.y + MARGIN:.1f}h{WIDTH}"/>' for spot in spots if not spot.box),
        *(_group(spot, spot.box) for spot in spots if spot.box),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _curve(left: Spot, right: Spot) -> str:
    start, end = _left(left) + WIDTH, _left(right)
    middle = (start + end) / 2
    top, bottom = left.y + MARGIN, right.y + MARGIN
    return f'<path d="M{start:.0f} {top:.1f}C{middle:.0f} {top:.1f} {middle:.0f} {bottom:.1f} {end:.0f} {bottom:.1f}"/>'


def _group(spot: Spot, box: Box) -> str:
    x, y = _left(spot), spot.y + MARGIN
    text = box.text if len(box.text) <= FITS else "…" + box.text[1 - FITS :]
    return (
        f'<g class="{escape(box.kind)}"><title>{escape(box.text)}</title>'
        f'<rect x="{x:.0f}" y="{y - HEIGHT / 2:.1f}" width="{WIDTH}" height="{HEIGHT}" rx="5"/>'
        f'<text class="op" x="{x + 8:.0f}" y="{y - 3:.1f}">{escape(box.title)}</text>'
        f'<text class="name" x="{x + 8:.0f}" y="{y + 11:.1f}">{escape(text)}</text></g>'
    )
