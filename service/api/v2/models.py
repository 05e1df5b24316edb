"""The Open Inference Protocol (V2) over REST, as KServe, Triton and MLServer speak it, with binary tensors.

Two models: the bundle's own name takes flights as they are, the one ending in `_features` takes the model's rows.
`service/api/v2/tensors.py` reads and writes the tensors, the predictor scores.
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from service.api.contract import FIELDS, check_flight, cut
from service.api.errors import InvalidRequest
from service.api.names import Names, Tally
from service.api.v2.tensors import (
    OUTPUT,
    UNKNOWN,
    Json,
    Reply,
    Spec,
    asked_outputs,
    read_inputs,
    request_id,
    split,
    write_reply,
)
from service.api.v2.values import Float32, InferenceError
from service.model.bundle import Bundle, Table
from service.model.features import Pairs, Row
from service.model.predictor import MAX_ROWS, Predictor
from service.model.turns import FEW, SHORT

if TYPE_CHECKING:
    from atraso_native import Reader

PLATFORM = "onnxruntime_onnx"

Named = tuple[str, ...]
"""Which of OPERA and SIGLADES no table knows."""

Note = Callable[[int, Iterable[Sequence[str]], Iterable[float]], None]


class UnknownModel(InferenceError):
    status = 404


@dataclass(frozen=True)
class Model:
    """What the protocol tells of a model, and how its inputs become rows of features."""

    name: str
    version: str
    place: int
    """Among the models of the bundle: what it did is counted by it."""
    inputs: Mapping[str, Spec]
    outputs: Mapping[str, Spec]
    rows: Callable[[Mapping[str, Any], int, Tally], tuple[bytes | bytearray, list[Named]]]
    """Slices of the inputs by name, the place of their first flight, and who is told of names.

    It gives rows, one behind the other, and what is unknown of each.
    """

    def about(self) -> Json:
        return {
            "name": self.name,
            "versions": [self.version],
            "platform": PLATFORM,
            "inputs": [spec.about(name) for name, spec in self.inputs.items()],
            "outputs": [spec.about(name) for name, spec in self.outputs.items()],
        }


class Models:
    """The two models of a bundle, by name."""

    def __init__(
        self, bundle: Bundle, predictor: Predictor, names: Names, max_batch: int, reader: "Reader | None" = None
    ) -> None:
        name, version, width = bundle.name, bundle.version, len(bundle.tables)
        self._predictor = predictor
        self._names = names
        self._reader = reader
        self._max_batch = max_batch
        self._columns = [table.name for table in bundle.tables]
        self._never_missing = np.array([not can_miss(table) for table in bundle.tables])
        texts, gives = {field: Spec("BYTES") for field in FIELDS}, {OUTPUT: Spec("FP32")}
        flights = Model(name, version, 0, texts, gives | {UNKNOWN: Spec("BYTES")}, self._flight_rows)
        numbers = {"features": Spec("FP32", (width,))}
        features = Model(f"{name}_features", version, 1, numbers, gives, self._feature_rows)
        self.all = (flights, features)
        self._models = {model.name: model for model in self.all}

    def find(self, name: str, version: str | None) -> Model:
        """Raises UnknownModel."""
        model = self._models.get(name)
        if model is None:
            raise UnknownModel(f"there is no model {cut(name, 60)!r}; there are {', '.join(self._models)}")
        if version is not None and version != model.version:
            raise UnknownModel(f"there is no version {cut(version, 60)!r} of {name}; there is {model.version!r}")
        return model

    async def infer(self, model: Model, body: bytes, json_length: int | None, note: Note) -> tuple[Reply, Tally]:
        """The reply, and what was read as another name or is unknown. Raises HttpError.

        `note` is given the flights, where the model takes them, and their probabilities.
        """
        request, blobs = split(body, json_length, self._max_batch)
        if len(body) > SHORT:
            await asyncio.sleep(0)  # others are served before it is looked at
        count, inputs = read_inputs(request, blobs, model.name, model.inputs, self._max_batch)
        told = {"model_name": model.name, "model_version": model.version}
        if (given := request_id(request)) is not None:
            told["id"] = given
        asked = asked_outputs(request, model.outputs)
        tally = Tally()
        probabilities, unknown = await self._score(model, count, inputs, tally)
        if FIELDS[0] in model.inputs:
            note(count, zip(*(inputs[field] for field in FIELDS), strict=True), probabilities.tolist())
        texts = [", ".join(names) for names in unknown] if UNKNOWN in asked else []
        return write_reply(told, asked, {OUTPUT: probabilities, UNKNOWN: texts}), tally

    async def _score(
        self, model: Model, count: int, inputs: Mapping[str, Any], tally: Tally
    ) -> tuple[Float32, list[Named]]:
        """A slice at a time, so that others are served in between."""
        pairs: list[Pairs] = []
        unknown: list[Named] = []
        for start in range(0, count, MAX_ROWS):
            some = {name: values[start : start + MAX_ROWS] for name, values in inputs.items()}
            rows, names = model.rows(some, start, tally)
            unknown += names
            pairs.append(self._predictor.pairs(rows))
            if count > FEW:
                await asyncio.sleep(0)
        return np.frombuffer(b"".join(pairs), dtype=np.float32)[1::2].copy(), unknown

    def _flight_rows(self, inputs: Mapping[str, Any], start: int, tally: Tally) -> tuple[bytearray, list[Named]]:
        columns = [inputs[field] for field in FIELDS]
        count, size = len(columns[0]), self._predictor.features.row_size
        rows, others = self._reader.columns(*columns) if self._reader else (bytearray(size * count), range(count))
        unknown: list[Named] = [()] * count
        for place in others:
            row, unknown[place] = self._flight_row([column[place] for column in columns], start + place, tally)
            rows[place * size : (place + 1) * size] = row
        return rows, unknown

    def _flight_row(self, values: Sequence[str], place: int, tally: Tally) -> tuple[Row, Named]:
        try:
            flight = check_flight(dict(zip(FIELDS, values, strict=True)), (place,))
            reading = self._names.read(flight, (place,))
        except InvalidRequest as error:
            raise InferenceError(_sentence(error)) from None
        if reading is None:
            return self._predictor.features.row(flight), ()
        self._names.count(reading)
        tally.add(reading)
        return self._predictor.features.row(reading.flight), reading.unknown

    def _feature_rows(self, inputs: Mapping[str, Any], start: int, tally: Tally) -> tuple[bytes, list[Named]]:
        """A missing value is scored where tables have some: elsewhere nothing proved what the model makes of it."""
        rows: Float32 = inputs["features"].reshape(-1, len(self._columns))
        for place, column in np.argwhere(np.isnan(rows) & self._never_missing)[:1]:
            name = self._columns[column]
            raise InferenceError(f"row {start + place} of features has no {name} (null or NaN), which is never missing")
        return rows.astype(np.float32).tobytes(), []


def can_miss(table: Table) -> bool:
    return math.isnan(table.default) or any(map(math.isnan, table.values.values()))


def _sentence(error: InvalidRequest) -> str:
    """The first problem of a flight, told by its input and place."""
    place, field = error.detail[0]["loc"]
    return f"{field}[{place}]: {error.detail[0]['msg']}"
