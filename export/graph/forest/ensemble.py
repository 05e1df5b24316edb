"""A `Forest` -> the attributes of ONNX's `TreeEnsembleClassifier`.

A split with several steps becomes a chain of nodes. ONNX Runtime wants a node's false branch to follow it, and lets
true branches share what they lead to: so the chain goes on where the answer is false.
"""

from collections.abc import Iterator
from typing import Any

from export.graph.forest.decide import steps
from export.graph.forest.trees import Forest, Split, Tree

FARTHEST = 3.4028234663852886e38
"""The largest float32: what a split compares with that sends every number the same way."""

UNFELT = -1e-30
"""A weight that changes no sum."""

Node = tuple[int, int, str, float, int, int, int]
"""Its number, and what the attributes `NODE` tell of it."""

NODE = ("nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids", "missing_value_tracks_true")

Leaf = tuple[int, float]
"""Its number and its value."""


def ensemble(forest: Forest) -> dict[str, Any]:
    """The sum of the scaled leaves is the log odds of a delay."""
    trees = [_Walk(tree) for tree in forest.trees]
    weights = [value * forest.scale for walk in trees for _, value in walk.leaves]
    nodes = [(number, node) for number, walk in enumerate(trees) for node in sorted(walk.nodes)]
    leaves = [(number, leaf) for number, walk in enumerate(trees) for leaf, _ in walk.leaves]
    if min(weights) >= 0:  # ONNX Runtime would take weights that are all positive for probabilities
        weights.append(UNFELT)
        nodes.append((len(trees), _leaf_node(0)))
        leaves.append((len(trees), 0))
    made: dict[str, Any] = {f"nodes_{name}": [node[place] for _, node in nodes] for place, name in enumerate(NODE)}
    return {
        **made,
        "nodes_treeids": [tree for tree, _ in nodes],
        "nodes_hitrates": [1.0] * len(nodes),
        "class_treeids": [tree for tree, _ in leaves],
        "class_nodeids": [leaf for _, leaf in leaves],
        "class_ids": [0] * len(leaves),
        "class_weights": weights,
        "classlabels_int64s": [0, 1],
        "post_transform": "LOGISTIC",
    }


class _Walk:
    """A tree from its root on, left before right; a node gets its number as its parent is met."""

    def __init__(self, tree: Tree) -> None:
        self.nodes: list[Node] = []
        self.leaves: list[Leaf] = []
        self._free = 1
        waiting = [(0 if tree.splits else -1, 0)]
        while waiting:
            place, number = waiting.pop()
            if place < 0:
                self.leaves.append((number, tree.leaves[~place]))
                self.nodes.append(_leaf_node(number))
                continue
            split = tree.splits[place]
            left, right = self._number(), self._number()
            self.nodes += self._chain(split, number, left, right)
            waiting += [(split.right, right), (split.left, left)]

    def _number(self) -> int:
        self._free += 1
        return self._free - 1

    def _chain(self, split: Split, number: int, left: int, right: int) -> Iterator[Node]:
        found = steps(split)
        edges = found.edges or (FARTHEST,)
        goes_left, last = found.left, len(edges) - 1
        for place, edge in enumerate(edges):
            here, other = (left, right) if goes_left else (right, left)
            after = other if place == last else self._number()
            # NaN is sent on, where it is not to go: the last node's false branch is the other side.
            tracks = int(goes_left == found.nan_left and place < 2)
            yield number, split.feature, "BRANCH_LEQ", edge, here, after, tracks
            number, goes_left = after, not goes_left


def _leaf_node(number: int) -> Node:
    return number, 0, "LEAF", 0.0, 0, 0, 0
