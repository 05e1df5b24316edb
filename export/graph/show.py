"""What is in an ONNX file, for people: inputs, outputs, trees, tables, operators, metadata."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

from export.errors import ExportError

TYPES: dict[int, str] = {TensorProto.FLOAT: "float32", TensorProto.DOUBLE: "float64"}
"""The names that people know, where ONNX's own is another."""


def load(path: Path) -> onnx.ModelProto:
    """Raises ExportError where there is no sound ONNX model."""
    try:
        model = onnx.load_from_string(path.read_bytes())
        onnx.checker.check_model(model, full_check=True)
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror or error}") from None
    except Exception as error:  # protobuf's and onnx's own kinds have no common one
        raise ExportError(f"{path}: not a sound ONNX model: {str(error).splitlines()[0]}") from None
    return model


def as_text(path: Path, model: onnx.ModelProto) -> str:
    """Everything about the model, in paragraphs with a heading each."""
    paragraphs = {
        "inputs": _aligned([_value(each) for each in model.graph.input]),
        "outputs": _aligned([_value(each) for each in model.graph.output]),
        "trees": _trees(model),
        "sum": _sum(model),
        "features": _aligned([(str(n), name) for n, name in enumerate(feature_names(model))]),
        "tables": _aligned([_table(node) for node in tables(model)]),
        "operators": _aligned([(kind, f"{count:,}") for kind, count in sorted(_operators(model).items())]),
        "metadata": _aligned([(each.key, each.value) for each in model.metadata_props if each.key != "features"]),
    }
    head = [f"{path}: {_facts(path, model)}", *filter(None, [model.doc_string])]
    body = [[f"{heading}:", *lines] for heading, lines in paragraphs.items() if lines]
    return "\n\n".join("\n".join(lines) for lines in [head, *body])


def feature_names(model: onnx.ModelProto) -> list[str]:
    """The features in the order of the trees' columns, where the file's metadata name them."""
    text = next((each.value for each in model.metadata_props if each.key == "features"), "[]")
    try:
        names = json.loads(text)
    except ValueError:
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def tables(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """The lookups that give a number that the model computes with, not a code."""
    return [node for node in model.graph.node if node.op_type == "LabelEncoder" and "values_floats" in attributes(node)]


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _facts(path: Path, model: onnx.ModelProto) -> str:
    opsets = ", ".join(f"{opset.domain or 'ai.onnx'} {opset.version}" for opset in model.opset_import)
    maker = f", made by {model.producer_name}" if model.producer_name else ""
    return f"{path.stat().st_size / 1000:,.0f} kB, IR {model.ir_version}, {opsets}{maker}"


def _value(value: onnx.ValueInfoProto) -> tuple[str, ...]:
    kind = value.type.tensor_type
    shape = ", ".join(dim.dim_param or str(dim.dim_value) for dim in kind.shape.dim)
    name = TYPES.get(kind.elem_type) or TensorProto.DataType.Name(kind.elem_type).lower()
    return value.name, f"{name} [{shape}]", value.doc_string


def _trees(model: onnx.ModelProto) -> list[str]:
    return [_ensemble(attributes(node)) for node in model.graph.node if "nodes_treeids" in attributes(node)]


def _sum(model: onnx.ModelProto) -> list[str]:
    """A LinearClassifier of two classes: its second line of numbers is that of being late."""
    return [_added(attributes(node)) for node in model.graph.node if node.op_type == "LinearClassifier"]


def _added(node: dict[str, Any]) -> str:
    lines = node.get("intercepts", [])
    every = node["coefficients"]
    late = every[len(every) // len(lines) * (len(lines) - 1) :] if lines else every
    alike = ", all 1" if set(late) == {1.0} else ""
    start = f" to {lines[-1]:.4g}" if lines else ""
    odds = "the log-odds of a delay" if node.get("post_transform") == b"LOGISTIC" else "the score of the last class"
    return f"  {odds}: {len(late):,} features, times their coefficients{alike}, added{start}"


def _ensemble(trees: dict[str, Any]) -> str:
    leaves = trees["nodes_modes"].count(b"LEAF")
    splits = len(trees["nodes_modes"]) - leaves
    depth, count = max(_depths(trees), default=0), len(set(trees["nodes_treeids"]))
    return f"  {count:,} trees, {splits:,} splits, {leaves:,} leaves, depth {depth}"


def _depths(trees: dict[str, Any]) -> list[int]:
    """The depth of each node below its tree's root; the nodes of a tree stand in any order."""
    places = list(zip(trees["nodes_treeids"], trees["nodes_nodeids"], strict=True))
    inner = [mode != b"LEAF" for mode in trees["nodes_modes"]]
    below = {
        place: [(place[0], true), (place[0], false)] if is_inner else []
        for place, true, false, is_inner in zip(
            places, trees["nodes_truenodeids"], trees["nodes_falsenodeids"], inner, strict=True
        )
    }
    parents = Counter(child for children in below.values() for child in children)
    depths = {place: 0 for place in below if not parents[place]}
    waiting = list(depths)
    while waiting:  # two nodes may share one below them, which is met with the last
        place = waiting.pop()
        for child in below.get(place, ()):
            depths[child] = max(depths.get(child, 0), depths[place] + 1)
            parents[child] -= 1
            if not parents[child]:
                waiting.append(child)
    return list(depths.values())


def _table(node: onnx.NodeProto) -> tuple[str, ...]:
    values = attributes(node)
    name, rows = node.name.removeprefix("feature "), len(values["values_floats"])
    default = values.get("default_float", 0.0)  # ONNX's own, where a node has none
    return name, f"by {node.doc_string or node.input[0]}", f"{rows:,} rows", f"default {default:.4g}"


def _operators(model: onnx.ModelProto) -> Counter[str]:
    return Counter(f"{node.domain}.{node.op_type}" if node.domain else node.op_type for node in model.graph.node)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """A line a row, its cells below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
