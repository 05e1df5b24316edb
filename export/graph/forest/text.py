"""LightGBM's text model -> a checked `Forest`, and back.

LightGBM trusts such a text: a count or a place that is wrong ends its process. So it gets none that was not read here.
"""

import math
import re
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise

from export.errors import ExportError
from export.graph.forest.decide import LARGEST_CATEGORY
from export.graph.forest.trees import Forest, Split, Tree

DEEPEST = 2_000
"""Splits below each other: a runtime that walks a tree by recursion has to come back."""

LARGEST_WHOLE = 1 << 31

Fields = dict[str, str]

HOW_TO_END = "a model can be saved whole with `booster.save_model(path)`"
OBJECTIVES = ("binary", "cross_entropy")


def read_forest(text: str) -> Forest:
    """Raises ExportError with a sentence that does not name the file."""
    head, *blocks = _blocks(text)
    trees = [_tree(number, block) for number, block in enumerate(blocks)]
    objective, sigmoid = _objective(head)
    for name in ("num_class", "num_tree_per_iteration"):
        if _whole(head, name, "the model") != 1:
            raise ExportError(f"its {name} is {head[name]}; only a binary model gives the probability of a delay")
    names = head.get("feature_names", "").split(" ")
    features = _whole(head, "max_feature_idx", "the model") + 1
    if len(names) != features or not all(names) or len(set(names)) < len(names):
        raise ExportError(f"it should name {features} different features, not {' '.join(names)[:200]!r}")
    forest = Forest(names, trees, objective, sigmoid, "average_output" in head)
    for split in forest.splits():
        if split.feature >= features:
            raise ExportError(f"a tree splits the feature at place {split.feature}, and there are {features}")
    return forest


