"""Runs every golden vector through both files and prints the largest difference.

python check.py [golden.json [times.json]]
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from flight import ROOT, flight

LIMIT = 1e-5
Run = Callable[[slice], Any]
"""The probabilities of some of the flights."""


def session(name: str) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(ROOT / name, options)


def pipeline(vectors: list[dict[str, Any]]) -> Run:
    model = session("pipeline.onnx")
    flights = [flight(vector["OPERA"], vector["SIGLADES"], vector["FECHA_PROGRAMADA"]) for vector in vectors]
    kinds = {"OPERA": object, "SIGLADES": object, "FECHA": object, "dia_semana": np.int64, "hora": np.int64}
    taken = [each.name for each in model.get_inputs()]
    columns = {name: np.array([each[name] for each in flights], dtype=kinds[name]) for name in taken}
    return lambda some: model.run(["delay_probability"], {name: each[some] for name, each in columns.items()})[0]


def model(vectors: list[dict[str, Any]]) -> Run:
    model = session("model.onnx")
    features = np.array([vector["features"] for vector in vectors], dtype=np.float32)
    return lambda some: model.run(["probabilities"], {"features": features[some]})[0][:, 1]


def check(name: str, vectors: list[dict[str, Any]], run: Run) -> bool:
    expected = np.array([vector["delay_probability"] for vector in vectors])
    alone = [slice(n, n + 1) for n in range(len(vectors))]
    everything = slice(0, len(vectors))
    difference = max(
        np.abs(run(everything) - expected).max(), np.abs(np.concatenate([*map(run, alone)]) - expected).max()
    )
    one = least_us(5, lambda: [run(each) for each in alone]) / len(vectors)
    many = least_us(50, lambda: run(everything)) / len(vectors)
    print(
        f"onnxruntime (Python) {ort.__version__}, {name}: largest difference {difference:.1e} over {len(vectors)} "
        f"flights, {one:.2f} us alone, {many:.3f} us in a batch of {len(vectors)}"
    )
    return bool(difference <= LIMIT)


def least_us(times: int, what: Callable[[], object]) -> float:
    """The least time that `what` takes in so many tries, in microseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        what()
        taken.append(time.perf_counter() - start)
    return min(taken) * 1e6


def check_times(times: list[dict[str, Any]]) -> None:
    """Each text is read or refused as the service does. Raises ValueError."""
    for expected in times:
        text = expected.pop("FECHA_PROGRAMADA")
        try:
            found = flight("", "", text)
        except ValueError:
            found = {}
        if {name: found.get(name) for name in ("FECHA", "dia_semana", "hora")} != expected:
            raise ValueError(f"{text!r} was read as {found}, not as {expected}")


def main(golden: Path, times: Path) -> None:
    check_times(json.loads(times.read_text(encoding="utf-8")))
    vectors = json.loads(golden.read_text(encoding="utf-8"))
    held = [check(name, vectors, make(vectors)) for name, make in (("pipeline.onnx", pipeline), ("model.onnx", model))]
    if not all(held):
        sys.exit(f"a difference is above {LIMIT:.0e}")


if __name__ == "__main__":
    try:
        given = [Path(each) for each in sys.argv[1:3]]
        main(*given, *[ROOT / "examples" / name for name in ("golden.json", "times.json")][len(given) :])
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
