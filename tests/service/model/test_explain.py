import asyncio
from collections.abc import Callable
from datetime import datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from export import bundle as export_bundle
from export.data.flights import read_flights
from export.graph.verify import random_flights
from export.learn.tables import matrix
from service.api.contract import EXAMPLE
from service.model import bundle as bundles
from service.model.bundle import Table
from service.model.explain import Explainer, TooManyFeatures, coalitions, sentence, shapley_weights
from service.model.keys import PARTS, key_parts
from service.model.scorer import Scorer

ROOT = Path(__file__).resolve().parents[3]
EXPLAIN = "/explain_delay_probability"


@pytest.fixture(scope="module")
def bundle() -> bundles.Bundle:
    return bundles.read(ROOT)


@pytest.fixture(scope="module")
def explain(bundle: bundles.Bundle) -> Callable[[Any], dict[str, Any]]:
    explainer = Explainer(bundle, Scorer(bundle))
    return lambda flight: asyncio.run(explainer(flight))


def test_the_weights_are_those_of_the_definition() -> None:
    """A game of four players: the mean over all orders of what each changes by joining."""
    joined = coalitions(4)
    assert not joined[0].any()
    assert joined[-1].all()
    worth = np.random.default_rng(0).random(16)
    value = {frozenset(np.flatnonzero(row).tolist()): number for row, number in zip(joined, worth, strict=True)}
    expected = np.zeros(4)
    for order in permutations(range(4)):
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            expected[player] += (value[before | {player}] - value[before]) / 24
    assert shapley_weights(joined) @ worth == pytest.approx(expected, abs=1e-15)


def test_contributions_add_up_and_point_where_lightgbms_do(
    explain: Callable[[Any], dict[str, Any]], real_data: Path
) -> None:
    """On 1,000 real flights. LightGBM explains log odds against its training rows: another definition."""
    flights = read_flights(real_data).parts[::68][:1000]
    booster = lgb.Booster(model_file=str(ROOT / "model.txt"))
    rows = matrix(export_bundle.read(ROOT).tables, flights)
    theirs = booster.predict(rows, pred_contrib=True)[:, :-1]
    expected = booster.predict(rows)
    same = 0
    for flight, their, probability in zip(flights, theirs, expected, strict=True):
        told = explain(flight)
        ours = np.array([feature["contribucion"] for feature in told["variables"]])
        assert told["delay_probability"] == pytest.approx(probability, abs=1e-6)
        assert ours.sum() == pytest.approx(told["delay_probability"] - told["probabilidad_promedio"], abs=1e-6)
        largest = np.abs(their).argmax()
        same += np.sign(ours[largest]) == np.sign(their[largest])
    print(f"the same sign as LightGBM's largest on {same} of {len(flights)} flights")
    assert same >= 950


def test_every_flight_can_be_told_in_words(explain: Callable[[Any], dict[str, Any]], bundle: bundles.Bundle) -> None:
    for flight in random_flights(export_bundle.read(ROOT).tables, 30):
        for feature in explain(flight)["variables"]:
            assert feature["frase"].endswith(".")


NBSP = "\N{NO-BREAK SPACE}"
OFTEN = f"de las veces; el promedio es 18{NBSP}%."
WHEN = key_parts("Air Canada", "Calama", datetime(2017, 11, 27, 13))
SENTENCES = [
    (("OPERA",), {"Air Canada": 0.46}, f"Air Canada se atrasa 46{NBSP}% {OFTEN}"),
    (("SIGLADES",), {"Calama": 0.1}, f"Los vuelos a Calama se atrasan 10{NBSP}% {OFTEN}"),
    (("OPERA", "SIGLADES", "hora"), {("Air Canada", "Calama", 13): 0.5},
     f"Air Canada a Calama a las 13 h se atrasa 50{NBSP}% {OFTEN}"),
    (("FECHA", "periodo_dia"), {("2017-11-27", "tarde"): 0.5},
     f"Los vuelos del 27 de noviembre de 2017 por la tarde se atrasaron 50{NBSP}% {OFTEN}"),
    (("FECHA", "OPERA"), {("2017-11-27", "Air Canada"): 0.5},
     f"Air Canada del 27 de noviembre de 2017 se atrasó 50{NBSP}% {OFTEN}"),
    (("MES", "dia_semana"), {(11, 0): 0.5},
     f"Los vuelos en noviembre los lunes se atrasan 50{NBSP}% {OFTEN}"),
    (("DIA", "temporada_alta"), {(27, 0): 0.5},
     f"Los vuelos los días 27 en temporada baja se atrasan 50{NBSP}% {OFTEN}"),
    (("OPERA",), {"Sky": 0.3}, f"Air Canada: no hay datos, se usa 19{NBSP}%."),
    (("hora",), {hour: float(hour) for hour in range(24)}, "Sale a las 13 h."),
    (("dia_semana",), {0: 0.0, 1: 1.0}, "Sale un lunes."),
    (("DIA",), {27: 27.0}, "Sale un día 27."),
]  # fmt: skip