def _blocks(text: str) -> list[Fields]:
    """The fields of the head and of each tree. Raises ExportError where the text ends too early."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if lines[0] != "tree":
        raise ExportError("not a whole LightGBM text model: it should start with `tree`")
    blocks: list[Fields] = [{}]
    ended = False
    for line in lines[1:]:
        if line in ("end of trees", "feature importances:", "feature_importances:"):
            ended = True
            break
        name, _, value = line.partition("=")
        if name == "Tree":
            if value != str(len(blocks) - 1):
                raise ExportError(f"not a whole LightGBM text model: Tree={value[:20]} is where {len(blocks) - 1} goes")
            blocks.append({})
        elif name and name in blocks[-1]:
            raise ExportError(f"not a LightGBM text model: it has {name[:50]!r} twice in one place")
        elif name:
            blocks[-1][name] = value
    told = len(blocks[0].get("tree_sizes", "").split())
    # LightGBM itself takes a file that ends too early, with the trees that it has.
    if not ended and (told != len(blocks) - 1 or "shrinkage" not in blocks[-1]):
        raise ExportError(f"not a whole LightGBM text model: it should have `end of trees`; {HOW_TO_END}")
    if ended and "tree_sizes" in blocks[0] and told != len(blocks) - 1:
        raise ExportError(f"not a whole LightGBM text model: {told} trees are told of, and it has {len(blocks) - 1}")
    if len(blocks) == 1:
        raise ExportError("not a LightGBM text model that can be used: it has no trees")
    return blocks


def _objective(head: Fields) -> tuple[str, float]:
    objective, *options = head.get("objective", "").split() or ["none"]
    if objective not in OBJECTIVES:
        raise ExportError(f"its objective is {objective!r}; only a binary model gives the probability of a delay")
    sigmoid = dict(option.split(":", 1) for option in options if ":" in option).get("sigmoid", "1")
    number = _number("its sigmoid", sigmoid)
    if number <= 0:
        raise ExportError(f"its sigmoid should be more than 0, not {sigmoid}")
    return objective, number if objective == "binary" else 1.0


def _tree(number: int, fields: Fields) -> Tree:
    where = f"tree {number}"
    if fields.get("is_linear", "0") != "0":
        raise ExportError(f"{where} is linear; only trees whose leaves are numbers can be expressed: train without it")
    count = _whole(fields, "num_leaves", where)
    # A tree without a split may be written without its one leaf.
    leaves = [_number(f"{where}: a leaf", text) for text in _listed(fields, "leaf_value", max(count, 1), where)]
    if count <= 1:
        return Tree([], leaves)
    size = count - 1
    features = _wholes(fields, "split_feature", size, where, 0)
    decisions = _wholes(fields, "decision_type", size, where, 0) if "decision_type" in fields else [0] * size
    left, right = (_wholes(fields, name, size, where, -count, size - 1) for name in ("left_child", "right_child"))
    categories = _categories(fields, where)
    thresholds = _listed(fields, "threshold", size, where)
    splits = []
    for feature, text, decision, *children in zip(features, thresholds, decisions, left, right, strict=True):
        if decision > 11:
            raise ExportError(f"{where}: the decision_type {decision} is unknown")
        threshold, members = 0.0, None
        if decision & 1:
            members = categories[_checked("a split's set of categories", text, where, 0, len(categories) - 1)]
        else:
            threshold = _number(f"{where}: a threshold", text, infinite=True)
        splits.append(Split(feature, threshold, decision, members, *children))
    _check_shape(splits, count, where)
    return Tree(splits, leaves)


def _categories(fields: Fields, where: str) -> list[frozenset[int]]:
    """The sets of categories that splits may refer to, which are written as bits."""
    count = _whole(fields, "num_cat", where)
    if not count:
        return []
    bounds = _wholes(fields, "cat_boundaries", count + 1, where, 0)
    if bounds[0] != 0 or bounds != sorted(bounds) or bounds[-1] * 32 > LARGEST_CATEGORY:
        raise ExportError(f"{where}: its cat_boundaries should rise from 0 to {LARGEST_CATEGORY // 32} at most")
    words = _wholes(fields, "cat_threshold", bounds[-1], where, 0, (1 << 32) - 1)
    bits = [frozenset(bit for bit in range(32) if word >> bit & 1) for word in words]
    return [
        frozenset(32 * place + bit for place, own in enumerate(bits[start:end]) for bit in own)
        for start, end in pairwise(bounds)
    ]


def _check_shape(splits: list[Split], leaves: int, where: str) -> None:
    """Every node is below the root, once. Raises ExportError."""
    met: set[int] = set()
    waiting = [(0, 1)]
    while waiting:
        node, depth = waiting.pop()
        if node in met:
            raise ExportError(f"{where} is no tree: a node is the child of two others, or of itself")
        if node >= 0 and depth > DEEPEST:
            raise ExportError(f"{where} has more than {DEEPEST:,} splits below each other: train with a max_depth")
        met.add(node)
        if node >= 0:
            waiting += [(splits[node].right, depth + 1), (splits[node].left, depth + 1)]
    if len(met) < len(splits) + leaves:
        raise ExportError(f"{where} is no tree: {len(splits) + leaves - len(met)} nodes are not below its root")


def _listed(fields: Fields, name: str, count: int, where: str) -> list[str]:
    texts = fields.get(name, "").split()
    if len(texts) != count:
        raise ExportError(f"{where}: {name} should have {count} numbers, and has {len(texts)}")
    return texts


def _wholes(fields: Fields, name: str, count: int, where: str, least: int, most: int = LARGEST_WHOLE - 1) -> list[int]:
    return [_checked(name, text, where, least, most) for text in _listed(fields, name, count, where)]


def _whole(fields: Fields, name: str, where: str) -> int:
    if name not in fields:
        raise ExportError(f"not a LightGBM text model: {where} has no {name}")
    return _checked(name, fields[name], where, 0, LARGEST_WHOLE - 1)


def _checked(name: str, text: str, where: str, least: int, most: int) -> int:
    number = int(text) if re.fullmatch(r"-?\d{1,10}", text, re.ASCII) else None
    if number is None or not least <= number <= most:
        raise ExportError(f"{where}: {name} should be whole numbers from {least} to {most}, not {text[:50]!r}")
    return number


def _number(what: str, text: str, infinite: bool = False) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number) or (math.isinf(number) and not infinite):
        raise ExportError(f"{what} should be a finite number, not {text[:50]!r}")
    return number


def to_text(forest: Forest) -> str:
    """As LightGBM reads it, and no more than decides what it predicts."""
    return "\n".join(_lines(forest)) + "\n"


def _lines(forest: Forest) -> Iterator[str]:
    yield from ("tree", "version=v4", "num_class=1", "num_tree_per_iteration=1", "label_index=0")
    yield f"max_feature_idx={len(forest.names) - 1}"
    yield f"objective={forest.objective}" + (f" sigmoid:{forest.sigmoid!r}" if forest.objective == "binary" else "")
    if forest.average:
        yield "average_output"
    yield f"feature_names={' '.join(forest.names)}"
    yield f"feature_infos={' '.join(['none'] * len(forest.names))}"
    yield ""
    for number, tree in enumerate(forest.trees):
        yield f"Tree={number}"
        yield from _tree_lines(tree)
        yield from ("", "")
    yield from ("end of trees", "")


def _tree_lines(tree: Tree) -> Iterator[str]:
    sets = [split.members for split in tree.splits if split.members is not None]
    places = iter(range(len(sets)))
    yield f"num_leaves={len(tree.leaves)}"
    yield f"num_cat={len(sets)}"
    if tree.splits:
        yield _field("split_feature", (split.feature for split in tree.splits))
        yield _field("threshold", (s.threshold if s.members is None else next(places) for s in tree.splits))
        yield _field("decision_type", (split.decision for split in tree.splits))
        yield _field("left_child", (split.left for split in tree.splits))
        yield _field("right_child", (split.right for split in tree.splits))
    yield _field("leaf_value", tree.leaves)
    if sets:
        words = [_words(members) for members in sets]
        yield _field("cat_boundaries", accumulate(map(len, words), initial=0))
        yield _field("cat_threshold", (word for own in words for word in own))
    yield "is_linear=0"
    yield "shrinkage=1"


def _words(members: frozenset[int]) -> list[int]:
    count = max(members, default=0) // 32 + 1
    return [sum(1 << bit for bit in range(32) if 32 * word + bit in members) for word in range(count)]


def _field(name: str, numbers: Iterable[float]) -> str:
    return f"{name}={' '.join(map(repr, numbers))}"
