"""Runs every golden vector through both files and prints the largest difference: python check.py [golden.json]."""

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 1e-5
Run = Callable[[slice], Any]
"""The probabilities of some of the flights."""


def session(name: str) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(ROOT / name, options)


def pipeline(vectors: list[dict[str, Any]]) -> Run:
    model = session("pipeline.onnx")
    when = [datetime.fromisoformat(vector["FECHA_PROGRAMADA"]) for vector in vectors]
    columns = {
        "OPERA": np.array([vector["OPERA"] for vector in vectors], dtype=object),
        "SIGLADES": np.array([vector["SIGLADES"] for vector in vectors], dtype=object),
        "FECHA": np.array([f"{each:%Y-%m-%d}" for each in when], dtype=object),
        "dia_semana": np.array([each.weekday() for each in when], dtype=np.int64),
        "hora": np.array([each.hour for each in when], dtype=np.int64),
    }
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


def main(golden: Path) -> None:
    vectors = json.loads(golden.read_text(encoding="utf-8"))
    held = [check(name, vectors, make(vectors)) for name, make in (("pipeline.onnx", pipeline), ("model.onnx", model))]
    if not all(held):
        sys.exit(f"a difference is above {LIMIT:.0e}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples" / "golden.json")
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
