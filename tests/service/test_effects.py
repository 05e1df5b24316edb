"""A bundle of the recipe `effects` is exported, refreshed and served as any other, by Rust and by Python."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from export import bundle
from export.data.flights import read_flights
from export.graph.linear.classifier import read_linear
from export.learn.tables import matrix


def test_both_lanes_answer_with_the_sum(
    small_csv: Path, tmp_path: Path, run_export: Callable[..., str], servers: Any, check_replies: Callable[..., int]
) -> None:
    run_export("train", "--data", small_csv, "--recipe", "effects", "--out", tmp_path)
    assert "equal to the sum" in run_export("verify", "--bundle", tmp_path, "--data", small_csv)
    run_export("refresh", "--bundle", tmp_path, "--data", small_csv)
    made = bundle.read(tmp_path)
    linear = read_linear(made.model, made.manifest["model"]["level"])
    assert linear
    flights = read_flights(small_csv).take(range(0, 1000, 20))
    level = made.manifest["model"]["level"]
    odds = matrix(made.tables, flights.parts) @ np.array(linear.coefficients) + linear.intercept + level
    asked = [
        {"OPERA": opera, "SIGLADES": siglades, "FECHA_PROGRAMADA": str(when)} for opera, siglades, when in flights.ids
    ]
    for flags in ((), ("--no-native",)):
        server = servers("--bundle", tmp_path, "--workers", 1, *flags)
        replies = [server.post("/predict_delay_probability", flight).json() for flight in asked]
        check_replies(replies, 1 / (1 + np.exp(-odds)), 0.25)
        told = server.post("/explain_delay_probability", asked[0])
        assert told.status_code == 200, told.text
