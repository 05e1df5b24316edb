"""A bundle -> `pipeline.onnx`: its tables and its model in one graph, from what a flight is to its probability.

The model trees stay the ones of `model.onnx`, node for node. Each table becomes a `LabelEncoder`, an operator that
every ONNX Runtime has. One with a composite key is looked up by a number: each part has a code, its place among its
known values (unknown ones share the place after the last), and a key's number is written with the codes as digits.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from export.graph.convert import INPUT, PROBABILITIES
from export.graph.linear.classifier import OP
from export.learn.tables import Table, known_values
from service.model.keys import DOMAINS, PARTS, PERIODS, SEPARATOR, high_season, part_value, period

OUTPUT = "delay_probability"
OPSET, ML_OPSET, IR_VERSION = 10, 2, 5
"""The first with a LabelEncoder that also takes and gives numbers."""

INPUTS = {
    "OPERA": "airline; a name that the tables do not know takes their defaults",
    "SIGLADES": "destination city; a name that the tables do not know takes their defaults",
    "FECHA": "date of the scheduled departure, YYYY-MM-DD, local time in Santiago",
    "MES": "month of the scheduled departure, 1 to 12, local time in Santiago",
    "DIA": "day of the month of the scheduled departure, 1 to 31, local time in Santiago",
    "dia_semana": "weekday of the scheduled departure, 0 (Monday) to 6 (Sunday), local time in Santiago",
    "hora": "hour of the scheduled departure, 0 to 23, local time in Santiago",
    "HH:MM": "hour and minute of the scheduled departure, 00:00 to 23:59, local time in Santiago",
}
"""What each possible input means. The other key parts are derived from these, in the graph."""

DERIVED = {"periodo_dia": ("hora",), "temporada_alta": ("MES", "DIA")}

DESCRIPTION = (
    "The probability that a flight from Santiago de Chile (SCL) leaves more than 15 minutes late. "
    "It holds the tables of {tables} and the {model} of model.onnx."
)


TREES = {"tables": "delay ratios", "model": "trees"}
SUM = {"tables": "log-odds", "model": "sum"}


def to_pipeline(model: bytes, tables: Sequence[Table], properties: Mapping[str, str]) -> onnx.ModelProto:
    """One text or int64 [N] for each part that the tables use -> `delay_probability` float32 [N].

    `properties` go into the file's metadata, as they are.
    """
    trees = onnx.load_from_string(model).graph
    graph = _Graph(tables)
    graph.column_stack([graph.lookup(table) for table in tables], INPUT)
    graph.nodes.extend(trees.node)
    graph.column(PROBABILITIES, 1, OUTPUT)
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "flight_delay_pipeline",
            [_input(part) for part in input_parts(tables)],
            [
                helper.make_tensor_value_info(
                    OUTPUT, TensorProto.FLOAT, ["N"], "the probability of leaving more than 15 minutes late, 0 to 1"
                )
            ],
            [*graph.constants.values(), *trees.initializer],
        ),
        producer_name="atraso",
        doc_string=DESCRIPTION.format(**(SUM if trees.node[0].op_type == OP else TREES)),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(made, {**properties, "features": json.dumps([table.name for table in tables])})
    onnx.checker.check_model(made, full_check=True)
    return made


def input_parts(tables: Iterable[Table]) -> list[str]:
    """The key parts that a flight has to give for these tables, in the order of `PARTS`."""
    used = {source for table in tables for part in table.key for source in DERIVED.get(part, (part,))}
    return [part for part in PARTS if part in used]


def is_text(part: str) -> bool:
    """Whether an input is a text, and no whole number."""
    return not isinstance(DOMAINS.get(part, ("",))[0], int)


def _input(part: str) -> onnx.ValueInfoProto:
    kind = TensorProto.STRING if is_text(part) else TensorProto.INT64
    return helper.make_tensor_value_info(part, kind, ["N"], INPUTS[part])


class _Graph:
    """The nodes so far. A method adds nodes where they are not there yet and returns the name of what they give."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        composite = [table for table in tables if len(table.key) > 1]
        self._values: dict[str, Sequence[Any]] = {
            part: DOMAINS[part] if part in DOMAINS else known_values(part, composite) for part in PARTS
        }
        self._codes = {part: {value: code for code, value in enumerate(self._values[part])} for part in PARTS}
        self._made: set[str] = set()

    def lookup(self, table: Table) -> str:
        """The feature's value, float32 [N]."""
        rows = sorted(table.values.items())
        values: dict[Any, float]
        if len(table.key) == 1 and table.key[0] not in DERIVED:
            (source,) = table.key
            values = {part_value(source, text): value for text, value in rows}
        else:
            source = self._number(table.key)
            values = {
                self._number_of(table.key, text.split(SEPARATOR) if len(table.key) > 1 else [text]): value
                for text, value in rows
            }
        return self._encode(source, values, table.default, f"feature {table.name}", SEPARATOR.join(table.key))

    def column_stack(self, columns: Sequence[str], name: str) -> None:
        """[N] each -> [N, F]."""
        for column in columns:
            self.nodes.append(helper.make_node("Unsqueeze", [column], [f"{column}, as a column"], axes=[1]))
        self.nodes.append(helper.make_node("Concat", [f"{column}, as a column" for column in columns], [name], axis=1))

    def column(self, matrix: str, place: int, name: str) -> None:
        """[N, F] -> its column at `place`, [N]."""
        self.nodes.append(helper.make_node("Gather", [matrix, self._constant(place)], [name], axis=1))

    def _number(self, key: tuple[str, ...]) -> str:
        """A key as one number, int64 [N]."""
        *front, last = key
        if not front:
            return self._code(last)
        name = f"number of {SEPARATOR.join(key)}"
        if name not in self._made:
            self._made.add(name)
            digits = [self._number(tuple(front)), self._constant(self._size(last))]
            self.nodes.append(helper.make_node("Mul", digits, [f"{name}, without {last}"]))
            self.nodes.append(helper.make_node("Add", [f"{name}, without {last}", self._code(last)], [name]))
        return name

    def _number_of(self, key: tuple[str, ...], texts: Sequence[str]) -> int:
        """The number that `_number` gives for a known key."""
        number = 0
        for part, text in zip(key, texts, strict=True):
            number = number * self._size(part) + self._codes[part][part_value(part, text)]
        return number

    def _code(self, part: str) -> str:
        """A part's place among its values, int64 [N]."""
        name = f"code of {part}"
        if name in self._made:
            return name
        self._made.add(name)
        source, values = part, self._codes[part]
        if part == "periodo_dia":
            source, values = "hora", {hour: PERIODS.index(period(int(hour))) for hour in DOMAINS["hora"]}
        elif part == "temporada_alta":
            source = self._number(("MES", "DIA"))
            days = product(DOMAINS["MES"], DOMAINS["DIA"])
            values = {
                self._number_of(("MES", "DIA"), (str(month), str(day))): high_season(int(month), int(day))
                for month, day in days
            }
        return self._encode(source, values, len(self._values[part]), name, part)

    def _size(self, part: str) -> int:
        """How many codes a part has, with the one of the unknown."""
        return len(self._values[part]) + 1

    def _encode(self, source: str, values: Mapping[Any, float], default: float, name: str, key: str) -> str:
        """A LabelEncoder: text or int64 -> int64 or float32, by the type of the default."""
        text = source in INPUTS and is_text(source)
        values = values or {"" if text else -1: default}  # it has to have a key
        keys = "strings" if text else "int64s"
        kind = "int64" if isinstance(default, int) else "float"
        attributes: dict[str, Any] = {
            f"keys_{keys}": list(values),
            f"values_{kind}s": list(values.values()),
            f"default_{kind}": default,
        }
        self.nodes.append(
            helper.make_node(
                "LabelEncoder", [source], [name], name=name, domain="ai.onnx.ml", doc_string=key, **attributes
            )
        )
        return name

    def _constant(self, number: int) -> str:
        """An int64 scalar."""
        name = str(number)
        self.constants.setdefault(name, numpy_helper.from_array(np.array(number, dtype=np.int64), name))
        return name
