"""Fills the model repository and holds it against the ONNX files: python check.py [golden.json].

There is no Triton in it: the configurations are read with Triton's own schema, and the golden vectors go through
ONNX Runtime with names, types and shapes as the configurations state them.
"""

import json
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import DataType, ModelConfig

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FILES = {"flight_delay_pipeline": "pipeline.onnx", "flight_delay_features": "model.onnx"}
TYPES = {"TYPE_STRING": "tensor(string)", "TYPE_INT64": "tensor(int64)", "TYPE_FP32": "tensor(float)"}
LIMIT = 1e-5


def shape(tensor: Any, batched: bool) -> list[int]:
    """A tensor's shape for ONNX Runtime, -1 where any length will do, as its configuration states it."""
    dims = tensor.reshape.shape if tensor.HasField("reshape") else tensor.dims
    return [-1] * batched + list(dims)


def hold(config: ModelConfig, session: ort.InferenceSession) -> None:
    """The configuration states what the file has. Raises ValueError."""
    for stated, real in ((config.input, session.get_inputs()), (config.output, session.get_outputs())):
        told = [
            (each.name, TYPES[DataType.Name(each.data_type)], shape(each, config.max_batch_size > 0)) for each in stated
        ]
        found = [(each.name, each.type, [n if isinstance(n, int) else -1 for n in each.shape]) for each in real]
        if told != found:
            raise ValueError(f"{config.name}: config.pbtxt states {told}, the file has {found}")


def columns(vectors: list[dict[str, Any]]) -> dict[str, Any]:
    """What any of the models asks for, by name."""
    when = [datetime.fromisoformat(vector["FECHA_PROGRAMADA"]) for vector in vectors]
    return {
        "OPERA": np.array([vector["OPERA"] for vector in vectors], dtype=object),
        "SIGLADES": np.array([vector["SIGLADES"] for vector in vectors], dtype=object),
        "FECHA": np.array([f"{each:%Y-%m-%d}" for each in when], dtype=object),
        "dia_semana": np.array([each.weekday() for each in when], dtype=np.int64),
        "hora": np.array([each.hour for each in when], dtype=np.int64),
        "features": np.array([vector["features"] for vector in vectors], dtype=np.float32),
    }


def main(golden: Path) -> None:
    vectors = json.loads(golden.read_text(encoding="utf-8"))
    given, expected = columns(vectors), np.array([vector["delay_probability"] for vector in vectors])
    for name, file in FILES.items():
        folder = HERE / "models" / name
        config = text_format.Parse((folder / "config.pbtxt").read_text(), ModelConfig())
        (folder / "1").mkdir(exist_ok=True)
        shutil.copyfile(ROOT / file, folder / "1" / "model.onnx")
        session = ort.InferenceSession(folder / "1" / "model.onnx")
        hold(config, session)
        got = session.run([config.output[-1].name], {each.name: given[each.name] for each in config.input})[0]
        difference = np.abs((got[:, 1] if got.ndim > 1 else got) - expected).max()
        print(f"{name}: config.pbtxt fits {file}; largest difference {difference:.1e} over {len(vectors)} flights")
        if not difference <= LIMIT:
            raise ValueError(f"a difference is above {LIMIT:.0e}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples" / "golden.json")
    except (OSError, ValueError, KeyError, text_format.ParseError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
