from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.model.bundle import BundleError, read
from service.model.scorer import Scorer

ROOT = Path(__file__).resolve().parents[3]


def pack(features: list[float]) -> bytes:
    return np.array(features, np.float32).tobytes()


def test_gives_what_lightgbm_gives(golden: list[dict[str, Any]]) -> None:
    scored = Scorer(read(ROOT))([pack(vector["features"]) for vector in golden])
    assert scored == pytest.approx([vector["delay_probability"] for vector in golden], abs=1e-5)


def test_a_batch_equals_its_singles(golden: list[dict[str, Any]]) -> None:
    scorer = Scorer(read(ROOT))
    rows = [pack(vector["features"]) for vector in golden[:300]]
    assert scorer(rows) == [scorer([row])[0] for row in rows]


def test_refuses_a_model_with_another_number_of_features() -> None:
    bundle = read(ROOT)
    with pytest.raises(BundleError, match=r"model\.onnx: it takes 11 features, the manifest names 10"):
        Scorer(replace(bundle, tables=bundle.tables[1:]))


def test_refuses_what_onnx_runtime_cannot_load() -> None:
    with pytest.raises(BundleError, match=r"model\.onnx: ONNX Runtime cannot load it"):
        Scorer(replace(read(ROOT), model=b"not a model"))
