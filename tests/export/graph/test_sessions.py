from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.graph.sessions import OnnxModel, Pipeline
from service.model.keys import key_parts, parse_time

ROOT = Path(__file__).resolve().parents[3]


def test_the_model_gives_the_probability_of_a_delay(golden: list[dict[str, Any]]) -> None:
    predicted = OnnxModel((ROOT / "model.onnx").read_bytes()).predict(np.array([each["features"] for each in golden]))
    assert predicted.dtype == np.float32
    assert predicted.tolist() == pytest.approx([each["delay_probability"] for each in golden], abs=1e-5)


def test_the_pipeline_gives_the_same_of_what_flights_are(golden: list[dict[str, Any]]) -> None:
    pipeline = Pipeline((ROOT / "pipeline.onnx").read_bytes())
    parts = [key_parts(each["OPERA"], each["SIGLADES"], parse_time(each["FECHA_PROGRAMADA"])) for each in golden]
    assert pipeline.metadata["name"] == "flight_delay"
    assert pipeline.predict(parts).tolist() == pytest.approx([each["delay_probability"] for each in golden], abs=1e-5)
