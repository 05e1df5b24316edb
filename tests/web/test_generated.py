"""Clients that generators make of the API's description, used against the running service."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).with_name("generated")
DESCRIPTION = ROOT / "service" / "web" / "docs" / "openapi.json"
TYPESCRIPT = ("-p", "openapi-typescript@7.10.1", "-p", "typescript@5.9.3")
COMPILED = ("--strict", "--noEmitOnError", "--target", "es2022", "--module", "commonjs", "--lib", "es2022,dom")


def run(command: list[object], folder: Path) -> str:
    beside = Path(sys.executable).parent  # openapi-python-client wants ruff
    environment = os.environ | {"PATH": f"{beside}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        [*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def tool(name: str) -> Path:
    return Path(sys.executable).with_name(name)


def test_openapi_python_client(server: Any, tmp_path: Path) -> None:
    made = ["--path", DESCRIPTION, "--meta", "none", "--output-path", tmp_path / "client", "--fail-on-warning"]
    run([tool("openapi-python-client"), "generate", *made], tmp_path)
    shutil.copy(HERE / "use.py", tmp_path)
    before = in_lane(server)
    assert run([sys.executable, "use.py", server.url], tmp_path) == "used\n"
    assert in_lane(server) > before  # a query sent unasked would cost every flight the lane


def in_lane(server: Any) -> float:
    text = httpx.get(server.url + "/metrics").text
    return float(text.partition("\natraso_fast_lane_total ")[2].partition("\n")[0])


def test_datamodel_code_generator(server: Any, tmp_path: Path) -> None:
    kind = ["--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel", "--formatters", "builtin"]
    file = tmp_path / "made.py"
    run([tool("datamodel-codegen"), "--input", DESCRIPTION, "--output", file, *kind], tmp_path)
    made = load(file)
    flight = made.Flight(OPERA="Nueva", SIGLADES="Calama", FECHA_PROGRAMADA="2024-02-29T13:00:00+0000")
    body = [flight.model_dump()]
    (reply,) = httpx.post(server.url + "/predict_delay_probabilities?detail=1", json=body).json()
    assert made.Prediction(**reply).desconocidos == [made.Desconocido.OPERA]
    tensors = [
        made.Tensor(name=name, datatype="BYTES", shape=[1, 1], data=[[text]])
        for name, text in flight.model_dump().items()
    ]
    asked = made.InferenceRequest(inputs=tensors).model_dump()  # its optional fields are null
    found = made.InferenceReply(**httpx.post(server.url + "/v2/models/flight_delay/infer", json=asked).json())
    assert found.outputs[0].data == [pytest.approx(reply["probabilidad"], abs=1e-6)]
    made.Statistics(**httpx.get(server.url + "/v2/models/stats").json())
    made.Configuration(**httpx.get(server.url + "/v2/models/flight_delay/config").json())
    made.ValidationError(**server.post("/predict_delay_probability", {}).json())
    made.InferenceError(**server.post("/v2/models/flight_delay/infer", {}).json())
    made.Error(**server.post("/predict_delay_probability", b" " * 3_000_000).json())


def load(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[file.stem] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_openapi_typescript(server: Any, tmp_path: Path, need: Callable[[object, str], None]) -> None:
    need(shutil.which("npx"), "npx is not installed: apt-get install npm")
    shutil.copy(HERE / "use.ts", tmp_path)
    steps = f"openapi-typescript {DESCRIPTION} -o api.d.ts && tsc {' '.join(COMPILED)} use.ts"
    run(["npx", "--yes", *TYPESCRIPT, "sh", "-c", steps], tmp_path)
    assert run(["node", "use.js", server.url], tmp_path) == "used\n"
