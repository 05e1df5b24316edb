import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from export import bundle as export_bundle
from export.graph.verify import random_flights
from service.api.contract import EXAMPLE
from service.api.errors import refusal
from service.api.flights.explanation import sentence, told
from service.model import bundle as bundles
from service.model.bundle import Table
from service.model.errors import TooManyFeatures
from service.model.explain import Explainer
from service.model.keys import PARTS, key_parts
from service.model.scorer import Scorer

ROOT = Path(__file__).resolve().parents[4]
EXPLAIN = "/explain_delay_probability"


def test_every_flight_can_be_told_in_words() -> None:
    bundle = bundles.read(ROOT)
    explainer = Explainer(bundle.tables, Scorer(bundle))
    for flight in random_flights(export_bundle.read(ROOT).tables, 30):
        for feature in told(asyncio.run(explainer(flight)), flight, bundle.tables, bundle.threshold)["variables"]:
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
    reply_fields = reply.json()
    assert set(reply_fields) == {"delay_probability", "clase", "umbral", "probabilidad_promedio", "variables"}
    assert (
        round(reply_fields["delay_probability"], 2)
        == server.post("/predict_delay_probability", EXAMPLE).json()["delay_probability"]
    )
    assert [feature["clave"] for feature in reply_fields["variables"]][:5] == [
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


def test_too_many_features_are_told() -> None:
    error = refusal(TooManyFeatures(15, 14))
    assert error.status == 501
    assert "15 features; up to 14" in str(error.detail)


def test_too_many_explanations_that_wait_are_shed(servers: Callable[..., Any]) -> None:
    server = servers("--workers", 1, "--max-explain-pending", 1)

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            return await asyncio.gather(*(client.post(EXPLAIN, json=EXAMPLE) for _ in range(50)))

    replies = asyncio.run(ask())
    assert {reply.status_code for reply in replies} == {200, 503}
    assert {reply.headers.get("retry-after") for reply in replies} == {None, "1"}