def test_one_o_clock_is_singular() -> None:
    table = Table("x", ("SIGLADES", "hora"), 0.19, {}, 0.18)
    assert sentence(table, ["Lima", 1], 0.5) == f"Los vuelos a Lima a la 1 h se atrasan 50{NBSP}% {OFTEN}"


@pytest.mark.parametrize(("key", "values", "expected"), SENTENCES)
def test_sentences(key: tuple[str, ...], values: dict[Any, float], expected: str) -> None:
    parts = dict(zip(PARTS, WHEN, strict=True))
    table = Table("x", key, 0.19, values, 0.18)
    own = [parts[part] for part in key]
    found = values.get(own[0] if len(own) == 1 else tuple(own))
    assert sentence(table, own, found) == expected


def test_over_http(server: Any) -> None:
    reply = server.post(EXPLAIN, EXAMPLE)
    assert reply.status_code == 200
    told = reply.json()
    assert set(told) == {"delay_probability", "clase", "umbral", "probabilidad_promedio", "variables"}
    assert (
        round(told["delay_probability"], 2)
        == server.post("/predict_delay_probability", EXAMPLE).json()["delay_probability"]
    )
    assert [feature["clave"] for feature in told["variables"]][:5] == [
        "13",
        "0",
        "Sky Airline",
        "Calama",
        "Sky Airline|Calama",
    ]
    assert "x-unknown" not in reply.headers


def test_an_unknown_airline_is_told(server: Any) -> None:
    reply = server.post(EXPLAIN, {**EXAMPLE, "OPERA": "<b>"})
    assert reply.headers["x-unknown"] == "OPERA"
    by_name = {feature["nombre"]: feature for feature in reply.json()["variables"]}
    assert by_name["historical_delay_ratio_OPERA"]["conocida"] is False
    assert by_name["historical_delay_ratio_SIGLADES"]["conocida"] is True


def test_a_wrong_flight_is_the_contracts_error(server: Any) -> None:
    reply = server.post(EXPLAIN, {**EXAMPLE, "OPERA": 3})
    assert reply.status_code == 422
    assert reply.json()["detail"][0]["loc"] == ["body", "OPERA"]


def test_too_many_features_are_told(bundle: bundles.Bundle) -> None:
    from dataclasses import replace

    explainer = Explainer(replace(bundle, tables=bundle.tables[:1] * 15), Scorer(bundle))
    with pytest.raises(TooManyFeatures, match="15 features; up to 14"):
        asyncio.run(explainer(WHEN))


def test_a_bundle_without_averages_is_explained_against_its_defaults(small_bundle: Any, tmp_path: Path) -> None:
    import json
    import shutil

    shutil.copytree(small_bundle.folder, tmp_path / "bundle")
    path = tmp_path / "bundle" / "tables" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    assert [table.average for table in bundles.read(small_bundle.folder).tables] == [
        *manifest["data"]["average"].values()
    ]
    manifest["data"] = None
    path.write_text(json.dumps(manifest))
    assert [table.average for table in bundles.read(tmp_path / "bundle").tables] == [
        feature["default"] for feature in manifest["features"]
    ]


def test_an_explanation_waits_for_the_model_as_flights_do(servers: Callable[..., Any]) -> None:
    reply = servers("--workers", 1, "--max-pending", 0).post(EXPLAIN, EXAMPLE)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")


def test_many_who_ask_at_once_get_the_same(explain: Callable[[Any], dict[str, Any]], bundle: bundles.Bundle) -> None:
    explainer = Explainer(bundle, Scorer(bundle))

    async def ask() -> list[dict[str, Any]]:
        return await asyncio.gather(*(explainer(WHEN) for _ in range(8)))

    assert asyncio.run(ask()) == [explain(WHEN)] * 8
