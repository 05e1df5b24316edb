"""The ends of scored rows, of any probability."""

from pathlib import Path

import numpy as np

from bulk.scoring.results import Results
from service.model import bundle as bundles

ROOT = Path(__file__).resolve().parents[2]


def test_probabilities_have_six_decimals() -> None:
    drawn = np.random.default_rng(3).random(20_000)
    edges = [0, 1, 1e-9, 0.999999, 0.9999999, 0.001, 0.000999, 0.1, 0.5, 0.000001, 0.123]
    probabilities = np.concatenate([edges, drawn, drawn / 1000]).astype(np.float32)
    ends = Results(bundles.read(ROOT)).ends(probabilities, np.zeros(len(probabilities), np.uint8))
    told = [end.as_py().decode().split(",")[1] for end in ends]
    assert told == [f"{each:.6f}" for each in probabilities.tolist()]
